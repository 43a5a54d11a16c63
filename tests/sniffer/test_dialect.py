from __future__ import annotations

import pytest
from msgspec.structs import replace

from sniffer.dialect import recognise
from sniffer.sniff_settings import SniffSettings
from sniffer.stream import Connection
from tests.sniffer.playbook import START, connection, head, turns

ALL = SniffSettings(protocols=frozenset({"smtp", "pop3", "imap"}))


def spoken(client: bytes, server: bytes, port: int, from_start: bool = True) -> Connection:
    heads = [head([(START, data)] if data else [], from_start=from_start, captured=bool(data)) for data in (client, server)]
    return Connection("192.0.2.1", 1, "192.0.2.2", port, START, START, *heads)


@pytest.mark.parametrize(
    ("client", "server", "port", "form"),
    [
        (b"", b"+OK ready\r\n", 110, ("pop3", "clear")),
        (b"", b"-ERR busy\r\n", 4000, ("pop3", "clear")),
        (b"", b"* OK ready\r\n", 143, ("imap", "clear")),
        (b"", b"* PREAUTH ready\r\n", 25, ("imap", "clear")),
        (b"CAPA\r\n", b"", 110, ("pop3", "clear")),
        (b"a1 CAPABILITY\r\n", b"", 143, ("imap", "clear")),
        (b"EHLO c\r\n", b"220 mx ESMTP\r\n", 110, ("smtp", "clear")),
        (b"EHLO c\r\n", b"220 mx\r\n", 25, ("smtp", "clear")),
        (b"GET / HTTP/1.1\r\n", b"HTTP/1.1 200 OK\r\n", 110, None),
        (b"GET / HTTP/1.1\r\n", b"", 143, None),
        (b"", b"Hello there\r\n", 143, None),
    ],
)
def test_words_tell_the_protocol(client: bytes, server: bytes, port: int, form: tuple[str, str] | None) -> None:
    assert recognise(spoken(client, server, port), ALL) == form
    if form and form[0] != "smtp":
        assert recognise(spoken(client, server, port), SniffSettings()) is None
    if form:
        assert recognise(spoken(client, server, port), SniffSettings(protocols=frozenset({form[0]}))) == form


@pytest.mark.parametrize(
    ("client", "server", "port", "form"),
    [
        (b"ta\r\nSTLS\r\n", b"est\r\n-ERR no\r\n", 110, ("pop3", "clear")),
        (b"x\r\na1 NOOP\r\n", b"est\r\na1 OK\r\n", 143, ("imap", "clear")),
        (b"\x17\x03\x03\x00\x02ab", b"", 143, ("imap", "unseen")),
        (b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", b"", 110, ("pop3", "unseen")),
        (b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", b"", 995, ("pop3", "implicit")),
        (b"abc", b"abc", 143, None),
    ],
)
def test_a_late_start_is_told_by_port_and_words(client: bytes, server: bytes, port: int, form: tuple[str, str] | None) -> None:
    assert recognise(spoken(client, server, port, from_start=False), ALL) == form


def test_a_piece_of_a_greeting_shows_that_tls_was_not_first() -> None:
    hello = b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"
    late, server = head([(START, hello)], from_start=False), head([(START, b"220")], "gap")
    found = Connection("192.0.2.1", 1, "192.0.2.2", 25, START, START, late, server)
    assert recognise(found, SniffSettings()) == ("smtp", "unseen")
    assert recognise(replace(found, server=head([], "gap")), SniffSettings()) == ("smtp", "unseen")
    assert recognise(replace(found, server=head([(START, hello)])), SniffSettings()) == ("smtp", "implicit")


def test_a_usual_session_needs_one_look() -> None:
    assert recognise(connection(turns("S 220 mx\nC EHLO c\nS 250 mx")), SniffSettings()) == ("smtp", "clear")
