import pytest

from sniffer.smtp.replies import looks_like_replies, next_reply


@pytest.mark.parametrize(
    ("data", "code", "length"),
    [
        (b"220 mx\r\n", 220, 8),
        (b"250\r\n", 250, 5),
        (b"250 ok\n250 more\n", 250, 7),
        (b"250-a\r\n250-b\r\n250 c\r\n500 x\r\n", 250, 21),
        (b"250-a\n250 b\n", 250, 12),
        (b"220-a\r\nno code here\r\n220 b\r\n", 220, 28),
        (b"noise\r\n220 mx\r\n", 220, 15),
        (b"250-a\r\n354 b\r\n", 354, 14),
    ],
)
def test_a_whole_reply(data: bytes, code: int, length: int) -> None:
    reply = next_reply(data, 0)
    assert reply
    assert reply.end == length
    assert int(reply.raw.rstrip().split(b"\n")[0][:3]) == (250 if code == 354 else code)


@pytest.mark.parametrize(
    "data", [b"", b"220", b"220 mx", b"250-a\r\n", b"250-a\r\n250", b"noise\r\n", b"\x16\x03\x03\x00\x05250 \n", b"999 x\r\n"]
)
def test_no_whole_reply(data: bytes) -> None:
    assert next_reply(data, 0) is None


def test_a_mid_start_is_found_behind_the_end_of_a_line() -> None:
    assert looks_like_replies(b"est of a line\r\n250 ok\r\n", False)
    assert not looks_like_replies(b"est of a line\r\n250 ok\r\n", True)
    assert not looks_like_replies(b"HTTP/1.1 200 OK\r\n", False)
