"""The body that dkimpy is given has the canonical form that the mail's own body has."""

from __future__ import annotations

from dkim.canonicalization import Relaxed, Simple
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.provenance.signature import _body

PIECES = [b"\r\n", b"\n", b"\r", b" ", b"\t", b"a", b"b c", b"\r\n\r\n", b" \r\n", b"\0", b"\xff"]


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map(b"".join))
def test_preparing_a_body_changes_no_canonical_form(body: bytes) -> None:
    whole = body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    assert Relaxed.canonicalize_body(_body(body, {b"c": b"simple/relaxed"})) == Relaxed.canonicalize_body(whole)
    assert Simple.canonicalize_body(_body(body, {b"c": b"relaxed/simple"})) == Simple.canonicalize_body(whole)
    assert Simple.canonicalize_body(_body(body, {})) == Simple.canonicalize_body(whole)
