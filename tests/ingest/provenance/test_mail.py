"""Whatever bytes come as a mail, they are judged and nothing is raised; what is judged costs little."""

from __future__ import annotations

import time
from email.parser import BytesParser
from email.policy import compat32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.provenance.errors import MalformedMail, TemporaryDnsFailure
from ingest.provenance.judge import MailJudge
from ingest.provenance.mail import read_mail
from ingest.provenance.resolver import RecordKind
from ingest.reports.model import TlsReport

from .conftest import key_record, mail, record


class OneKey:
    """Answers every name with one key; every third name not at all."""

    def __init__(self) -> None:
        self._asked = 0
        self._key = key_record().encode()

    def lookup(self, name: str, kind: RecordKind, seconds: float | None = None) -> tuple[bytes, ...]:
        self._asked += 1
        if self._asked % 3 == 0:
            raise TemporaryDnsFailure(name)
        return (self._key,)


JUDGE = MailJudge(OneKey())
SIGNED = mail().sign().bytes()
HEADER_END = SIGNED.index(b"\r\n\r\n")
TAGS = [b"v=1", b"a=rsa-sha256", b"b=AAAA", b"bh=AAAA", b"d=sender.example", b"h=from", b"s=s1", b"l=1", b"x=9", b"c=relaxed", b"i=@", b"="]


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_have_a_verdict(raw: bytes) -> None:
    assert JUDGE(record(raw), TlsReport()).provenance in ("failed", "unsigned")


@settings(max_examples=400, deadline=None)
@given(st.integers(0, HEADER_END + 40), st.binary(max_size=6), st.integers(0, 4))
def test_a_signed_mail_changed_in_its_headers_is_never_an_error(place: int, put: bytes, cut: int) -> None:
    changed = SIGNED[:place] + put + SIGNED[place + cut :]
    assert JUDGE(record(changed), TlsReport()).provenance in ("verified", "failed", "unsigned")


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(TAGS), st.binary(max_size=12)), max_size=14), st.sampled_from([b";", b"; ", b";\r\n\t"]))
def test_any_signature_has_a_verdict(tags: list[bytes], between: bytes) -> None:
    raw = b"DKIM-Signature: " + between.join(tags) + b"\r\n" + mail().bytes()
    judgement = JUDGE(record(raw), TlsReport())
    assert judgement.provenance == "failed"


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60), st.sampled_from([b"\r", b"\n", b"\r\n", b"\r\r", b"\x0b", b"\x85", b"\xe2\x80\xa8", b"\0"]))
def test_the_mail_parser_sees_the_fields_that_the_signature_sees(name: bytes, end: bytes) -> None:
    raw = b"X-First: " + name + end + b"X-Second: y\r\n" + mail().bytes()
    try:
        read = read_mail(raw)
    except MalformedMail:
        return
    seen = BytesParser(policy=compat32).parsebytes(raw)
    assert [field.decode().lower() for field, _ in read.fields] == [field.lower() for field in seen]


BIG = 4 << 20


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(mail().sign().bytes() + b" " * BIG, id="blanks"),
        pytest.param(mail().sign().bytes() + b" \t" * (BIG // 2) + b"x", id="blanks and tabs"),
        pytest.param(mail().sign().bytes() + b"\r\n" * (BIG // 2), id="empty lines"),
        pytest.param(mail().sign().bytes() + b" \r\n" * (BIG // 3), id="blank lines"),
        pytest.param(mail().sign(canonical=(b"simple", b"simple")).bytes() + b" \r\n" * (BIG // 3), id="simple, blank lines"),
        pytest.param(mail().bytes().replace(b"Subject: ", b"Subject: " + b" " * 60_000), id="a blank header"),
        pytest.param(b"DKIM-Signature: v=1;" + b"\r\n\t" * 2_500 + b"b=\r\n" + mail().bytes(), id="folded signature"),
        pytest.param(b"DKIM-Signature: v=1; b=" + b" a" * 4_000 + b";\r\n" + mail().bytes(), id="blanks in b="),
        pytest.param(b"DKIM-Signature: v=1; h=" + b"a:" * 4_000 + b"from\r\n" + mail().bytes(), id="names in h="),
        pytest.param(b"Subject: " + b"(" * 60_000, id="no end of headers"),
    ],
)
def test_no_mail_is_expensive(raw: bytes) -> None:
    judge = MailJudge(OneKey())
    started = time.process_time()
    judge(record(raw), TlsReport())
    assert time.process_time() - started < 3.0  # quadratic time would be minutes
