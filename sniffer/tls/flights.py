"""What each side sent of a handshake that others will send too, all but what is random or doesn't matter.

Nearly all handshakes at a gateway are of the same few kinds of software. One that was seen to its end is kept as the
bytes that have to be the same; a further one is compared with these instead of being taken apart. Variable are the
random, session id, key shares, tickets, signatures and encrypted content, and the name and the certificates
(``Flight.own``); everything else has to be the same, the lengths of records and messages too. Nothing behind a flight's
end matters (``TlsFacts.settled``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import msgspec

from sniffer.tls.client_hello import KEY_SHARE, PRE_SHARED_KEY, SERVER_NAME, SESSION_TICKET
from sniffer.tls.codes import (
    APPLICATION_DATA,
    CERTIFICATE,
    CHANGE_CIPHER_SPEC,
    CLIENT_HELLO,
    HANDSHAKE,
    SERVER_HELLO,
    SERVER_KEY_EXCHANGE,
)
from sniffer.tls.extensions import read_extensions, vector8, vector16
from sniffer.tls.records import MAX_RECORD, messages

LONGEST = 8192
"""Bytes that have to be the same in one flight that is kept."""
_KEPT = 1024
_KEPT_OF_A_MARK = 16
_RECORD, _MESSAGE, _EXTENSION = 5, 4, 4
"""Bytes of a record's header, of a handshake message's and of an extension's."""
RANDOM_AT = 11
"""Where a flight's random stands: behind both headers and the version."""
_SESSION = RANDOM_AT + 32
_MARK = 12
"""Bytes behind the session id that tell many flights apart, and are never random."""
_CLIENTS_OWN = {SERVER_NAME: 0, SESSION_TICKET: 0, PRE_SHARED_KEY: 0, KEY_SHARE: 0}
"""Extensions that differ from one hello of a client to the next, and how many of their first bytes don't."""
_SERVERS_OWN = {KEY_SHARE: 2}
"""The group that stands before the key is the server's choice."""
_CURVE = 3
"""Bytes of a ServerKeyExchange that name the curve."""
_KIND = 3
"""Bytes of a record's header that say what it is."""
_numbers = count(1)
Span = tuple[int, int]
Message = tuple[int, bytes, int]
"""Kind, body, and where that begins."""


class Flight(msgspec.Struct, frozen=True, gc=False):
    """Offsets are those from the flight's first byte."""

    number: int
    """Given once in a process."""
    size: int
    encrypted: int
    """Kind of the record at its end: Finished in TLS ≤ 1.2, application data in 1.3."""
    fixed: tuple[tuple[int, bytes], ...]
    """Where the bytes stand that have to be the same, and what they are."""
    own: Span
    """Where that stands of which the session's facts depend, though it varies: the content of a client's server_name
    extension, a server's Certificate message without its header. Empty where there is none."""


class Flights:
    """The flights of one side that were met so far."""

    def __init__(self, flight_of: Callable[[bytes, int], Flight | None]) -> None:
        self._flight_of = flight_of
        self._known: dict[bytes, list[Flight]] = {}
        self._count = 0

    def find(self, data: bytes, start: int) -> Flight | None:
        """The flight that begins at ``start``, if one like it was met."""
        for flight in self._known.get(_mark(data, start), ()):
            for at, fixed in flight.fixed:
                if not data.startswith(fixed, start + at):
                    break
            else:
                return flight if start + flight.size <= len(data) else None
        return None

    def learn(self, data: bytes, start: int) -> Flight | None:
        """Keep the flight of a handshake that is settled; None for one that is told apart by no bytes, or by too many."""
        flight = self._flight_of(data, start)
        if flight is None:
            return None
        if self._count >= _KEPT:
            self._known.clear()
            self._count = 0
        alike = self._known.setdefault(_mark(data, start), [])
        if len(alike) >= _KEPT_OF_A_MARK:
            self._count -= len(alike)
            alike.clear()
        alike.append(flight)
        self._count += 1
        return flight


def _mark(data: bytes, start: int) -> bytes:
    """The lengths of record and message, and what stands behind the session id: mostly suites."""
    at = start + _SESSION
    if at < len(data):
        at += 1 + data[at]
    return data[start + 3 : start + 9] + data[at : at + _MARK]


def client_flight(data: bytes, start: int) -> Flight | None:
    """A client's flight up to its Finished: the first record that is encrypted. None where it isn't there, or of another
    form than usual."""
    records = _records(data, start)
    if records is None or records[-1][2] > len(data):
        return None
    begin, end = records[0][1:]
    hello = next(_messages(data[:end], begin), None)
    spans = _hello_spans(*hello, CLIENT_HELLO, _CLIENTS_OWN) if hello else None
    if spans is None:
        return None
    varied, name = spans
    varied += [record[1:] for record in records[1:]]
    return _flight(data, start, records[-1][2], records[-1][0], varied, name or (start, start))


