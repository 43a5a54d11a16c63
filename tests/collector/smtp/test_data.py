from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from collector.smtp.data import MessageData

LINES = st.lists(st.sampled_from([b"", b".", b"..", b".x", b"text", b"\n", b"\r", b"a\rb", b"\n.\n", b"\r.", b".\r"]), max_size=12)


def stuffed(lines: list[bytes]) -> bytes:
    """The sender's side, written line by line (RFC 5321 section 4.5.2)."""
    return b"".join((b"." + line if line.startswith(b".") else line) + b"\r\n" for line in lines) + b".\r\n"


def fed(wire: bytes, cuts: list[int], limit: int = 1 << 20, line: int = 1 << 20) -> tuple[MessageData, bytes]:
    data, rest, start = MessageData(limit, line), b"", 0
    for cut in [*sorted(cut % (len(wire) + 1) for cut in cuts), len(wire)]:
        if data.ended:
            rest += wire[start:cut]
        else:
            rest += data.feed(wire[start:cut])
        start = cut
    return data, rest


@settings(max_examples=200)
@given(LINES, st.lists(st.integers(0, 200), max_size=20), st.binary(max_size=20))
@example([b"."], [1, 2, 3, 4], b"QUIT\r\n")
@example([], [1, 2], b"")
def test_message_comes_out_as_it_went_in_however_it_is_cut(lines: list[bytes], cuts: list[int], behind: bytes) -> None:
    message = b"".join(line + b"\r\n" for line in lines)
    if b"\r\n.\r\n" in b"\r\n" + stuffed(lines)[:-3]:  # a line of our alphabet that itself ends the message
        return
    lines_again = message.split(b"\r\n")[:-1]
    data, rest = fed(stuffed(lines_again) + behind, cuts)
    assert data.ended
    assert data.body() == message
    assert rest == behind
    assert data.received == len(stuffed(lines_again))


def test_only_crlf_dot_crlf_ends_a_message() -> None:
    for smuggled in (b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\n", b"\r\n.\r", b"\r.\r\n"):
        data, rest = fed(b"Subject: x\r\n\r\none" + smuggled + b"MAIL FROM:<evil@example.org>\r\n.\r\n", [])
        assert data.ended
        assert b"MAIL FROM:<evil@example.org>" in data.body(), smuggled
        assert rest == b""


def test_endless_line_is_let_go_at_its_limit() -> None:
    data = MessageData(message_limit=1 << 20, line_limit=1000)
    for _ in range(30):
        data.feed(b"x" * 100)
        assert data.size <= 1000
    assert data.trouble == "line_too_long"
    assert data.size == 0
    assert data.feed(b"\r\n.\r\nNOOP\r\n") == b"NOOP\r\n"
    assert data.ended


def test_line_limit_counts_each_line_alone() -> None:
    data, _ = fed((b"x" * 1000 + b"\r\n") * 50 + b".\r\n", [37, 5000, 5001, 20000], line=1000)
    assert data.trouble is None
    data, _ = fed(b"x\r\n" + b"x" * 1001 + b"\r\n.\r\n", [], line=1000)
    assert data.trouble == "line_too_long"


def test_message_over_the_limit_is_let_go_and_its_end_still_found() -> None:
    wire = (b"x" * 98 + b"\r\n") * 101
    data, rest = fed(wire + b".\r\nQUIT\r\n", list(range(0, len(wire), 777)), limit=10_000)
    assert (data.trouble, data.size, data.ended, rest) == ("message_too_large", 0, True, b"QUIT\r\n")
    data, _ = fed((b"x" * 98 + b"\r\n") * 100 + b".\r\n", [], limit=10_000)
    assert data.trouble is None
