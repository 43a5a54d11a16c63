"""Every golden case: a folder with an input and what must come of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ingest.reports.reader import FoundReport, Unusable, read_reports
from ingest.reports.render import render_report

FOLDER = Path(__file__).parents[2] / "golden" / "reports"
CASES = sorted(path.parent for path in FOLDER.glob("*/expected.json"))


def matches(expected: Any, got: Any, place: str) -> list[str]:
    """Members that are expected and otherwise. A number for a list is its length."""
    if isinstance(expected, dict) and isinstance(got, dict):
        return [line for key, value in expected.items() for line in matches(value, got.get(key, "absent"), f"{place}.{key}")]
    if isinstance(expected, list) and isinstance(got, list) and not place.endswith("warnings"):
        if len(expected) != len(got):
            return [f"{place}: {len(got)} of them, not {len(expected)}"]
        return [line for n, pair in enumerate(zip(expected, got, strict=True)) for line in matches(*pair, f"{place}[{n}]")]
    if isinstance(expected, int) and isinstance(got, list):
        got = len(got)
    if place.endswith("warnings"):
        expected, got = sorted(expected), sorted(got)
    return [] if expected == got else [f"{place}: {got!r}, not {expected!r}"]


@pytest.mark.parametrize("folder", CASES, ids=lambda path: path.name)
def test_golden_case(folder: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text())
    (source,) = folder.glob("input.*")
    with source.open("rb") as stream:
        items = list(read_reports(stream))
    reports = [json.loads(b"".join(render_report(item.report))) for item in items if isinstance(item, FoundReport)]
    refused = [item.error.reason for item in items if isinstance(item, Unusable)]
    assert refused == expected["refused"]
    assert len(reports) == len(expected["reports"])
    assert [line for n, pair in enumerate(zip(expected["reports"], reports, strict=True)) for line in matches(*pair, f"report {n}")] == []


def test_each_known_malformation_has_its_cases() -> None:
    rows = [line.strip("|").split("|") for line in (FOLDER / "README.md").read_text().splitlines() if line.startswith("| ")]
    named = {name.strip() for row in rows[1:] for name in row[1].split(",")}
    assert len(rows) > 40
    assert named - {path.name for path in CASES} == set()


@pytest.mark.parametrize("folder", CASES, ids=lambda path: path.name)
def test_bytes_and_stream_give_the_same(folder: Path) -> None:
    (source,) = folder.glob("input.*")
    whole = list(read_reports(source.read_bytes()))
    with source.open("rb") as stream:
        streamed = list(read_reports(stream))
    assert [shape(item) for item in whole] == [shape(item) for item in streamed]


def shape(item: FoundReport | Unusable) -> tuple[Any, ...]:
    if isinstance(item, Unusable):
        return (item.error.reason, item.where)
    return (item.sha256, item.size, item.where, msgspec.json.encode(json.loads(b"".join(render_report(item.report)))))
