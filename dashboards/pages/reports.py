"""Reports: who reports what, what is left out and why, and one report with its rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from dashboards.answers import interval_over, single
from dashboards.errors import NotFound
from dashboards.figures import timeline
from dashboards.filters import Filters
from dashboards.guards.origin import require_same_origin
from dashboards.lens import Lens
from dashboards.looking import lens_of
from dashboards.questions import reports as questions
from dashboards.rendering import page
from dashboards.shapes.failure_report import failure_facts
from dashboards.shapes.silence import reports_by_day, silences
from dashboards.sources import Sources
from ingest.conflicts.differences import Version, differences
from ingest.conflicts.versions import eligible, identity_of, versions
from ingest.store.protocol import Document
from ingest.store.query import Filter, Query, Selection

MOST_ROWS = 1000
"""Rows of one report that its page shows; the JSON has all."""
MOST_VERSIONS = 20
FAILING = Filter("report.failures", "gt", (0,))


def routes(sources: Sources) -> APIRouter:
    router = APIRouter()

    @router.get("/reports", response_class=HTMLResponse)
    def several(request: Request, after: str | None = None, failing: bool = False) -> HTMLResponse:
        lens = lens_of(request, sources, "reports", also=("after", "failing"))
        store = sources.store
        where = lens.filters.where("reports") + ((FAILING,) if failing else ())
        found = store.select(
            Selection(
                dataset="reports",
                since=lens.range.since,
                until=lens.range.until,
                where=where,
                limit=sources.settings.page_size,
                after=after,
            )
        )
        interval = interval_over(store, lens, "tlsrpt")
        return page(
            "reports",
            sources.settings,
            lens,
            reports=found.documents,
            after=found.after,
            failing=failing,
            first=after is None,
            silent=silences(store.aggregate(reports_by_day(lens.now, _whose(lens))), lens.now) if after is None else [],
            tenants=_tenants(sources),
            totals=single(store, questions.totals(lens)),
            left_out=store.aggregate(questions.left_out(lens)),
            reported=single(store, questions.tls_totals(lens)),
            results=store.aggregate(questions.failures(lens, "tlsrpt.result_type")),
            receivers=store.aggregate(questions.failures(lens, "tlsrpt.receiving_mx_hostname", "tlsrpt.result_type", limit=20)),
            senders=store.aggregate(
                questions.failures(lens, "far_end.geo.country_iso_code", "far_end.as.organization.name", "tlsrpt.result_type", limit=20)
            ),
            figure=timeline.reported(store.aggregate(questions.tls_over_time(lens, interval)), interval) if interval else None,
        )

    @router.get("/reports/{id}", response_class=HTMLResponse)
    def one(id: str, request: Request) -> HTMLResponse:
        lens = lens_of(request, sources, "reports")
        report = sources.store.get("reports", id)
        if report is None:
            raise NotFound(f"no report {id}")
        uid = str(report.fields.get("report.uid", id))
        return page(
            "report",
            sources.settings,
            lens,
            report=report,
            f=report.fields,
            rows=_largest(_of(sources, "dmarc", uid), "dmarc.count"),
            policies=_of(sources, "tlsrpt", uid),
            failures=_largest(_of(sources, "tlsrpt_failures", uid), "tlsrpt.failed_session_count"),
            versions=_versions(sources, report),
            eligible=eligible,
            said=failure_facts(report.fields.get("report.failure")),
            most=MOST_ROWS,
        )

    @router.post("/reports/{id}/choose")
    def choose(id: str, request: Request) -> Response:
        require_same_origin(request.headers)
        sources.choose_report(id)
        return RedirectResponse(f"/reports/{id}", 303)

    return router


def _whose(lens: Lens) -> tuple[Filter, ...]:
    """The filters that say whose reports are looked at, not which."""
    return Filters(tuple(c for c in lens.filters.choices if c.name in ("tenant", "domain", "reporter"))).where("reports")


def _tenants(sources: Sources) -> list[tuple[str, str]]:
    """Tenants that reports belong to, as (value, title); none where nobody configured any."""
    rows = sources.store.aggregate(Query(dataset="reports", where=(Filter("tenant", "exists"),), group_by=("tenant",)))
    return [(row["tenant"], row["tenant"]) for row in rows]


def _of(sources: Sources, dataset: str, uid: str) -> Sequence[Document]:
    """A report's rows in a dataset."""
    same = Filter("report.uid", "eq", (uid,))
    return sources.store.select(Selection(dataset=dataset, where=(same,), limit=MOST_ROWS)).documents


def _largest(documents: Sequence[Document], field: str) -> list[Document]:
    return sorted(documents, key=lambda document: -document.fields.get(field, 0))


def _versions(sources: Sources, report: Document) -> list[Version]:
    """All reports of its identity when it has rivals, itself among them."""
    found = list(islice(versions(sources.store, identity_of(report)), MOST_VERSIONS))
    return differences(sources.store, found) if len(found) > 1 else []
