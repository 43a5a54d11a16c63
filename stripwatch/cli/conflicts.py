"""Conflicting reports: their versions side by side, and the choice of the one that counts."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import msgspec

from ingest.conflicts.differences import Version, differences
from ingest.conflicts.errors import ConflictError
from ingest.conflicts.versions import eligible, identity_of, in_conflict
from ingest.spool.errors import DrainLocked
from ingest.store.protocol import StoreReader
from ingest.store.query import Selection
from ingest.store.schema import REPORTS
from stripwatch.cli.failure import CommandFailed
from stripwatch.cli.listing import Asked
from stripwatch.cli.output import Form, write
from stripwatch.cli.reading import control, reading, served
from stripwatch.site import Site

_FIELDS = ("organization.name", "policy.domain", "report.begin", "way", "peer.ip", "provenance", "signature.result", "report.records")
_FIGURES = ("report.messages", "report.failures")


def list_conflicts(site: Site, asked: Asked) -> None:
    """A row each version, those of one identity together; ``limit`` counts identities."""
    headings = [
        ("id", "id"),
        ("counted", "counts"),
        ("received", "received"),
        *((name, REPORTS.field(name).title) for name in (*_FIELDS, *_FIGURES)),
        ("rows_only_here", "rows only here"),
        ("left_out", "left out"),
    ]
    selection = msgspec.structs.replace(asked.selection(site.now()), limit=200)
    with reading(site) as store:
        shown = write(_rows(store, selection, asked.limit), headings, asked.form, "No report is in conflict with another.")
    if shown and asked.form is Form.table:
        sys.stdout.write("stripwatch reports --choose ID makes that one count, and no other of its identity.\n")


def choose(site: Site, id: str) -> None:
    """By the running service, else here. Raises CommandFailed."""
    if served(site):
        control(site, "POST", f"/reports/{id}/choose")
    else:
        _choose_here(site, id)
    sys.stderr.write(f"report {id} counts now\n")


def _choose_here(site: Site, id: str) -> None:
    from stripwatch.serve.pipeline import Pipeline

    try:
        pipeline = Pipeline(site, judge_everything=False)
    except DrainLocked as error:
        raise CommandFailed("another process drains this spool and answers no questions") from error
    with pipeline:
        try:
            pipeline.choose(id)
        except ConflictError as error:
            raise CommandFailed(f"{error.reason}: {error}") from error
        pipeline.evaluator.evaluate_now()


def _rows(store: StoreReader, selection: Selection, limit: int) -> Iterator[Mapping[str, Any]]:
    for found in islice(in_conflict(store, selection), limit):
        yield from map(_row, differences(store, found))


def _row(version: Version) -> dict[str, Any]:
    report = version.report
    return {
        "id": report.id,
        **report.fields,
        "report.identity": identity_of(report),
        "received": version.received,
        "rows_only_here": None if version.only_here is None else len(version.only_here),
        "can_be_chosen": eligible(report),
    }
