"""Sessions made of packet facts alone, without tshark."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sniffer.settings import EngineSettings
from sniffer.weird import Weird
from sniffer.wireshark.conversation import Conversation
from sniffer.wireshark.conversations import conversations
from sniffer.wireshark.facts import Packet, TextPiece, TlsPiece

CLIENT, SERVER = ("192.0.2.1", 40000), ("192.0.2.25", 25)
START = 1_796_083_200_000_000_000
SYN, ACK, FIN = 2, 16, 1


def packets(*turns: str, syn: bool = True) -> Iterator[Packet]:
    """``C text`` and ``S text``; ``|`` stands for a line end."""
    seq = {CLIENT: 1000, SERVER: 5000}
    if syn:
        yield Packet(0, START, CLIENT, SERVER, 999, 0, SYN)
        yield Packet(0, START, SERVER, CLIENT, 4999, 1000, SYN | ACK)
    for number, turn in enumerate(turns, 3):
        mode, _, text = turn.partition(" ")
        data = text.replace("|", "\r\n").encode("latin-1")
        source, other = (CLIENT, SERVER) if mode[0] == "C" else (SERVER, CLIENT)
        at = START + number * 1_000_000
        yield Packet(0, at, source, other, seq[source], seq[other], ACK, len(data), data, pieces=(TextPiece(data),))
        seq[source] += len(data)
    yield Packet(0, START + 10**9, CLIENT, SERVER, seq[CLIENT], seq[SERVER], FIN | ACK)


def conversation(*turns: str, syn: bool = True) -> Conversation:
    (found,) = conversations(packets(*turns, syn=syn), EngineSettings(), Weird())
    return found


def test_tls_that_came_as_mail_has_to_be_asked_for_again() -> None:
    assert conversation("C \x16\x03\x01\x02\x00\x01").unread_tls
    assert not conversation("S 220 mx|", "C EHLO c|").unread_tls


def test_the_beginning_of_a_record_counts_once() -> None:
    hello = b"\x16\x03\x01\x00\x05hello"
    turns = [
        Packet(0, START, CLIENT, SERVER, 1000, 1, ACK, 6, hello[:6], pieces=(TlsPiece(hello[:6]),)),
        Packet(0, START, CLIENT, SERVER, 1006, 1, ACK, 4, hello[6:], pieces=(TlsPiece(hello),)),
    ]
    (found,) = conversations(turns, EngineSettings(), Weird())
    assert found.sides[0].head().data == hello
    assert not found.unread_tls


def test_a_closed_stream_is_over_after_its_linger_and_stays_so() -> None:
    weird = Weird()
    turns = list(packets("S 220 mx|"))
    turns.append(Packet(0, START + 2 * 10**9, SERVER, CLIENT, 5008, 1, FIN | ACK))
    late = [Packet(1, START + 10**10, ("192.0.2.9", n), SERVER, 1, 1, ACK) for n in range(1024)]
    late.append(Packet(0, START + 10**10, SERVER, CLIENT, 5008, 1, FIN | ACK))
    assert len(list(conversations([*turns, *late], EngineSettings(), weird))) == 1
    assert weird.after_close == 1


@pytest.mark.parametrize(
    ("seen", "end"),
    [
        (((0, b"EHLO c\r\n"), (8, b"STARTTLS\r\n")), "open"),
        # what the dissector got is not what stands there: bytes passed over, or given again
        (((0, b"EHLO c\r\n"), (8, b"ST"), (10, b"ARTTLS\r\n")), "gap"),
        (((0, b"EHLO c\r\n"), (4, b" c\r\nSTARTTLS\r\n")), "gap"),
        # a line that came before the one it follows is dissected first, and is no use then
        (((8, b"STARTTLS\r\n"), (0, b"EHLO c\r\n")), "gap"),
    ],
)
def test_text_that_wireshark_gives_out_of_place_is_as_good_as_lost(seen: tuple[tuple[int, bytes], ...], end: str) -> None:
    turns = [Packet(0, START, CLIENT, SERVER, 999, 0, SYN)]
    for number, (at, data) in enumerate(seen, 2):
        pieces = (TextPiece(data),) if data.endswith(b"\n") else ()
        turns.append(Packet(0, START + number, CLIENT, SERVER, 1000 + at, 1, ACK, len(data), data, pieces=pieces))
    (found,) = conversations(turns, EngineSettings(), Weird())
    assert found.sides[0].head().end == end
    assert b"ARTTLS" not in found.sides[0].data or end == "open"
