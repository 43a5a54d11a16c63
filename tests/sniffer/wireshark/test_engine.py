from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import pytest

from sniffer.session import session_record


@pytest.fixture
def mail(wire: Any) -> bytes:
    talk = wire.Dialogue().open().say(1, b"220 mx.example ESMTP\r\n").say(0, b"EHLO c\r\n").say(1, b"250-mx\r\n250 XXXXXXXX\r\n")
    talk.say(0, b"QUIT\r\n").say(1, b"221 bye\r\n").close()
    capture: bytes = wire.pcap(talk.frames)
    return capture


def test_a_stream_gives_the_same_record_as_the_packet_engine(mail: bytes, both: Callable[[bytes], Any]) -> None:
    (packets, _), (wireshark, damage) = both(mail)
    assert damage is None
    assert [session_record(one) for one in wireshark] == [session_record(one) for one in packets]
    assert wireshark[0].judgement.verdict == "stripped_offer"


@pytest.mark.parametrize(
    ("name", "reason", "sessions"),
    [
        ("whole", None, 1),
        ("cut", "cut_short", 1),
        ("no capture", "not_a_capture", 0),
        ("empty", "not_a_capture", 0),
        ("cut gzip", "damaged_compression", None),
    ],
)
def test_damage_has_the_same_name_and_what_stood_before_is_told(
    name: str, reason: str | None, sessions: int | None, mail: bytes, both: Callable[[bytes], Any]
) -> None:
    capture = {
        "whole": mail,
        "cut": mail[:-10],
        "no capture": b"no capture at all\n" * 9,
        "empty": b"",
        "cut gzip": gzip.compress(mail)[:-40],
    }[name]
    (packets, expected), (wireshark, damage) = both(capture)
    assert damage == expected == reason
    assert len(wireshark) == (len(packets) if sessions is None else sessions)


def test_a_loss_before_the_verdict_is_decided_accuses_nobody(wire: Any, both: Callable[[bytes], Any]) -> None:
    talk = wire.Dialogue().open().say(1, b"220 mx.example ESMTP\r\n").say(0, b"EHLO c\r\n").say(1, b"250-mx\r\n250 XXXXXXXX\r\n")
    lost = len(talk.frames)
    talk.say(0, b"XXXXXXXX\r\n").say(1, b"502 what\r\n").say(0, b"QUIT\r\n").say(1, b"221 bye\r\n").close()
    (packets, _), (wireshark, _) = both(wire.pcap([*talk.frames[:lost], *talk.frames[lost + 1 :]]))
    assert [one.judgement.verdict for one in wireshark] == [one.judgement.verdict for one in packets] == ["incomplete"]
