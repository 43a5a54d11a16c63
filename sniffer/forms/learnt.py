"""Learning a form: a session of given words is observed and judged in the ordinary way, with a mark in each place.

The marks are words that occur nowhere, and for each line a time of its own, by which the times in the record say whose
they are.
"""

from __future__ import annotations

import re
import secrets
from itertools import accumulate
from operator import itemgetter

from sniffer.forms.form import Form
from sniffer.forms.said import Words, line_starts
from sniffer.implicit import observe_implicit
from sniffer.record import smtp_object
from sniffer.smtp.observer import observe_dialogue
from sniffer.smtp.walk import Walk
from sniffer.sniff_settings import SniffSettings
from sniffer.stream import Connection, StreamHead
from sniffer.tls import TlsFacts
from sniffer.verdict import judge

_MICROSECOND = 1000
_SERVERS_SECOND = 1_000_000
"""A mark's time is its offset in microseconds, the server's a second later."""
_NOBODYS = 2_000_000_000
_TIME = re.compile(r'"at":"1970-01-01T00:00:0([012])\.(\d{6})Z"')
_RANDOM = secrets.token_hex(8)
_NAME, _PARAMETER, _SIZE = f"{_RANDOM}n", f"{_RANDOM}p", f"{10**11 + secrets.randbelow(9 * 10**11)}"
_GREETING, _LISTED, _NAMED = f"220 {_RANDOM}g", f"250-{_RANDOM}l", f"250 {_RANDOM}l"
_OWN = {_NAME: 0, f" BODY={_PARAMETER}": 1, _SIZE: 2, _GREETING: 3, f'"banner":"{_GREETING}"': 4, _LISTED: 5, _NAMED: 5}
"""Where each of a session's own words stands among the values that fill a form."""
_MARKS = re.compile("|".join(sorted(_OWN)) + f"|[235][0-9][0-9] {_RANDOM}r([0-9]+)r")
_ONCE = {3, 4, 5}
_HANDSHAKE = b"\x16\x03\x01"
_SETTLED = TlsFacts(established=True)


def learn(words: Words, settings: SniffSettings) -> Form | None:
    """The form of these words; None when what they say isn't shown just as the places expect."""
    text = _client_text(words)
    named = _LISTED if words.lists else _NAMED
    parts = [f"{_GREETING}\r\n".encode(), f"{named}\r\n".encode(), words.server, *_replies(words)]
    begins: list[tuple[int, int]] = []

    def handshake(client: bytes, client_start: int, server: bytes, server_start: int, client_lost: bool, server_lost: bool) -> TlsFacts:
        begins.append((client_start, server_start))
        return _SETTLED

    connection = _marked(words, text, b"".join(parts))
    walk = Walk(connection).run()
    seen = observe_dialogue(walk, connection, settings, handshake)
    *starts, end = accumulate(map(len, parts), initial=0)
    if begins != ([] if words.recipients else [(len(text), end)]) or _answers(walk, words) != starts[3:]:
        return None
    if seen.signs and settings.own_networks:  # whose device it was depends on the addresses
        return None
    return _with_places(smtp_object(seen, judge(seen)), line_starts(text), starts, len(words.server))


def _answers(walk: Walk, words: Words) -> list[int]:
    """Where the replies begin that the walk gives to what is answered by the session's own replies."""
    verbs = ("MAIL", "RCPT", "DATA", "BDAT") if words.recipients else ("STARTTLS",)
    return [exchange.reply.at if exchange.reply else -1 for exchange in walk.exchanges if exchange.verb in verbs]


def _client_text(words: Words) -> bytes:
    greeting = words.greeting + f" {_NAME}\r\n".encode() + words.asked
    if not words.recipients:
        return greeting
    sender = b"" if words.null_sender else b"a@b.example"
    mail = b"MAIL FROM:<" + sender + f"> BODY={_PARAMETER}\r\n".encode()
    message = f"BDAT {_SIZE} LAST\r\n" if words.chunk else "DATA\r\n"
    return greeting + mail + b"RCPT TO:<c@d.example>\r\n" * words.recipients + message.encode()


