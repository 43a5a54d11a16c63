"""The second engine's sessions get the same names."""

from __future__ import annotations

import struct

import dns.message
import dns.rrset

from sniffer.session import session_record


def _dns(wire, time: int) -> list[tuple[int, bytes]]:  # type: ignore[no-untyped-def]
    frames = []
    for number, (name, kind, value) in enumerate((("mail.example", "MX", "10 mx1.mail.example."), ("mx1.mail.example", "A", "192.0.2.25"))):
        query = dns.message.make_query(name, kind, id=number)
        answer = dns.message.make_response(query)
        answer.answer.append(dns.rrset.from_text(f"{name}.", 300, "IN", kind, value))
        client, server = ("198.18.0.1", 40000 + number), ("192.0.2.53", 53)
        for source, destination, data in ((client, server, query.to_wire()), (server, client, answer.to_wire())):
            udp = struct.pack(">HHHH", source[1], destination[1], 8 + len(data), 0) + data
            frames.append((time, wire.ethernet(wire.ip(source, destination, udp, protocol=17))))
            time += 1_000_000
    return frames


def test_both_engines_name_the_server(wire, both) -> None:  # type: ignore[no-untyped-def]
    talks = []
    for number, (server, later) in enumerate((("192.0.2.25", 1), ("192.0.2.26", 1), ("192.0.2.25", 900), ("192.0.2.25", -1))):
        start = wire.START + later * 1_000_000_000
        talks.append(wire.Dialogue(("198.18.0.1", 50000 + number), (server, 25), time=start))
    frames = _dns(wire, wire.START)
    for talk in talks:
        frames += talk.open().say(1, b"220 a ESMTP\r\n").say(0, b"EHLO c\r\n").say(1, b"250 a\r\n").close().frames
    capture = wire.pcap(sorted(frames, key=lambda one: one[0]))
    by_engine = []
    for sessions, damage in both(capture):
        assert damage is None
        records = sorted(map(session_record, sessions), key=lambda one: one["source"]["port"])
        by_engine.append([(one["destination"].get("domain"), one["smtp"].get("mx")) for one in records])
    named = ("mx1.mail.example", {"domain": ["mail.example"]})
    assert by_engine[0] == [named, (None, None), (None, None), (None, None)]
    assert by_engine[0] == by_engine[1]