def server_flight(data: bytes, start: int) -> Flight | None:
    """A server's flight up to its Finished (TLS ≤ 1.2) or the kind of its first encrypted record (1.3). None as
    ``client_flight``."""
    records = _records(data, start)
    if records is None:
        return None
    *clear, (kind, begin, end) = records
    varied: list[Span] = []
    own = start, start
    for number, record in enumerate(clear):
        found = _message_spans(data, *record, number == 0)
        if found is None:
            return None
        varied += found[0]
        own = found[1] or own
    if kind == HANDSHAKE:
        if end > len(data):
            return None
        varied.append((begin, end))
    else:
        end = begin - _RECORD + _KIND
    return _flight(data, start, end, kind, varied, own)


def _records(data: bytes, start: int) -> list[tuple[int, int, int]] | None:
    """(kind, where the content begins, where it ends) of the records up to the first encrypted one, which alone may be
    cut; None where anything else stands between."""
    found: list[tuple[int, int, int]] = []
    position, in_clear = start, True
    while position + _RECORD <= len(data):
        kind, length = data[position], data[position + 3] << 8 | data[position + 4]
        begin = position + _RECORD
        position = begin + length
        if kind not in (HANDSHAKE, CHANGE_CIPHER_SPEC, APPLICATION_DATA) or data[begin - 4] != 3 or not 0 < length <= MAX_RECORD:
            return None
        found.append((kind, begin, position))
        if kind == APPLICATION_DATA or (kind == HANDSHAKE and not in_clear):
            return found if len(found) > 1 else None
        if position > len(data):
            return None
        in_clear = in_clear and kind == HANDSHAKE
    return None


def _messages(data: bytes, begin: int) -> Iterator[Message]:
    """The whole handshake messages from ``begin`` on, and where their bodies are."""
    for kind, body in messages(data[begin:]):
        begin += _MESSAGE
        yield kind, body, begin
        begin += len(body)


def _hello_spans(kind: int, body: bytes, at: int, wanted: int, own: dict[int, int]) -> tuple[list[Span], Span | None] | None:
    """What varies in a hello whose body stands ``at`` there, and where its server_name is; None when it is no hello, or its
    extensions don't fill it."""
    session = vector8(body, 34) if kind == wanted else None
    if session is None:
        return None
    position = 35 + len(session)
    varied: list[Span] = [(at + 2, at + 34), (at + 35, at + position)]
    name: Span | None = None
    if wanted == CLIENT_HELLO:
        ciphers = vector16(body, position)
        compressions = None if ciphers is None else vector8(body, position + 2 + len(ciphers))
        if ciphers is None or compressions is None:
            return None
        position += 3 + len(ciphers) + len(compressions)
    else:
        position += 3
    extensions, whole = read_extensions(body, position)
    if not whole:
        return None
    end = at + position + 2
    for extension, content in extensions:
        begin, end = end + _EXTENSION, end + _EXTENSION + len(content)
        if extension in own:
            varied.append((min(begin + own[extension], end), end))
            if extension == SERVER_NAME:
                name = begin, end
    return varied, name


def _message_spans(data: bytes, kind: int, begin: int, end: int, first: bool) -> tuple[list[Span], Span | None] | None:
    """What varies in a server's record in clear, and the content of a Certificate message in it; None when a message goes
    on in the next one, or the hello isn't the ``first`` record's first."""
    if kind != HANDSHAKE:
        return None if first else ([(begin, end)], None)
    varied: list[Span] = []
    chain: Span | None = None
    reached = begin
    for message, body, at in _messages(data[:end], begin):
        reached = at + len(body)
        if first or message == SERVER_HELLO:
            hello = _hello_spans(message, body, at, SERVER_HELLO, _SERVERS_OWN) if first else None
            if hello is None:
                return None
            varied += hello[0]
        elif message == SERVER_KEY_EXCHANGE:
            varied.append((min(at + _CURVE, reached), reached))
        else:
            varied.append((at, reached))
            chain = varied[-1] if message == CERTIFICATE else chain
        first = False
    return (varied, chain) if reached == end else None


def _flight(data: bytes, start: int, stop: int, kind: int, varied: list[Span], own: Span) -> Flight | None:
    fixed = tuple((begin - start, data[begin:end]) for begin, end in _between(start, stop, varied))
    if sum(len(piece) for _, piece in fixed) + own[1] - own[0] > LONGEST:
        return None
    return Flight(next(_numbers), stop - start, kind, fixed, (own[0] - start, own[1] - start))


def _between(start: int, stop: int, varied: list[Span]) -> Iterator[Span]:
    """What lies between the spans, which are in order."""
    for begin, end in varied:
        if begin < end:
            if start < begin:
                yield start, begin
            start = end
    if start < stop:
        yield start, stop
