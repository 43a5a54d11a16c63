"""docs/reports.md says of each field of the standards where it is here: its tables are compared with the model, the schema,
and with what becomes of reports that have every field."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ingest.documents.reports import Standing, report_document, row_documents
from ingest.enrich.enricher import Enricher
from ingest.reports.model import DmarcReport, FailureReport, Report, TlsReport
from ingest.reports.privacy import Privacy
from ingest.reports.reader import FoundReport, read_reports
from ingest.reports.records import Records
from ingest.reports.render import render_report
from ingest.store.schema import DATASETS

ROOT = Path(__file__).parents[3]
SECTIONS: dict[str, type[Report]] = {"DMARC aggregate": DmarcReport, "SMTP TLS": TlsReport, "Failure": FailureReport}
EVERY = {"DMARC aggregate": "dmarc-every-field", "SMTP TLS": "tls-every-field", "Failure": "failure-every-field"}
NEVER_SAID = {"warnings[]", "dropped"}
"""What a report without fault leaves empty."""
Row = tuple[str, tuple[str, ...], tuple[tuple[str, str], ...]]


@cache
def rows(section: str) -> tuple[Row, ...]:
    """(element, names in the JSON, (dataset, field) each) of the section's table."""
    text = (ROOT / "docs" / "reports.md").read_text()
    (table,) = (part for part in text.split("\n## ") if part.startswith(section))
    found = []
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and not cells[0].startswith(("---", "element", "field")):
            fields = tuple(tuple(name.split(": ")) for name in re.findall(r"`([^`]+)`", cells[3]))
            found.append((cells[0], tuple(re.findall(r"`([^`]+)`", cells[2])), fields))
    return tuple(found)  # type: ignore[arg-type]


def leaves(kind: Any, path: str = "") -> Iterator[str]:
    """Paths of the plain values in a type of the model."""
    if getattr(kind, "__origin__", None) is Records:
        yield from leaves(kind.__args__[0], f"{path}[]")
        return
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        for field in msgspec.structs.fields(kind):
            yield from leaves(field.type, f"{path}.{field.name}" if path else field.name)
        return
    arguments = getattr(kind, "__args__", ())
    inner = [item for item in arguments if item not in (type(None), ...)]
    if getattr(kind, "__origin__", None) is tuple:
        yield from leaves(inner[0], f"{path}[]")
    elif len(inner) == 1 and isinstance(inner[0], type) and issubclass(inner[0], msgspec.Struct):
        yield from leaves(inner[0], path)
    else:
        yield path


def values(tree: Any, path: str) -> list[Any]:
    """What stands at a path in parsed JSON, of all list items."""
    name, _, rest = path.partition(".")
    inner = tree.get(name.removesuffix("[]"))
    items = inner if name.endswith("[]") and isinstance(inner, list) else [inner]
    found = items if not rest else [value for item in items if item is not None for value in values(item, rest)]
    return [value for value in found if value not in (None, "")]


@cache
def report(section: str) -> Report:
    """The golden report that has every field, nothing of it redacted."""
    (source,) = (ROOT / "tests" / "golden" / "reports" / EVERY[section]).glob("input.*")
    (item,) = read_reports(source.read_bytes(), privacy=Privacy(addresses=True, message=True))
    assert isinstance(item, FoundReport)
    return item.report


@pytest.mark.parametrize("section", SECTIONS)
def test_the_table_has_each_member_of_the_model_and_no_other(section: str) -> None:
    named = {name for _, names, _ in rows(section) for name in names if not name.startswith("failure_m")}
    assert named == set(leaves(SECTIONS[section]))


@pytest.mark.parametrize("section", SECTIONS)
def test_each_member_says_something_of_a_report_that_has_every_field(section: str) -> None:
    tree = json.loads(b"".join(render_report(report(section))))
    silent = {path for path in leaves(SECTIONS[section]) if not values(tree, path)}
    assert silent == NEVER_SAID - {"dropped"}


@pytest.mark.parametrize("section", SECTIONS)
def test_each_field_of_the_store_is_there_and_filled(section: str) -> None:
    found = report(section)
    standing = Standing(uid="u", content_hash="c" * 64, provenance="posted")
    arrived = datetime(2026, 11, 1, tzinfo=UTC)
    documents = [
        *row_documents(found, standing, arrived, {}, Enricher([])),
        report_document(found, standing, arrived, "https", None, {}),
    ]
    filled = {(document.dataset, name) for document in documents for name in document.fields}
    wanted = {field for element, _, fields in rows(section) for field in fields if "repaired or left out" not in element}
    assert {(dataset, name) for dataset, name in wanted if not DATASETS[dataset].has(name)} == set()
    assert wanted - filled == set()


def test_each_field_that_the_standards_name_is_in_the_table() -> None:
    named = {field for section in SECTIONS for _, _, fields in rows(section) for field in fields}
    spoken = {(d, f.name) for d in ("reports", "dmarc", "tlsrpt", "tlsrpt_failures") for f in DATASETS[d].fields}
    of_standards = {(d, name) for d, name in spoken if name.startswith(("dmarc.", "tlsrpt.", "failure.")) and d != "tlsrpt_failures"}
    assert of_standards - named == set()
