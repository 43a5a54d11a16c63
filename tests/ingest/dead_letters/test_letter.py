"""A letter's bytes: they come back as they were, or are told to be damaged."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.dead_letters.errors import DamagedLetter
from ingest.dead_letters.letter import DETAIL_CHARS, Letter, decode_header, decode_letter, encode_letter
from ingest.spool.record import SpoolRecord

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
RECORDS = st.builds(
    SpoolRecord,
    way=st.sampled_from(["smtp", "https", "file"]),
    content=st.sampled_from(["mail", "report", "sessions"]),
    arrived_at=st.integers(0, 1 << 62),
    body=st.binary(max_size=60),
    peer_address=st.none() | TEXT,
    peer_port=st.none() | st.integers(0, 65_535),
    rcpt_to=st.lists(TEXT, max_size=3).map(tuple),
    file_path=st.none() | TEXT,
)
LETTERS = st.builds(
    Letter,
    record_id=st.just("aaaaaaaaaaaa-00000001-0000042"),
    item=st.integers(0, 10_000),
    reason=st.just("bad_xml"),
    detail=TEXT,
    item_name=st.none() | TEXT,
    time=st.integers(0, 1 << 62),
    raw=st.binary(max_size=60),
    record=RECORDS,
)


@settings(max_examples=200)
@given(LETTERS)
def test_there_and_back(letter):
    assert decode_letter(encode_letter(letter)) == letter


@settings(max_examples=50)
@given(RECORDS, st.integers(0, 9))
def test_an_item_that_is_the_record_is_stored_once(record, item):
    record = msgspec.structs.replace(record, body=b"b" * 5_000)
    letter = Letter(record_id="x", item=item, reason="r", time=1, raw=record.body, record=record)
    data = encode_letter(letter)
    assert len(data) < 9_000
    assert decode_letter(data) == letter


def test_each_flipped_bit_is_told():
    record = SpoolRecord(way="smtp", content="mail", arrived_at=1, body=b"body" * 20)
    data = encode_letter(Letter(record_id="x", item=0, reason="r", time=1, raw=b"raw", record=record))
    start = data.index(b"\n")
    newline = data.index(b"}\n", start) + 1
    for place in range(len(data)):
        if place == newline:  # carries nothing
            continue
        for bit in range(8):
            held = bytearray(data)
            held[place] ^= 1 << bit
            with pytest.raises(DamagedLetter):
                decode_letter(bytes(held))


@settings(max_examples=300)
@given(st.binary(max_size=300))
def test_noise_is_damaged_and_nothing_else(noise):
    for data in (noise, b"stripwatch-dead-letter 1 " + noise, encode_letter(SAMPLE)[: len(noise)]):
        with pytest.raises(DamagedLetter):
            decode_letter(data)
        with pytest.raises(DamagedLetter):
            decode_header(data)


SAMPLE = Letter(
    record_id="x", item=0, reason="r", time=1, raw=b"raw", record=SpoolRecord(way="smtp", content="mail", arrived_at=1, body=b"b" * 400)
)


def test_ids_fit_file_names_and_are_stable():
    plain = msgspec.structs.replace(SAMPLE, record_id="aaaaaaaaaaaa-00000001-0000042", item=3)
    assert plain.id == "aaaaaaaaaaaa-00000001-0000042-0003"
    for odd in ("../../etc/passwd", "a b", "", "x" * 500, "a.b\n"):
        known = msgspec.structs.replace(SAMPLE, record_id=odd).id
        assert known == msgspec.structs.replace(SAMPLE, record_id=odd).id
        assert known.replace("-", "").isalnum()
        assert len(known) < 140


def test_long_and_odd_texts_are_clipped_and_made_visible():
    odd = msgspec.structs.replace(SAMPLE, detail="d" * 10_000, item_name="n\udcff", record_id="plain")
    found = decode_letter(encode_letter(odd))
    assert len(found.detail) == DETAIL_CHARS
    assert found.item_name == "n\\udcff"


@pytest.mark.parametrize("flips", [2_000])
def test_random_damage_never_raises_anything_else(flips):
    dice = random.Random(5)
    data = encode_letter(SAMPLE)
    for _ in range(flips):
        held = bytearray(data)
        for _ in range(dice.randint(1, 5)):
            held[dice.randrange(len(held))] = dice.randrange(256)
        try:
            decode_letter(bytes(held[: dice.randint(0, len(held))]))
        except DamagedLetter:
            continue
