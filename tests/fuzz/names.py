"""Port 53: UDP datagrams beside a session, and whatever they tell of its server, in one window or in many."""

from __future__ import annotations

import io
import random
import struct
from collections.abc import Hashable, Iterator
from dataclasses import replace

import dns.message
import dns.rrset

from sniffer.dns.facts import MxFacts
from sniffer.engine import read_connections
from sniffer.settings import EngineSettings
from sniffer.weird import Weird
from tests.fuzz.target import Target, expect
from tests.sniffer.conftest import Wire

SETTINGS = EngineSettings(ports=frozenset({25}))
CLIENT, RESOLVER, SERVER = "198.18.0.1", "192.0.2.53", "192.0.2.25"
MILLISECOND, SECOND = 1_000_000, 1_000_000_000
MOST = 200
"""Messages of one input: making their frames takes time too."""
SAID = (
    ("mail.example", "MX", ("10 mx1.mail.example.", "20 mx2.mail.example.")),
    ("mx1.mail.example", "A", (SERVER,)),
    ("mx2.mail.example", "AAAA", ("2001:db8::25",)),
    ("_25._tcp.mx1.mail.example", "TLSA", ("3 1 1 " + "ab" * 32,)),
    ("_smtp._tls.mail.example", "TXT", ('"v=TLSRPTv1; rua=mailto:a@mail.example"',)),
    ("_mta-sts.mail.example", "TXT", ('"v=STSv1; id=1"',)),
    ("mail.example", "MX", ("0 .",)),
    ("gone.example", "MX", ()),
)


# an input: (who speaks, length, message)…; over UDP, or 16 and up over TCP


def pack(said: list[tuple[int, bytes]]) -> bytes:
    return b"".join(struct.pack(">BH", who, len(message)) + message for who, message in said)


def unpacked(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    for _ in range(MOST):
        if at + 3 > len(data):
            return
        who, size = struct.unpack_from(">BH", data, at)
        yield who, data[at + 3 : at + 3 + size]
        at += 3 + size


def as_capture(data: bytes) -> bytes:
    """The messages a millisecond apart, and after them a session with the server. The client's port is the lowest bits of
    ``who``, so that an answer can meet its question."""
    frames, time = [], Wire.START
    streams = Wire.Dialogue((CLIENT, 50053), (RESOLVER, 53), time=Wire.START).open()
    for who, message in unpacked(data):
        time += MILLISECOND
        if who & 16:
            streams.say(who & 1, len(message).to_bytes(2) + message)
            continue
        ends = ((CLIENT, 40000 + (who >> 1 & 7)), (RESOLVER, 53))
        source, destination = ends[:: -1 if who & 1 else 1]
        udp = struct.pack(">HHHH", source[1], destination[1], 8 + len(message), 0) + message
        frames.append((time, Wire.ethernet(Wire.ip(source, destination, udp, protocol=17))))
    frames += streams.close().frames
    late = max(when for when, _ in frames) + SECOND
    for number, server in enumerate((SERVER, "2001:db8::25")):
        source = "2001:db8::1" if ":" in server else CLIENT
        talk = Wire.Dialogue((source, 50000 + number), (server, 25), time=late)
        frames += talk.open().say(1, b"220 a ESMTP\r\n").say(0, b"EHLO c\r\n").close().frames
    return Wire.pcap(sorted(frames, key=lambda one: one[0]))


def facts(data: bytes, settings: EngineSettings) -> Hashable:
    """What was told of each session's server."""
    weird = Weird()
    found = list(read_connections(io.BytesIO(as_capture(data)), settings=settings, weird=weird))
    expect(len(found) == 2, len(found))
    return tuple(sorted((connection.client_port, told(connection.mx)) for connection in found)), weird.dns_unasked


def told(mx: MxFacts | None) -> str:
    if mx is None:
        return "nothing"
    for text in (*mx.hosts, *mx.domains, *(one.text for one in mx.contradictions)):
        expect(text.isprintable() and len(text) < 8192, text)
    return repr(mx)


def answer(data: bytes) -> Hashable:
    return facts(data, SETTINGS)


def answer_again(data: bytes, rng: random.Random) -> Hashable:
    return facts(data, replace(SETTINGS, chunk=rng.choice((1, 300, 3000))))


def talk(*lines: tuple[str, str, tuple[str, ...]], tcp: bool = False) -> bytes:
    said: list[tuple[int, bytes]] = []
    for number, (name, kind, values) in enumerate(lines):
        query = dns.message.make_query(name, kind, id=number + 1)
        reply = dns.message.make_response(query)
        if values:
            reply.answer.append(dns.rrset.from_text(query.question[0].name, 3600, "IN", kind, *values))
        port = 16 if tcp else (number & 7) << 1
        said += [(port, query.to_wire()), (port | 1, reply.to_wire())]
    return pack(said)


def seeds() -> list[bytes]:
    whole = [talk(*SAID), talk(*SAID, tcp=True), talk(*reversed(SAID)), *(talk(*SAID[:2], one) for one in SAID[2:])]
    raced = [talk((SAID[0]), (SAID[1]), ("mx1.mail.example", "A", ("203.0.113.9",)))]
    brought = dns.message.make_query("mail.example", "MX", id=7)
    reply = dns.message.make_response(brought)
    reply.answer.append(dns.rrset.from_text("mail.example.", 60, "IN", "CNAME", "b.example."))
    reply.answer.append(dns.rrset.from_text("b.example.", 60, "IN", "MX", "1 mx1.mail.example."))
    reply.additional.append(dns.rrset.from_text("mx1.mail.example.", 60, "IN", "A", SERVER))
    forged = talk(*SAID[:2])
    return [
        *whole,
        *raced,
        pack([(0, brought.to_wire()), (1, reply.to_wire())]),
        forged + forged.replace(b"\xc0\0\x02\x19", b"\xcb\0\x71\x09"),
    ]


DNS = Target(
    "dns",
    seeds,
    answer,
    answer_again,
    (
        b"\xc0\x0c",
        b"\xc0\0",
        b"\xff\xff",
        b"\0\0",
        b"\x3f" + b"a" * 63,
        b"\x04mail\x07example\0",
        b"\0\x0f\0\1",
        b"\0\x10\0\1",
        b"\0\x05\0\1",
        b"\0\x34\0\1",
        b"\x81\x80\0\1",
        b"\0\0\x29\x10\0\0\0\0\0\0\0",
    ),
)
