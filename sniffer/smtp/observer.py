"""One connection's two heads → the facts of an SMTP or LMTP session that begins in clear."""

from __future__ import annotations

import re

from sniffer.endings import ending_of, is_lost
from sniffer.observation import Attempt, Observation
from sniffer.signbook import SignBook
from sniffer.smtp.auth import auth_used
from sniffer.smtp.blanking import shown_name, shown_reply
from sniffer.smtp.commands import GOES_ON, GREETINGS, UPGRADES
from sniffer.smtp.greetings import greeting_facts
from sniffer.smtp.signs import command_signs, ehlo_signs, greeting_signs
from sniffer.smtp.software import host_of, software_of
from sniffer.smtp.transcript import transcript
from sniffer.smtp.walk import Exchange, Walk, step_shown
from sniffer.sniff_settings import SniffSettings
from sniffer.stream import Connection
from sniffer.tls import HandshakeReader, observe_tls
from sniffer.upgrade import Tongue, find_upgrade, note_upgrade

_SMTP = Tongue(re.compile(rb"\s*(?:[A-Za-z*]{3,12}(?:[ \t][^\n]*)?\r?\n)"), re.compile(rb"[1-5][0-9][0-9][ \-]"))


def observe_smtp(connection: Connection, settings: SniffSettings, handshake: HandshakeReader = observe_tls) -> Observation:
    """Observe a session that is known to be SMTP; ``handshake`` is asked where TLS begins. Never raises."""
    return observe_dialogue(Walk(connection).run(), connection, settings, handshake)


def observe_dialogue(walk: Walk, connection: Connection, settings: SniffSettings, handshake: HandshakeReader) -> Observation:
    """What a dialogue shows; ``handshake`` is asked where TLS begins."""
    book = SignBook(connection, settings)
    greeting_signs(walk, book)
    greeted = greeting_facts(walk, connection)
    if greeted.inferred:
        ehlo_signs(greeted.inferred, book)
    masks = command_signs(walk, book)
    banner = shown_reply(walk.greeting.raw, settings.banner_text, settings.show_addresses) if walk.greeting else None
    seen = Observation(
        banner=banner,
        software=software_of(banner) if banner else None,
        banner_host=host_of(banner) if banner else None,
        helo=shown_name(greeted.helo, settings.helo_text, settings.show_addresses) if greeted.helo else None,
        ehlo=greeted.ehlo,
        offered=greeted.offered,
        masked_offer=greeted.masked,
        requested=_requested(walk, connection, masks.judged or masks.unjudged),
        masked_command=masks.judged,
        masked_unjudged=masks.unjudged,
        attempts=_attempts(walk),
        greeting_open=greeted.open or walk.greeting_out_of_step,
        client_captured=connection.client.captured,
        server_captured=connection.server.captured,
        server_lost=walk.server_missing,
        late_start=not connection.client.from_start and not connection.server.from_start,
        ending=ending_of(connection),
        auth_offered=greeted.auth,
        start=connection.start,
        stop=connection.stop,
    )
    if walk.client_missing:
        _note_loss(seen, walk)
    commands_seen = not seen.client_lost or walk.accepted is not None
    seen.auth_used = auth_used(walk, commands_seen)
    seen.mail_in_clear = _mail_in_clear(walk, commands_seen)
    if walk.accepted or walk.handshake:
        _note_upgrade(seen, walk, connection, book, handshake)
    seen.signs = book.signs()
    seen.dialogue = transcript(walk, connection, settings)
    return seen


def _attempts(walk: Walk) -> tuple[Attempt, ...]:
    """Every STARTTLS in order; one that was not captured is known by its 220."""
    found = [_attempt(exchange, walk) for exchange in walk.exchanges if exchange.verb in UPGRADES]
    if walk.accepted and not (found and found[-1].accepted):
        found.append(Attempt(True, walk.accepted.code, True))
    return tuple(found)


def _attempt(exchange: Exchange, walk: Walk) -> Attempt:
    reply = exchange.reply
    well_formed = exchange.verb != "STARTTLS" or not exchange.argument
    if reply is None:
        return Attempt(well_formed)
    return Attempt(well_formed, reply.code, reply is walk.accepted, walk.is_turned_down(exchange))


def _requested(walk: Walk, connection: Connection, masked: bool) -> bool | None:
    if masked or walk.accepted or any(exchange.verb in UPGRADES for exchange in walk.exchanges):
        return True
    return False if connection.client.captured else None


def _note_loss(seen: Observation, walk: Walk) -> None:
    """Loss of the client's bytes matters only before it showed that it goes on in clear."""
    if not seen.client_captured:
        # replies alone show mail taken in clear, if none of them refused anything before it
        codes = [reply.code for reply in walk.tail]
        went_on = 354 in codes and all(code < 400 for code in codes[: codes.index(354)])
        seen.client_lost = seen.client_lost_before_mail = not went_on
        return
    if any(reply.refused or reply.code == 220 for reply in walk.prelude):
        # commands before the capture's first one were answered so, and one of them may have been STARTTLS
        seen.client_lost = seen.client_lost_before_mail = True
        return
    client = walk.connection.client
    greeted = any(exchange.verb in GREETINGS for exchange in walk.exchanges)
    if not client.from_start and not greeted and (is_lost(walk.connection.server) or _refused_out_of_step(walk.exchanges)):
        # a refused STARTTLS may have been lost on both sides, or its refusal taken for another command's
        seen.client_lost = seen.client_lost_before_mail = True
        return
    after = _after_last_greeting(walk.exchanges)
    seen.client_lost = not any(exchange.verb in GOES_ON and exchange.known for exchange in after)
    seen.client_lost_before_mail = not any(map(_went_on, after))


def _refused_out_of_step(exchanges: list[Exchange]) -> bool:
    """A refusal stands among replies that may answer other commands."""
    return step_shown(exchanges) is None and any(exchange.reply.refused for exchange in exchanges if exchange.reply)


def _after_last_greeting(exchanges: list[Exchange]) -> list[Exchange]:
    last = max((place for place, exchange in enumerate(exchanges) if exchange.verb in GREETINGS), default=-1)
    return exchanges[last + 1 :]


def _went_on(exchange: Exchange) -> bool:
    """The server took mail in clear, or the client took its leave."""
    if exchange.verb == "QUIT":
        return exchange.known
    reply = exchange.reply
    return reply is not None and ((exchange.verb in ("MAIL", "BDAT") and reply.ok) or (exchange.verb == "DATA" and reply.code == 354))


def _mail_in_clear(walk: Walk, commands_seen: bool) -> bool | None:
    if walk.message_sent or any(reply.code == 354 for reply in walk.tail):
        return True
    return False if commands_seen and not walk.prelude else None


def _note_upgrade(seen: Observation, walk: Walk, connection: Connection, book: SignBook, handshake: HandshakeReader) -> None:
    begins = walk.client_position, walk.server_position
    upgrade = find_upgrade(connection.client.data, begins[0], connection.server.data, begins[1], _SMTP)
    note_upgrade(seen, upgrade, connection, begins, walk.client_missing, book, handshake)
