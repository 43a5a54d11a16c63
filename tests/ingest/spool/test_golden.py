"""Spools written by every released version are opened by this one (RELIABILITY row 14).

tests/golden/spool/<version>: a spool folder as that version left it (one producer drained and retired, one half drained, one
with a flipped bit and a torn tail), and what must come out of it.
"""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path

import msgspec
import pytest

from ingest.spool.reader import SpoolReader
from ingest.spool.record import SpoolRecord
from ingest.spool.replay import replay

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "spool"


def expected(entries):
    return {entry.pop("id"): msgspec.convert({**entry, "body": base64.b64decode(entry.pop("body"))}, SpoolRecord) for entry in entries}


@pytest.mark.parametrize("version", sorted(path.name for path in GOLDEN.iterdir()))
def test_a_released_version_s_spool_is_read(tmp_path, version):
    wanted = json.loads((GOLDEN / version / "expected.json").read_text())
    folder = tmp_path / "spool"
    shutil.copytree(GOLDEN / version / "spool", folder)
    assert {stored.id: stored.record for stored in replay(folder)} == expected(wanted["replayed"])
    with SpoolReader.open(folder) as reader:
        assert {stored.id: stored.record for stored in reader.read()} == expected(wanted["delivered"])
        reader.commit()
        counters = reader.depth().counters
    assert (counters.damaged_records - counters.torn_tails, counters.torn_tails) == (wanted["damaged_records"], wanted["torn_tails"])
