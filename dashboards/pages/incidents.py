"""Incidents: the list, one with its evidence, and the buttons that settle it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from dashboards.errors import NotFound
from dashboards.filters import BY_FIELD, parameter
from dashboards.guards.origin import require_same_origin
from dashboards.lens import Lens, address
from dashboards.looking import lens_of
from dashboards.rendering import page
from dashboards.shapes import words
from dashboards.shapes.share import Share
from dashboards.sources import Sources, State
from ingest.store.protocol import Document, StoreReader
from ingest.store.query import Filter, Query, Selection
from ingest.store.schema import DATASETS

ACTIONS: dict[str, State] = {"acknowledge": "acknowledged", "close": "closed", "reopen": "open"}
EVIDENCE_SHOWN = 50
STANDING = Filter("affected", "gt", (0,))
"""Leaves out withdrawn incidents: later documents took the ground from under them."""
LOCAL = ("sessions", "reports", "dmarc", "tlsrpt", "tlsrpt_failures")


@dataclass(frozen=True, slots=True)
class Evidence:
    """One document that shows an incident. ``document`` is None when retention has taken it."""

    dataset: str
    id: str
    document: Document | None
    href: str


def routes(sources: Sources) -> APIRouter:
    router = APIRouter()

    @router.get("/incidents", response_class=HTMLResponse)
    def several(request: Request, after: str | None = None) -> HTMLResponse:
        lens = lens_of(request, sources, "incidents", also=("after",))
        found = sources.store.select(_selection(lens, sources.settings.page_size, after))
        states = sources.store.aggregate(_by_state(lens))
        rows = found.documents if after else ranked_by_severity(found.documents)
        return page("incidents", sources.settings, lens, incidents=rows, after=found.after, states=states, first=after is None)

    @router.get("/incidents/{id}", response_class=HTMLResponse)
    def one(id: str, request: Request) -> HTMLResponse:
        lens = lens_of(request, sources, "incidents")
        incident = _get(sources.store, id)
        fields = incident.fields
        return page(
            "incident",
            sources.settings,
            lens,
            incident=incident,
            share=Share(fields.get("affected", 0), max(fields.get("total", 0), fields.get("affected", 0))),
            evidence=evidence(sources.store, fields.get("evidence", ())),
            more=more_evidence(fields.get("keys")),
            actions=[name for name, state in ACTIONS.items() if state != fields.get("state")],
        )

    @router.post("/incidents/{id}/{action}")
    def settle(id: str, action: str, request: Request) -> Response:
        require_same_origin(request.headers)
        if action not in ACTIONS:
            raise NotFound(f"an incident cannot be told to {action}")
        _get(sources.store, id)
        sources.set_state(id, ACTIONS[action])
        return RedirectResponse(f"/incidents/{id}", 303)

    return router


def ranked_by_severity(documents: Iterable[Document]) -> list[Document]:
    """Unsettled ones first, then the gravest, then the largest proven share."""

    def order(document: Document) -> tuple[int, int, float]:
        fields = document.fields
        state = list(words.STATES).index(fields["state"]) if fields.get("state") in words.STATES else 0
        severity = words.SEVERITIES.index(fields["severity"]) if fields.get("severity") in words.SEVERITIES else 9
        return state, severity, -fields.get("lower", 0.0)

    return sorted(documents, key=order)


def evidence(store: StoreReader, references: Iterable[Any]) -> list[Evidence]:
    """The documents that the references ``{dataset, id}`` name, in their order; malformed references are passed over."""
    known = [r for r in references if isinstance(r, Mapping) and r.get("dataset") in LOCAL and isinstance(r.get("id"), str)]
    found = []
    for reference in known[:EVIDENCE_SHOWN]:
        document = store.get(reference["dataset"], reference["id"])
        found.append(Evidence(reference["dataset"], reference["id"], document, _href(reference["dataset"], reference["id"], document)))
    return found


def more_evidence(keys: Any) -> str | None:
    """The sessions page narrowed to an incident's keys (``ingest.incidents.model.evidence_keys``), None when they are of
    another dataset or of a field that no address can name."""
    if not isinstance(keys, Mapping) or keys.get("dataset") != "sessions" or not isinstance(keys.get("where"), Mapping):
        return None
    where = keys["where"]
    if not all(field in BY_FIELD and DATASETS["sessions"].has(field) for field in where):
        return None
    pairs = [(BY_FIELD[field], parameter(value)) for field, values in where.items() for value in values]
    return address("/sessions", [*((name, str(keys[name])) for name in ("since", "until") if name in keys), *pairs])


def _href(dataset: str, id: str, document: Document | None) -> str:
    if dataset == "sessions":
        return f"/sessions/{id}"
    report = id if dataset == "reports" else (document.fields.get("report.uid") if document else None)
    return f"/reports/{report}" if report else ""


def _get(store: StoreReader, id: str) -> Document:
    found = store.get("incidents", id)
    if found is None:
        raise NotFound(f"no incident {id}")
    return found


def _selection(lens: Lens, limit: int, after: str | None) -> Selection:
    where = (*lens.filters.where("incidents"), STANDING)
    return Selection(dataset="incidents", since=lens.range.since, until=lens.range.until, where=where, limit=limit, after=after)


def _by_state(lens: Lens) -> Query:
    return Query(
        dataset="incidents",
        since=lens.range.since,
        until=lens.range.until,
        where=(*lens.filters.where("incidents"), STANDING),
        group_by=("state", "severity"),
    )
