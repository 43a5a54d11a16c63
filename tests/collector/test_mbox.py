from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.mbox import MailTooLarge, read_mbox

SEPARATOR = b"From MAILER-DAEMON Fri Jul  8 12:08:34 2011\n"


def mails(text: bytes, limit: int = 1 << 20) -> list[bytes | MailTooLarge]:
    return list(read_mbox(BytesIO(text), limit))


def test_mails_in_order_without_separators() -> None:
    text = SEPARATOR + b"Subject: a\n\none\n\n" + SEPARATOR + b"Subject: b\n\ntwo\n"
    assert mails(text) == [b"Subject: a\n\none\n", b"Subject: b\n\ntwo\n"]


def test_crlf_mbox() -> None:
    crlf = SEPARATOR.replace(b"\n", b"\r\n")
    text = crlf + b"Subject: a\r\n\r\none\r\n\r\n" + crlf + b"Subject: b\r\n\r\n"
    assert mails(text) == [b"Subject: a\r\n\r\none\r\n", b"Subject: b\r\n"]


def test_from_in_the_text_separates_only_after_an_empty_line() -> None:
    text = SEPARATOR + b"Subject: a\n\ntext\nFrom here on\n>From quoted\n>>From twice\n > From not\n"
    assert mails(text) == [b"Subject: a\n\ntext\nFrom here on\nFrom quoted\n>From twice\n > From not\n"]


def test_mail_over_the_limit_is_passed_over_and_named() -> None:
    big = SEPARATOR + b"Subject: big\n\n" + b"x" * 5000 + b"\n\n"
    small = SEPARATOR + b"Subject: small\n\nx\n\n"
    found = mails(small + big + small, limit=1000)
    assert [type(each) for each in found] == [bytes, MailTooLarge, bytes]
    assert found[1] == MailTooLarge(2, len(big) - len(SEPARATOR))


def test_line_longer_than_a_piece_is_one_line() -> None:
    line = b"x" * 200_000 + b"From inside\n"
    assert mails(SEPARATOR + b"A: b\n\n" + line) == [b"A: b\n\n" + line]
    assert mails(b"From " + b"y" * 200_000 + b"\nA: b\n") == [b"A: b\n"]


def test_what_stands_before_the_first_separator_is_no_mail() -> None:
    assert mails(b"") == []
    assert mails(SEPARATOR) == [b""]


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
@given(bodies=st.lists(st.lists(st.sampled_from([b"", b"x", b">From a", b"From b", b"-- "]), min_size=1, max_size=6), max_size=5))
def test_what_is_quoted_comes_back(ending: bytes, bodies: list[list[bytes]]) -> None:
    sent = [b"A: b" + ending + ending + ending.join(lines) + ending for lines in bodies]
    written = b""
    for mail in sent:
        quoted = [b">" + line if line.lstrip(b">").startswith(b"From ") else line for line in mail.split(ending)]
        written += SEPARATOR + ending.join(quoted) + ending
    assert mails(written) == sent
