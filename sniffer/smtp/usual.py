"""The usual sessions, told by one look at each side.

Nearly all sessions go EHLO, STARTTLS, TLS, or EHLO, MAIL, RCPT, DATA, QUIT, and every reply is a plain yes. What the
walk and the observer would say of these, step by step, is known beforehand. Whatever isn't exactly of this form is left
to them; that both say the same is tested on samples, damaged captures and generated dialogues (test_usual.py).
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from sniffer.endings import ending_of, is_lost
from sniffer.observation import Attempt, Observation, Sign, Turn, time_at
from sniffer.signbook import SignBook
from sniffer.smtp.blanking import shown_command, shown_name, shown_reply
from sniffer.smtp.ehlo import EhloOffers, ehlo_offers
from sniffer.smtp.masks import is_masked_banner
from sniffer.smtp.replies import Reply
from sniffer.smtp.signs import ehlo_signs
from sniffer.smtp.software import host_of, software_of
from sniffer.sniff_settings import SniffSettings
from sniffer.stream import Connection, StreamHead
from sniffer.times import rfc3339
from sniffer.tls import TlsFacts, observe_tls

_HELO = rb"(?i:EHLO) ([!-~]+)\r\n"
_ASKED = re.compile(_HELO + rb"(?i:STARTTLS)\r\n(?=\x16\x03[\x00-\x04])")
_SENT = re.compile(_HELO + rb"(MAIL FROM:[ -~]*\r\n)((?:RCPT TO:[ -~]*\r\n){1,20})DATA\r\n")
_ANSWERED = rb"((?:220-[^\n]*\n)*220 [^\n]*\n)((?:250-[^\n]*\n)*250 [^\n]*\n)"
_ACCEPTED = re.compile(_ANSWERED + rb"(220 [^\n]*\n)")
_TAKEN = re.compile(_ANSWERED + rb"(25\d [^\n]*\n)((?:25\d [^\n]*\n)+)(354 [^\n]*\n)(25\d [^\n]*\n)(221 [^\n]*\n)?")
_LINES = re.compile(rb"[^\n]*\n")
_NOTHING_OR_RECORD = frozenset((b"", b"\x14\x03", b"\x15\x03", b"\x16\x03", b"\x17\x03"))
_DATA = b"DATA\r"
_ATTEMPTS = (Attempt(True, 220, True),)
_MOST_TURNS = 48
"""More than the turns of any of these sessions."""


class _Greeting(msgspec.Struct, frozen=True, gc=False):
    banner: str
    software: str | None
    host: str | None
    shown: str
    masked: bool


@lru_cache(8192)
def _greeting(raw: bytes, settings: SniffSettings) -> _Greeting:
    banner = shown_reply(raw, settings.banner_text, settings.show_addresses)
    shown = shown_reply(raw, settings.dialogue_text, settings.show_addresses)
    return _Greeting(banner, software_of(banner), host_of(banner), shown, is_masked_banner(raw[4:].strip()))


def observe_begun(connection: Connection, settings: SniffSettings) -> Observation | None:
    """The facts of a usual session with TLS of which only a beginning is at hand; None when more may be needed."""
    if connection.server_port not in settings.smtp_ports or "smtp" not in settings.protocols or settings.dialogue_entries < _MOST_TURNS:
        return None
    asked = _ASKED.match(connection.client.data)
    answered = _ACCEPTED.match(connection.server.data) if asked else None
    seen = _upgraded(connection, asked, answered, settings) if asked and answered else None
    return seen if seen and seen.tls and seen.tls.settled else None


def observe_usual(connection: Connection, settings: SniffSettings) -> Observation | None:
    """The facts of a usual session that is known to be SMTP; None when it is not one."""
    client, server = connection.client, connection.server
    if not (client.from_start and server.from_start and client.captured and server.captured) or settings.dialogue_entries < _MOST_TURNS:
        return None
    asked = _ASKED.match(client.data)
    if asked:
        answered = _ACCEPTED.match(server.data)
        return _upgraded(connection, asked, answered, settings) if answered else None
    sent = _SENT.match(client.data)
    taken = _TAKEN.match(server.data) if sent else None
    return _in_clear(connection, sent, taken, settings) if sent and taken else None


def _upgraded(connection: Connection, asked: re.Match[bytes], answered: re.Match[bytes], settings: SniffSettings) -> Observation | None:
    """EHLO, STARTTLS, and a handshake right behind both."""
    client, server = connection.client, connection.server
    begins, replied = asked.end(), answered.end()
    raw, ehlo, accept = answered.groups()
    greeting, offers = _greeting(raw, settings), ehlo_offers(ehlo)
    if greeting.masked or server.data[replied : replied + 2] not in _NOTHING_OR_RECORD:
        return None
    client_lost, server_lost = is_lost(client), is_lost(server)
    tls = observe_tls(client.data, begins, server.data, replied, client_lost, server_lost)
    limit, show, start = settings.dialogue_text, settings.show_addresses, connection.start
    line = asked.end(1) + 1
    return Observation(
        banner=greeting.banner,
        software=greeting.software,
        banner_host=greeting.host,
        helo=shown_name(asked[1], settings.helo_text, settings.show_addresses),
        ehlo=True,
        offered=offers.starttls,
        requested=True,
        masked_offer=bool(offers.masked) and not offers.starttls,
        attempts=_ATTEMPTS,
        client_lost=client_lost,
        client_lost_before_mail=client_lost,
        server_lost=server_lost,
        ending=ending_of(connection),
        auth_offered=offers.auth,
        auth_used=False,
        mail_in_clear=False,
        tls=tls,
        signs=_signs(connection, offers, answered, settings, tls) if tls.signs or offers.masked or offers.words else (),
        dialogue=(
            Turn(_time(server, 0, start), "server", greeting.shown),
            Turn(_time(client, 0, start), "client", shown_command("EHLO", client.data[:line], True, limit, show)),
            Turn(_time(server, len(raw), start), "server", shown_reply(ehlo, limit, show)),
            Turn(
                _time(client, line + 1, start), "client", shown_command("STARTTLS", client.data[line + 1 : begins - 1], True, limit, show)
            ),
            Turn(_time(server, replied - len(accept), start), "server", shown_reply(accept, limit, show)),
        ),
        start=start,
        stop=connection.stop,
    )


def _in_clear(connection: Connection, sent: re.Match[bytes], taken: re.Match[bytes], settings: SniffSettings) -> Observation | None:
    """EHLO, one message, and perhaps QUIT, all of it taken and nothing lost but what is above the head's limit."""
    client, server = connection.client, connection.server
    if client.end == "gap" or is_lost(server) or taken.end() != len(server.data):
        return None
    longer = client.end == "limit"
    if not (_is_message_begun if longer else _is_message)(client.data, sent.end(), taken[7] is not None):
        return None
    greeting, offers = _greeting(taken[1], settings), ehlo_offers(taken[2])
    commands = _commands(sent)
    replies = [taken[2], taken[3], *_LINES.findall(taken[4]), taken[5]]
    if greeting.masked or len(commands) != len(replies):
        return None
    return Observation(
        banner=greeting.banner,
        software=greeting.software,
        banner_host=greeting.host,
        helo=shown_name(sent[1], settings.helo_text, settings.show_addresses),
        ehlo=True,
        offered=offers.starttls,
        requested=False,
        masked_offer=bool(offers.masked) and not offers.starttls,
        ending=ending_of(connection),
        auth_offered=offers.auth,
        auth_used=False,
        mail_in_clear=True,
        signs=_signs(connection, offers, taken, settings) if offers.masked or offers.words else (),
        dialogue=_dialogue(connection, greeting, len(taken[1]), commands, replies, settings),
        start=connection.start,
        stop=connection.stop,
    )


