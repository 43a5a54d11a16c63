"""A paired POP3 or IMAP dialogue → the facts of a session that begins in clear."""

from __future__ import annotations

import re

from sniffer.access.dialogue import Dialogue, Exchange
from sniffer.access.signs import command_signs, greeting_signs, list_signs
from sniffer.access.transcript import transcript
from sniffer.access.words import Words
from sniffer.endings import ending_of
from sniffer.observation import Attempt, Observation
from sniffer.signbook import SignBook
from sniffer.smtp.blanking import shown_reply
from sniffer.smtp.software import host_of, software_of
from sniffer.sniff_settings import SniffSettings
from sniffer.tls import HandshakeReader
from sniffer.upgrade import find_upgrade, note_upgrade

_STATUS = re.compile(r"\A(?:\+OK|-ERR|\* [A-Z]+)(?: +\[[^\]]*\])? *", re.IGNORECASE)


def observe_access(walk: Dialogue, words: Words, settings: SniffSettings, handshake: HandshakeReader) -> Observation:
    """What a dialogue shows; ``handshake`` is asked where TLS begins."""
    connection = walk.connection
    book = SignBook(connection, settings)
    greeting_signs(walk, book)
    for found in walk.lists:
        list_signs(found, book)
    masks = command_signs(walk, words, book)
    banner = shown_reply(walk.greeting.status, settings.banner_text, settings.show_addresses) if walk.greeting else None
    offered = _offered(walk, words)
    seen = Observation(
        protocol=words.protocol,
        banner=banner,
        software=software_of(banner) if banner else None,
        banner_host=_host(walk.greeting.status) if walk.greeting else None,
        ehlo=True if walk.lists else False if offered is False else None,
        offered=offered,
        masked_offer=offered is False and any(found.masked for found in walk.lists),
        requested=_requested(walk, words, masks.judged or masks.unjudged),
        masked_command=masks.judged,
        masked_unjudged=masks.unjudged,
        attempts=_attempts(walk, words),
        greeting_open=walk.list_awaited and walk.server_missing and not (walk.cut_list and walk.cut_list.upgrade),
        client_captured=connection.client.captured,
        server_captured=connection.server.captured,
        server_lost=walk.server_missing,
        late_start=not connection.client.from_start and not connection.server.from_start,
        ending=ending_of(connection),
        auth_offered=_auth_offered(walk),
        start=connection.start,
        stop=connection.stop,
    )
    _note_loss(seen, walk, words)
    commands_seen = not seen.client_lost or walk.accepted is not None
    seen.auth_used = _auth_used(walk, words, commands_seen)
    seen.mail_in_clear = _mail_in_clear(walk)
    if walk.accepted or walk.handshake:
        begins = walk.client_position, walk.server_position
        upgrade = find_upgrade(connection.client.data, begins[0], connection.server.data, begins[1], words.tongue)
        note_upgrade(seen, upgrade, connection, begins, walk.client_missing, book, handshake)
    seen.signs = book.signs()
    seen.dialogue = transcript(walk, words, settings)
    return seen


def _host(greeting: bytes) -> str | None:
    """Many servers name themselves first, behind the status and its code in brackets."""
    text = _STATUS.sub("", greeting.decode("utf-8", "replace"), count=1)
    return host_of(f"220 {text.strip()}")


def _offered(walk: Dialogue, words: Words) -> bool | None:
    """A client that never asks for the list, and logs in all the same, is offered nothing: as after HELO alone."""
    if any(found.upgrade for found in walk.lists) or (walk.cut_list and walk.cut_list.upgrade):
        return True
    if walk.lists:
        return False
    if walk.list_awaited or walk.late:
        return None
    answered = any(exchange.answer and (exchange.verb in words.logins or exchange.verb == "(auth)") for exchange in walk.exchanges)
    return False if answered or walk.preauthenticated else None


def _attempts(walk: Dialogue, words: Words) -> tuple[Attempt, ...]:
    found = [_attempt(exchange, walk) for exchange in walk.exchanges[: walk.logged_in_at] if exchange.verb == words.upgrade]
    if walk.accepted and not (found and found[-1].accepted):
        found.append(Attempt(True, accepted=True))
    return tuple(found)


def _attempt(exchange: Exchange, walk: Dialogue) -> Attempt:
    answer = exchange.answer
    accepted = answer is not None and answer is walk.accepted
    return Attempt(not exchange.argument, accepted=accepted, refused=answer is not None and answer.refused)


def _requested(walk: Dialogue, words: Words, masked: bool) -> bool | None:
    if masked or walk.accepted or any(exchange.verb == words.upgrade for exchange in walk.exchanges):
        return True
    return False if walk.connection.client.captured else None


def _auth_offered(walk: Dialogue) -> bool | None:
    if any(found.auth for found in walk.lists) or (walk.cut_list and walk.cut_list.auth):
        return True
    return False if walk.lists else None


def _auth_used(walk: Dialogue, words: Words, seen_whole: bool) -> bool | None:
    """True once credentials, or an answer to a challenge, went over."""
    for exchange in walk.exchanges:
        if exchange.verb == "(auth)" and exchange.line.strip() not in (b"", b"*"):
            return True
        if exchange.verb in words.credentials and exchange.verb != "USER" and exchange.argument:
            return True
        if exchange.verb in words.challenged and (
            b" " in exchange.argument or (exchange.argument and exchange.answer and exchange.answer.ok)
        ):
            return True
    return False if seen_whole else None


def _mail_in_clear(walk: Dialogue) -> bool | None:
    if walk.message_sent:
        return True
    if walk.accepted:
        return False
    return None if walk.client_missing or walk.server_missing else False


def _note_loss(seen: Observation, walk: Dialogue, words: Words) -> None:
    """What is missing matters only before the client showed that it goes on in clear."""
    shown = [exchange for exchange in walk.exchanges if exchange.known]
    farewell = any(exchange.verb == words.farewell for exchange in shown)
    if walk.client_missing:
        seen.client_lost = not (farewell or any(exchange.verb in words.logins for exchange in shown))
    seen.client_lost_before_mail = walk.late or (walk.client_missing and not farewell and walk.logged_in_at is None)
