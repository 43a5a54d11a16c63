"""The shape of a session from a log, and that docs/logs.md speaks of each of its fields."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from ingest.store.schema import FROM_LOG, SESSIONS
from sniffer.evidence import WORDS

from .conftest import SMTP, Reading

ROOT = Path(__file__).parents[3]


def names(record: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in record.items():
        if isinstance(value, dict):
            yield from names(value, f"{prefix}{name}.")
        else:
            yield prefix + name


def golden_fields() -> set[str]:
    lines = [line for path in (ROOT / "tests/golden/logs").rglob("expected.ndjson") for line in path.read_bytes().splitlines()]
    return {name for line in lines for name in names(msgspec.json.decode(line))}


def test_every_field_is_the_stores_and_in_the_docs() -> None:
    page = (ROOT / "docs/logs.md").read_text()
    for name in golden_fields() - {"event.id", "event.dataset", "smtp.verdict"}:
        assert SESSIONS.has(name), name
        assert f"`{name}`" in page, name


def test_the_store_and_the_sniffer_mean_the_same_word() -> None:
    assert FROM_LOG in WORDS


def test_no_mail_address_in_the_clients_name(reading: Reading) -> None:
    assert reading.only({**SMTP, "helo": "a.example alice@client.example"})["smtp"]["helo"] == "a.example ***"