def _replies(words: Words) -> list[bytes]:
    codes = ["250"] * (1 + words.recipients) + ["250" if words.chunk else "354"] if words.recipients else ["220"]
    return [f"{code} {_RANDOM}r{number}r\r\n".encode() for number, code in enumerate(codes)]


def _marked(words: Words, text: bytes, server: bytes) -> Connection:
    client = text + (b"x\r\n.\r\n" if words.recipients else _HANDSHAKE)
    if not words.chunk:
        server += b"250 ok\r\n" if words.recipients else _HANDSHAKE
    heads = _marked_lines(client, 0), _marked_lines(server, _SERVERS_SECOND)
    return Connection("192.0.2.1", 40000, "192.0.2.2", 25, 1 << 60, 1 << 60, *heads)


def _marked_lines(data: bytes, second: int) -> StreamHead:
    """Each line's beginning has a time of its own, and what follows in the line another, which is nobody's."""
    marks = [mark for at in line_starts(data) for mark in ((at, (second + at) * _MICROSECOND), (at + 1, _NOBODYS))]
    return StreamHead(data, tuple(marks), True, "open", len(data), 1)


def _implicit() -> str:
    hello = StreamHead(_HANDSHAKE, ((0, 0),), True, "open", len(_HANDSHAKE), 1)
    connection = Connection("192.0.2.1", 40000, "192.0.2.2", 465, 0, 0, hello, hello)
    seen = observe_implicit(connection, "smtp", 0, SniffSettings(), lambda *_: _SETTLED)
    return smtp_object(seen, judge(seen))


IMPLICIT = _implicit()
"""The object of a session with TLS from the first byte: it has no places."""
Place = tuple[str, int]


def _with_places(text: str, lines: list[int], parts: list[int], size: int) -> Form | None:
    """The text with its places open; None when a time in it belongs to no line's beginning, or what the server says in
    its own words isn't shown just once. ``lines``, ``parts``: where the client's lines and the server's parts begin;
    ``size``: bytes of ``Words.server``."""
    order: list[Place] = []
    pieces = _TIME.split(text.replace("%", "%%"))
    opened = [_opened(pieces[0], order)]
    for side, at, piece in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
        place = _place_of(side, int(at), lines, parts, size)
        if place is None:
            return None
        order.append(place)
        opened += ['"at":"%s"', _opened(piece, order)]
    replies = [("reply", number) for number in range(len(parts) - 3)]
    if any(order.count(place) != 1 for place in (*replies, *(("own", number) for number in _ONCE))):
        return None
    client, server = _those("line", order), _those("server", order)
    values: list[Place] = [("own", number) for number in range(6)] + replies + client
    values += [("part", 0), ("part", 1), *server, *(("part", number) for number in range(3, len(parts)))]
    places = {value: number for number, value in enumerate(values)}
    picked = itemgetter(*(places[value] for value in order))
    return Form("".join(opened), tuple(line for _, line in client), tuple(offset for _, offset in server), picked)


def _place_of(side: str, offset: int, lines: list[int], parts: list[int], size: int) -> Place | None:
    if side == "0":
        return ("line", lines.index(offset)) if offset in lines else None
    if side != "1":
        return None
    if parts[2] <= offset < parts[2] + size:
        return "server", offset - parts[2]
    # where the words are empty, the reply behind them begins at the same place
    return ("part", len(parts) - 1 - parts[::-1].index(offset)) if offset in parts else None


def _those(what: str, order: list[Place]) -> list[Place]:
    return sorted({place for place in order if place[0] == what})


def _opened(text: str, order: list[Place]) -> str:
    """A piece of the text with the places of the session's own words open."""
    if _RANDOM not in text and _SIZE not in text:
        return text

    def place(match: re.Match[str]) -> str:
        order.append(("reply", int(match[1])) if match[1] else ("own", _OWN[match[0]]))
        return "%s"

    return _MARKS.sub(place, text)
