import pytest

from sniffer.imap.commands import parse_command


@pytest.mark.parametrize(
    ("line", "tag", "verb", "argument"),
    [
        (b"a1 starttls\r\n", "a1", "STARTTLS", b""),
        (b"A.7 LOGIN  bob secret \r\n", "A.7", "LOGIN", b"bob secret"),
        (b"DONE\r\n", "", "", b"DONE"),
        (b"a+ NOOP\r\n", "", "", b"a+ NOOP"),
        (b"", "", "", b""),
        (b"a \xff\xb5\r\n", "a", "\xff\xb5", b""),
    ],
)
def test_a_line(line: bytes, tag: str, verb: str, argument: bytes) -> None:
    assert parse_command(line) == (tag, verb, argument)
