"""A report as one line of JSON, in pieces, so that a report of any size is printed from flat memory."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from ingest.reports.model import DmarcReport, Report


def render_report(report: Report) -> Iterator[bytes]:
    """Pieces of one line of JSON, the line's end included (what ``parse --json`` prints)."""
    if not isinstance(report, DmarcReport):
        yield msgspec.json.encode(report) + b"\n"
        return
    head = {name: getattr(report, name) for name in report.__struct_fields__ if name != "records"}
    yield msgspec.json.encode(head)[:-1] + b',"records":['
    yield from report.records.json_blocks()
    yield b"]}\n"
