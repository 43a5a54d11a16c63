"""Judge what is stored: the incidents that are new or have changed.

An evaluation reads and gives back; the caller puts. It is a function of the documents alone: evaluating twice, in any
order of arrival, in batches or at once, on a store rebuilt by replay, gives the same incidents under the same ids.
A condition that ceases leaves its incident as it was. An incident that the documents no longer bear, because some came
late, is withdrawn: kept, with nothing affected, so that nobody wonders where it went.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from ingest.incidents.agreement import Judged, judged
from ingest.incidents.evidence import evidence
from ingest.incidents.finding import Finding
from ingest.incidents.model import Incident, evidence_keys
from ingest.incidents.rules import RULES
from ingest.incidents.scene import Scene
from ingest.incidents.settings import DEFAULTS, Settings
from ingest.incidents.states import StateBook
from ingest.incidents.wilson import interval
from ingest.incidents.window import Span, Window, month_of, touched
from ingest.store.protocol import StoreReader, select_all
from ingest.store.query import Filter, Metric, Query, Selection
from ingest.store.schema import INCIDENTS
from ingest.store.values import date_text

COUNTED = (Filter("counted", "eq", (True,)),)
READ = {"sessions": (), "tlsrpt": COUNTED, "tlsrpt_failures": COUNTED, "dmarc": COUNTED}
"""What rules read, by dataset."""
WITHDRAWN = "Withdrawn, as documents that came later do not bear it out."


def evaluate(
    store: StoreReader,
    *,
    now: datetime,
    settings: Settings = DEFAULTS,
    spans: Mapping[str, Span] | None = None,
    states: StateBook | None = None,
) -> list[Incident]:
    """The incidents to put: new ones and those that changed, the oldest window first.

    ``spans`` says, by dataset, from when to when (their own time) the documents are that were written since the last
    evaluation; None means everything there is. Raises StoreUnavailable.
    """
    there = _windows(store)
    windows = sorted(there) if spans is None else touched(spans, there, settings.lead + settings.memory)
    return [incident for window in windows for incident in _judge(Scene(store, window, settings, there[window]), now, states)]


def _judge(scene: Scene, now: datetime, states: StateBook | None) -> Iterator[Incident]:
    findings = [finding for rule in RULES.values() for finding in rule(scene)]
    known = _known(scene.store, scene.window)
    current = {verdict.finding.id(scene.window): verdict for verdict in judged(scene, findings)}
    drafts = [_draft(id, verdict, scene.window, known.get(id), now, states) for id, verdict in sorted(current.items())]
    changed = [draft for draft in drafts if _differs(draft, known.get(draft.id))]
    lists = evidence(scene.store, [current[draft.id].finding for draft in changed], scene.settings.evidence)
    for draft, documents in zip(changed, lists, strict=True):
        yield msgspec.structs.replace(draft, evidence=tuple(documents))
    for id in sorted(known.keys() - current.keys()):
        withdrawn = _withdrawn(known[id], now, states)
        if _differs(withdrawn, known[id]):
            yield withdrawn


def _draft(id: str, verdict: Judged, window: Window, known: Incident | None, now: datetime, states: StateBook | None) -> Incident:
    """The incident of a finding, without its evidence."""
    finding = verdict.finding
    low, high = interval(finding.affected, finding.total)
    draft = Incident(
        id=id,
        rule=finding.rule,
        severity=finding.severity,
        scope=finding.scope,
        subject=finding.subject,
        kind=finding.kind or None,
        summary=finding.text,
        country=finding.country,
        path=finding.path,
        direction=finding.direction,
        affected=finding.affected,
        total=finding.total,
        share=finding.affected / finding.total,
        lower=low,
        upper=high,
        first_seen=finding.first_seen,
        last_seen=finding.last_seen,
        window_begin=window.begin,
        window_end=window.end,
        keys=_keys(finding),
        sources=verdict.sources,
        agreement=verdict.agreement,
        updated=now,
        tenant=finding.tenant,
    )
    return _decided(draft, known, states)


def _keys(finding: Finding) -> dict[str, object]:
    return evidence_keys(finding.dataset, dict(finding.where), finding.first_seen, finding.last_seen)


def _withdrawn(incident: Incident, now: datetime, states: StateBook | None) -> Incident:
    if incident.withdrawn:
        return _decided(incident, incident, states)
    low, high = interval(0, incident.total)
    draft = msgspec.structs.replace(
        incident,
        severity="low",
        affected=0,
        share=0.0,
        lower=low,
        upper=high,
        evidence=(),
        summary=f"{WITHDRAWN} {incident.summary}",
        updated=now,
    )
    return _decided(draft, incident, states)


def _decided(draft: Incident, known: Incident | None, states: StateBook | None) -> Incident:
    """With the state that a person set: the book's, else the stored one."""
    decision = states.get(draft.id) if states is not None else None
    state = decision.state if decision else known.state if known else draft.state
    return msgspec.structs.replace(draft, state=state)


def _differs(draft: Incident, known: Incident | None) -> bool:
    if known is None:
        return True
    return draft != msgspec.structs.replace(known, updated=draft.updated, evidence=draft.evidence)


def _known(store: StoreReader, window: Window) -> dict[str, Incident]:
    """The stored incidents of a window, by id."""
    begin = date_text(window.begin)
    where = (Filter("window.begin", "gte", (begin,)), Filter("window.begin", "lte", (begin,)))
    selection = Selection(dataset=INCIDENTS.name, where=where, limit=1_000)
    return {document.id: Incident.from_document(document) for document in select_all(store, selection)}


def _windows(store: StoreReader) -> dict[Window, datetime]:
    """The windows that hold documents that rules read, and each one's newest time on the wire (its begin without any).
    A clock that jumped by years makes one window more, not hundreds of empty ones."""
    newest = Metric("newest", "max", "@timestamp")
    windows: dict[Window, datetime] = {}
    for name, where in READ.items():
        for row in store.aggregate(Query(dataset=name, where=where, interval="month", metrics=(newest,))):
            window = month_of(row["@timestamp"])
            known = windows.setdefault(window, window.begin)
            if name == "sessions":
                windows[window] = max(known, row["newest"])
    return windows
