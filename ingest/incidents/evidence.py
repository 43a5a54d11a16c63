"""The documents that show a finding, the newest first.

Findings are asked for in lots of one shape, a few pages a lot, so that a thousand stripped paths do not make a
thousand questions. What the pages do not hold (a rare path beside busy ones) is asked for by itself, at most
``OWN_QUESTIONS`` times a lot; a finding's keys give the rest of its evidence at any time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec

from ingest.incidents.finding import Finding
from ingest.incidents.groups import IN_ONE_QUERY
from ingest.store.protocol import Document, StoreReader
from ingest.store.query import Filter, Selection

PAGE, PAGES = 2_000, 5
OWN_QUESTIONS = 100
_TICK = timedelta(milliseconds=1)
"""Times in figures are floored to the millisecond: the range ends one later."""

Reference = dict[str, str]
"""``{dataset, id}``."""


def evidence(store: StoreReader, findings: Sequence[Finding], most: int) -> list[list[Reference]]:
    """For each finding, in order, its newest ``most`` documents."""
    shapes: dict[tuple[str, ...], list[int]] = {}
    for place, finding in enumerate(findings):
        shapes.setdefault((finding.dataset, *sorted(finding.where)), []).append(place)
    found: list[list[Reference]] = [[] for _ in findings]
    for places in shapes.values():
        for start in range(0, len(places), IN_ONE_QUERY):
            lot = places[start : start + IN_ONE_QUERY]
            for place, documents in zip(lot, _lot(store, [findings[place] for place in lot], most), strict=True):
                found[place] = documents
    return found


def selection(finding: Finding, most: int) -> Selection:
    """The newest documents that show one finding."""
    return Selection(
        dataset=finding.dataset,
        since=finding.first_seen,
        until=finding.last_seen + _TICK,
        where=tuple(Filter(name, "eq", values) for name, values in finding.where.items()),
        fields=("@timestamp",),
        limit=most,
    )


def _lot(store: StoreReader, findings: Sequence[Finding], most: int) -> list[list[Reference]]:
    if len(findings) == 1:
        return [_own(store, findings[0], most)]
    found, whole = _shared(store, findings, most)
    wanting = [] if whole else [place for place, documents in enumerate(found) if len(documents) < most]
    for place in wanting[:OWN_QUESTIONS]:
        found[place] = _own(store, findings[place], most)
    return found


def _own(store: StoreReader, finding: Finding, most: int) -> list[Reference]:
    return [_reference(document) for document in store.select(selection(finding, most)).documents]


def _shared(store: StoreReader, findings: Sequence[Finding], most: int) -> tuple[list[list[Reference]], bool]:
    """What a few pages of all the findings' documents hold, and whether that was all."""
    found: list[list[Reference]] = [[] for _ in findings]
    field, places = _index(findings)
    wanted = _together(findings)
    for _ in range(PAGES):
        page = store.select(wanted)
        for document in page.documents:
            for place in places.get(document.fields.get(field), ()):
                if len(found[place]) < most and _shows(document, findings[place]):
                    found[place].append(_reference(document))
        if page.after is None:
            return found, True
        wanted = msgspec.structs.replace(wanted, after=page.after)
    return found, False


def _index(findings: Sequence[Finding]) -> tuple[str, dict[Any, list[int]]]:
    """The field that tells the findings apart best, and which findings each of its values stands in."""
    names = sorted(findings[0].where)
    field = max(names, key=lambda name: len({finding.where[name] for finding in findings}))
    places: dict[Any, list[int]] = {}
    for place, finding in enumerate(findings):
        for value in finding.where[field]:
            places.setdefault(value, []).append(place)
    return field, places


def _together(findings: Sequence[Finding]) -> Selection:
    """A selection that holds every document of every finding, and some more."""
    names = sorted(findings[0].where)
    values = {name: dict.fromkeys(value for finding in findings for value in finding.where[name]) for name in names}
    return Selection(
        dataset=findings[0].dataset,
        since=min(finding.first_seen for finding in findings),
        until=max(finding.last_seen for finding in findings) + _TICK,
        where=tuple(Filter(name, "eq", tuple(values[name])) for name in names),
        fields=("@timestamp", *names),
        limit=PAGE,
    )


def _shows(document: Document, finding: Finding) -> bool:
    in_time = finding.first_seen <= document.time < finding.last_seen + _TICK
    return in_time and all(document.fields.get(name) in values for name, values in finding.where.items())


def _reference(document: Document) -> Reference:
    return {"dataset": document.dataset, "id": document.id}
