import pytest

from sniffer.pop3.commands import has_list, parse_command


@pytest.mark.parametrize(
    ("line", "verb", "argument"),
    [
        (b"capa\r", "CAPA", b""),
        (b" USER  bob smith \r", "USER", b"bob smith"),
        (b"", "", b""),
        (b"\xff\xb5x", "\xff\xb5X", b""),
        (b"x" * 99, "X" * 16, b""),
    ],
)
def test_a_line(line: bytes, verb: str, argument: bytes) -> None:
    assert parse_command(line) == (verb, argument)


@pytest.mark.parametrize(
    ("verb", "argument", "listed"),
    [
        ("CAPA", b"", True),
        ("RETR", b"1", True),
        ("LIST", b"", True),
        ("LIST", b"1", False),
        ("AUTH", b"PLAIN", False),
        ("STLS", b"", False),
    ],
)
def test_whose_answer_has_a_list(verb: str, argument: bytes, listed: bool) -> None:
    assert has_list(verb, argument) is listed
