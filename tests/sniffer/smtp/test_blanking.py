"""No mail address is shown, whichever way a line is blanked."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sniffer.smtp.blanking import shown_command


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"MAIL FROM:<a@b> SIZE=9\r", "MAIL FROM:<***> SIZE=9"),
        (b"rcpt to: <a@b.c>", "rcpt to: <***>"),
        (b"MAIL FROM:<a@b> BODY=8BITMIME SMTPUTF8\r", "MAIL FROM:<***> BODY=8BITMIME SMTPUTF8"),
        (b"MAIL FROM:<>\r", "MAIL FROM:<>"),
        (b'RCPT TO:<"a b"@c> NOTIFY=SUCCESS\r', "RCPT TO:<***> NOTIFY=SUCCESS"),
        (b"MAIL FROM:<a@b> SIZE=9 AUTH=<x@y>\r", "MAIL FROM:<***> SIZE=9 AUTH=<***>"),
        (b"RCPT TO:a@b\r", "RCPT TO:***"),
    ],
)
def test_paths_are_blanked(line: bytes, shown: str) -> None:
    assert shown_command(line, line[:4].decode().upper(), True, 512, False) == shown


@example("***")
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="<>"), min_size=1, max_size=40))
def test_what_stands_in_a_path_is_never_shown(address: str) -> None:
    for line in (f"MAIL FROM:<{address}> SIZE=1", f"RCPT TO:<{address}> ORCPT=x"):
        assert shown_command(line.encode(), line[:4], True, 512, False) == line.replace(f"<{address}>", "<***>")