def _is_message(data: bytes, start: int, farewell: bool) -> bool:
    """True when a message begins at ``start``, and nothing but a QUIT, if there was one, stands behind its dot."""
    if data.startswith((b".\r\n", b".\n"), start):
        return False
    dot = data.find(b"\r\n.\r\n", start)
    return dot >= 0 and data[dot + 5 :] == (b"QUIT\r\n" if farewell else b"")


def _is_message_begun(data: bytes, start: int, _: bool) -> bool:
    """True when a message begins at ``start`` and no line of it may be its end."""
    return (
        start < len(data)
        and not data.startswith((b".\r\n", b".\n"), start)
        and max(data.find(b"\n.\r\n", start), data.find(b"\n.\n", start)) < 0
    )


def _commands(sent: re.Match[bytes]) -> list[tuple[str, bytes]]:
    """Verb and line, without its line feed, of each command up to DATA."""
    recipients = [("RCPT", line) for line in sent[3].split(b"\n")[:-1]]
    return [("EHLO", sent.string[: sent.end(1) + 1]), ("MAIL", sent[2][:-1]), *recipients, ("DATA", _DATA)]


def _dialogue(
    connection: Connection,
    greeting: _Greeting,
    replied: int,
    commands: list[tuple[str, bytes]],
    replies: list[bytes],
    settings: SniffSettings,
) -> tuple[Turn, ...]:
    client, server, start = connection.client, connection.server, connection.start
    limit, show = settings.dialogue_text, settings.show_addresses
    turns = [Turn(_time(server, 0, start), "server", greeting.shown)]
    said = 0
    for (verb, line), reply in zip(commands, replies, strict=True):
        turns.append(Turn(_time(client, said, start), "client", shown_command(verb, line, True, limit, show)))
        turns.append(Turn(_time(server, replied, start), "server", shown_reply(reply, limit, show)))
        said += len(line) + 1
        replied += len(reply)
    return tuple(turns)


def _signs(
    connection: Connection, offers: EhloOffers, answered: re.Match[bytes], settings: SniffSettings, tls: TlsFacts | None = None
) -> tuple[Sign, ...]:
    book = SignBook(connection, settings)
    if offers.masked or offers.words:
        ehlo_signs(Reply(250, answered[2], answered.start(2), answered.end(2)), book)
    if tls:
        book.add_tls(tls)
    return book.signs()


def _time(head: StreamHead, offset: int, start: int) -> str:
    return rfc3339(time_at(head, offset, start))
