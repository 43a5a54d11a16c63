from __future__ import annotations

from typing import Any

import pytest

from sniffer.wireshark.facts import TextPiece, TlsPiece
from sniffer.wireshark.packet import nanoseconds, read_packet


def layers(**more: Any) -> dict[str, Any]:
    tcp = {"tcp.stream": "3", "tcp.srcport": "40000", "tcp.dstport": "25", "tcp.seq_raw": "1001", "tcp.ack_raw": "7"}
    return {
        "frame": {
            "frame.time_epoch": "1796083200.000001000",
            "frame.protocols": "eth:ethertype:ip:tcp:smtp",
            "frame.interface_id_tree": {"frame.interface_name": "uplink-a"},
        },
        "ip": {"ip.src": "192.0.2.1", "ip.dst": "192.0.2.25"},
        "tcp": tcp | {"tcp.flags": "0x0018", "tcp.len": "12", "tcp.payload_raw": ["00" * 12, 54, 12, 0, 30]},
        **more,
    }


def test_a_packets_numbers_are_wiresharks() -> None:
    packet = read_packet(layers())
    assert packet is not None
    assert (packet.stream, packet.time) == (3, 1_796_083_200_000_001_000)
    assert (packet.source, packet.destination) == (("192.0.2.1", 40000), ("192.0.2.25", 25))
    assert (packet.seq, packet.ack, packet.flags, packet.length, packet.payload) == (1001, 7, 24, 12, bytes(12))
    assert (packet.vlan, packet.interface) == (None, "uplink-a")


def test_an_interface_without_a_name_has_none() -> None:
    packet = read_packet(layers(frame={"frame.protocols": "ip:tcp", "frame.interface_id_tree": {"frame.interface_name": "unknown"}}))
    assert packet is not None
    assert packet.interface is None


def test_of_two_tags_the_outer_one_counts() -> None:
    packet = read_packet(layers(vlan={"vlan.id": "100"}, ieee8021ad={"ieee8021ad.id": "200"}))
    assert packet is not None
    assert packet.vlan == 200


def test_of_nested_headers_the_inner_one_counts() -> None:
    frame = {"frame.protocols": "eth:ip:ipv6:tcp"}
    packet = read_packet(layers(frame=frame, ipv6={"ipv6.src": "2001:db8::1", "ipv6.dst": "2001:db8::25"}))
    assert packet is not None
    assert packet.source[0] == "2001:db8::1"


def test_a_cut_header_is_no_packet() -> None:
    assert read_packet(layers(tcp={"tcp.srcport": "40000"})) is None
    assert read_packet({"frame": {}}) is None


@pytest.mark.parametrize("name", ["smtp", "pop", "imap"])
def test_text_keeps_its_bytes(name: str) -> None:
    data = b"NOOP\r\nXXXXXXXX\r\nQUIT\r\n"
    packet = read_packet(layers(**{f"{name}_raw": [data.hex(), 66, 22, 0, 1], name: {}}))
    assert packet is not None
    assert packet.pieces == (TextPiece(data, repeats=name == "imap"),)


def test_a_layer_that_was_only_guessed_has_no_records() -> None:
    packet = read_packet(layers(tls_raw=["6869", 66, 2, 0, 1], tls="Transport Layer Security"))
    assert packet is not None
    assert packet.pieces == (TlsPiece(b"hi", garbage=True),)


def test_records_of_several_layers_are_read() -> None:
    alert = {
        "tls.record.content_type": "21",
        "tls.record.length": "2",
        "tls.alert_message": {"tls.alert_message.level": "2", "tls.alert_message.desc": "40"},
    }
    data = {"tls.record.opaque_type": "23", "tls.record.length": "39"}
    more = {"tls_raw": [["15", 0, 1, 0, 1], ["17", 0, 1, 0, 1]], "tls": [{"tls.record": [alert]}, {"tls.record": data}]}
    packet = read_packet(layers(**more))
    assert packet is not None
    found = [
        (record.kind, record.length, record.alert) for piece in packet.pieces if isinstance(piece, TlsPiece) for record in piece.records
    ]
    assert found == [(21, 2, (2, 40)), (23, 39, None)]


def test_time_is_exact_to_the_nanosecond() -> None:
    assert nanoseconds("1.000000001") == 1_000_000_001
    assert nanoseconds("7") == 7_000_000_000


def test_times_as_wireshark_4_6_writes_them() -> None:
    assert nanoseconds("2026-12-01T00:00:00.000001000Z") == 1_796_083_200_000_001_000
    assert nanoseconds("2026-12-01T00:00:00Z") == 1_796_083_200_000_000_000
    assert nanoseconds("1969-12-31T23:59:55.500000000Z") == -4_500_000_000
    assert nanoseconds("36812-02-20T00:36:16.000000000Z") == nanoseconds("9999-12-31T23:59:59")
