import pytest

from sniffer.imap.responses import MAX_RESPONSES, read_responses


@pytest.mark.parametrize(
    ("data", "kinds"),
    [
        (b"* OK hi\r\na OK done\r\n+ go\r\n+\r\n", ["untagged", "tagged", "continue", "continue"]),
        (b"* 1 FETCH (BODY[] {8}\r\na OK\r\nxx)\r\na NO\r\n", ["untagged", "tagged"]),
        (b"* X {3}\r\nabc {3}\r\nabc\r\nb BAD no\r\n", ["untagged", "tagged"]),
        (b"what is this\r\na OK\r\n", ["tagged"]),
        (b"a OK\r\n\x16\x03\x03\x00\x05b OK\r\n", ["tagged"]),
        (b"* 1 FETCH {99}\r\nabc", []),
        (b"a OK", []),
        (b"* CAPABILITY x\n", ["untagged"]),
    ],
)
def test_responses(data: bytes, kinds: list[str]) -> None:
    assert [response.kind for response in read_responses(data)] == kinds


def test_a_tagged_one_tells_yes_from_no() -> None:
    assert [(one.tag, one.ok) for one in read_responses(b"a1 ok x\r\nB2 NO\r\nc BAD x\r\n")] == [("a1", True), ("B2", False), ("c", False)]


def test_there_is_a_limit() -> None:
    assert len(read_responses(b"* x\n" * (MAX_RESPONSES + 9))) == MAX_RESPONSES
