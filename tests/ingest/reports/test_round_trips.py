"""parse(render(report)) = report, whatever the senders' habits and however the bytes come."""

from __future__ import annotations

import gzip
import json
import random
import re
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.reports.dmarc import read_dmarc
from ingest.reports.limits import DEFAULT_LIMITS
from ingest.reports.model import DmarcRecord, DmarcReport, TlsReport
from ingest.reports.reader import FoundReport, read_reports
from ingest.reports.records import BLOCK_ROWS, Records
from ingest.reports.render import render_report
from ingest.reports.warnings import Notes
from tests.ingest.reports.report_texts import dmarc_blocks, dmarc_reports, dmarc_xml, records, tls_json, tls_reports

MODERATE = settings(max_examples=15, deadline=None)


def only_report(data: bytes) -> object:
    (item,) = read_reports(data)
    assert isinstance(item, FoundReport), item
    return item.report


@MODERATE
@given(dmarc_reports())
def test_aggregate_report(report: DmarcReport) -> None:
    assert only_report(dmarc_xml(report).encode()) == report


@MODERATE
@given(tls_reports())
def test_tls_report(report: TlsReport) -> None:
    assert only_report(tls_json(report)) == report


@MODERATE
@given(dmarc_reports(), st.sampled_from(("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")))
def test_encodings_change_nothing(report: DmarcReport, encoding: str) -> None:
    assert only_report(dmarc_xml(report).encode(encoding)) == report


@MODERATE
@given(dmarc_reports(), st.randoms(use_true_random=False))
def test_order_of_elements_changes_nothing(report: DmarcReport, rng: random.Random) -> None:
    """Records keep their order among themselves; everything else may stand anywhere."""
    blocks = dmarc_blocks(report)
    frame, rows = blocks[:3], blocks[3:]
    for block in frame:
        rows.insert(rng.randrange(len(rows) + 1), block)
    assert only_report(dmarc_xml(report, rows).encode()) == report


@MODERATE
@given(dmarc_reports(), st.sampled_from(("ns0", "dmarc", "D-1")), st.booleans())
def test_prefixes_change_nothing(report: DmarcReport, prefix: str, root_too: bool) -> None:
    """One prefix on all elements, or on all but the root, which binds it."""
    namespace = report.namespace or "urn:ietf:params:xml:ns:dmarc-2.0"
    head, _, body = dmarc_xml(msgspec.structs.replace(report, namespace=None)).partition("<feedback")
    named = re.sub(r"<(/?)(?=[a-z])", rf"<\1{prefix}:", body)
    if root_too:
        text = f'{head}<{prefix}:feedback xmlns:{prefix}="{namespace}"{named}'
    else:
        own = f'<feedback xmlns="{namespace}" xmlns:{prefix}="{namespace}"'
        text = f"{head}{own}{named}".replace(f"</{prefix}:feedback>", "</feedback>")
    assert only_report(text.encode()) == msgspec.structs.replace(report, namespace=namespace)


@MODERATE
@given(tls_reports(), st.sampled_from(("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")), st.randoms(use_true_random=False))
def test_encodings_and_order_of_members_change_nothing_of_a_tls_report(report: TlsReport, encoding: str, rng: random.Random) -> None:
    assert only_report(json.dumps(_shuffled(json.loads(tls_json(report)), rng)).encode(encoding)) == report


def _shuffled(tree: Any, rng: random.Random) -> Any:
    """The same with the members of each object in another order."""
    if isinstance(tree, dict):
        members = [(name, _shuffled(value, rng)) for name, value in tree.items()]
        rng.shuffle(members)
        return dict(members)
    return [_shuffled(item, rng) for item in tree] if isinstance(tree, list) else tree


@MODERATE
@given(dmarc_reports(), st.integers(1, 40))
def test_chunking_changes_nothing(report: DmarcReport, size: int) -> None:
    data = dmarc_xml(report).encode()
    chunks = (data[start : start + size] for start in range(0, len(data), size))
    assert read_dmarc(chunks, DEFAULT_LIMITS, Notes()) == report


@MODERATE
@given(st.lists(records, min_size=1, max_size=4), st.data())
def test_looking_records_up_is_the_same_as_parsing_them(rows: list[DmarcRecord], data: st.DataObject) -> None:
    """A comment behind the root sends every record through the XML parser."""
    repeated = [
        msgspec.structs.replace(row, source_ip=f"192.0.2.{data.draw(st.integers(0, 255))}", count=data.draw(st.integers(0, 9)))
        for row in rows * 5
    ]
    report = DmarcReport(records=Records(DmarcRecord, repeated))
    quick = only_report(dmarc_xml(report).encode())
    parsed = only_report(dmarc_xml(report, after_root="<!-- -->").encode())
    assert quick == parsed
    assert isinstance(quick, DmarcReport)
    assert list(quick.records) == repeated


@MODERATE
@given(dmarc_reports(), st.data())
def test_a_cut_report_keeps_its_whole_records(report: DmarcReport, data: st.DataObject) -> None:
    text = dmarc_xml(report).encode()
    cut = text[: data.draw(st.integers(text.index(b"<record>"), len(text) - len("</feedback>\n")))]
    got = only_report(cut)
    assert isinstance(got, DmarcReport)
    assert list(got.records) == list(report.records)[: cut.count(b"</record>")]
    assert "xml_truncated" in got.warnings


@MODERATE
@given(dmarc_reports(), st.data())
def test_a_cut_gzip_keeps_a_beginning_of_the_records(report: DmarcReport, data: st.DataObject) -> None:
    packed = gzip.compress(dmarc_xml(report).encode(), 6, mtime=0)
    items = list(read_reports(packed[: data.draw(st.integers(0, len(packed)))]))
    assert len(items) == 1
    if isinstance(items[0], FoundReport):
        got = items[0].report
        assert isinstance(got, DmarcReport)
        assert list(got.records) == list(report.records)[: len(got.records)]


@MODERATE
@given(dmarc_reports())
def test_printing_is_json_of_the_same(report: DmarcReport) -> None:
    printed = b"".join(render_report(report))
    assert printed.endswith(b"}\n")
    tree = msgspec.json.decode(printed)
    assert msgspec.convert(tree["records"], list[DmarcRecord]) == list(report.records)
    assert tree["messages"] == report.messages


def test_rows_beyond_one_block_keep_their_order_and_can_be_walked_again() -> None:
    row = DmarcRecord("192.0.2.1", 0, None, None, None, None)
    rows = [msgspec.structs.replace(row, count=n) for n in range(BLOCK_ROWS * 2 + 7)]
    held = Records(DmarcRecord, rows)
    assert len(held) == len(rows)
    assert list(held) == rows
    assert list(held) == rows
    assert msgspec.json.decode(b"[" + b"".join(held.json_blocks()) + b"]", type=list[DmarcRecord]) == rows
    assert [len(batch) for batch in held.batches()] == [BLOCK_ROWS, BLOCK_ROWS, 7]
