"""The front page: is somebody stripping, where, since when, and who else says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from dashboards.answers import by_time, interval_over, single
from dashboards.figures import Figure, timeline
from dashboards.figures.world import world
from dashboards.lens import Lens
from dashboards.looking import lens_of
from dashboards.pages.incidents import STANDING, ranked_by_severity
from dashboards.questions import reports as report_questions
from dashboards.questions import sessions as session_questions
from dashboards.questions.sessions import COUNTRY, DIRECTION, PATH, VERDICT
from dashboards.rendering import outlined, page
from dashboards.shapes.headline import Headline, Seen, headline
from dashboards.shapes.ranking import Ranked, ranking
from dashboards.shapes.share import Share
from dashboards.sources import Sources
from dashboards.world.countries import country_name
from ingest.store.protocol import Document, StoreReader
from ingest.store.query import Filter, Query, Row, Selection
from ingest.store.schema import STRIPPED

INFERRED = frozenset({"offer_removed", "starttls_refused", "starttls_not_requested", "cleartext_after_failure"})
"""Rules that infer stripping from memory, without a mask on the wire."""
POSING = frozenset({"mx_spoofed", "certificate_changed"})
"""Rules by which somebody may answer in a server's stead."""
MOST_PATHS = 500
"""Paths with the most stripped sessions that the ranking by lower bound is made from."""
MOST_INCIDENTS = 500
NEWEST_REPORTS = 1000
"""Reports looked at for what was left out of them."""


@dataclass(frozen=True, slots=True)
class Overview:
    """All that the page shows."""

    headline: Headline
    totals: Row
    stripped: Share
    encrypted: Share
    countries: list[Ranked]
    paths: list[Ranked]
    verdicts: list[Row]
    suites: list[Row]
    operators: list[Ranked]
    reports: Row
    reported: Row
    reporters: list[Row]
    left_out: list[Row]
    """Reports that do not count, by reason."""
    warnings: list[tuple[str, int]]
    incidents: list[Document]
    earlier: int
    """Unsettled incidents last seen before the range."""
    proof: Document | None
    figures: dict[str, Figure]


def routes(sources: Sources) -> APIRouter:
    router = APIRouter()

    @router.get("/", response_class=HTMLResponse)
    def show(request: Request) -> HTMLResponse:
        lens = lens_of(request, sources)
        return page("overview", sources.settings, lens, view=overview(sources.store, lens))

    return router


def overview(store: StoreReader, lens: Lens) -> Overview:
    """Every figure of the page, each by one query."""
    totals = single(store, session_questions.shares(lens))
    countries = ranking(store.aggregate(session_questions.shares(lens, COUNTRY)), COUNTRY, _reported_by_country(store, lens))
    paths = stripped_paths(store, lens)
    incidents = open_incidents(store, lens)
    reports = single(store, report_questions.totals(lens))
    stripped = Share(totals["stripped"], totals["decided"])
    seen = _seen(totals, stripped, countries, paths, incidents, reports)
    return Overview(
        headline=headline(seen),
        totals=totals,
        stripped=stripped,
        encrypted=Share(totals["encrypted"], totals["decided"]),
        countries=countries,
        paths=paths,
        verdicts=store.aggregate(session_questions.counts(lens, VERDICT)),
        suites=_suites(store, lens),
        operators=ranking(store.aggregate(session_questions.shares(lens, "far_end.as.kind")), "far_end.as.kind"),
        reports=reports,
        reported=single(store, report_questions.tls_totals(lens)),
        reporters=store.aggregate(report_questions.by_reporter(lens)),
        left_out=store.aggregate(report_questions.left_out(lens)),
        warnings=_warnings(store, lens),
        incidents=incidents,
        earlier=earlier_incidents(store, lens),
        proof=_proof(store, lens),
        figures=_figures(store, lens, countries),
    )


def open_incidents(store: StoreReader, lens: Lens) -> list[Document]:
    """What still wants an eye and was last seen in the range, gravest first."""
    selection = Selection(dataset="incidents", since=lens.range.since, until=lens.range.until, where=_unsettled(lens), limit=MOST_INCIDENTS)
    return ranked_by_severity(store.select(selection).documents)


def earlier_incidents(store: StoreReader, lens: Lens) -> int:
    """How many want an eye that were last seen before the range."""
    if lens.range.since is None:
        return 0
    found: int = single(store, Query(dataset="incidents", until=lens.range.since, where=_unsettled(lens)))["count"]
    return found


def _unsettled(lens: Lens) -> tuple[Filter, ...]:
    return (*lens.filters.where("incidents"), Filter("state", "ne", ("closed",)), STANDING)


def stripped_paths(store: StoreReader, lens: Lens) -> list[Ranked]:
    """Paths with stripped sessions. Asked in two steps, so that a site with very many paths can be asked at all."""
    hit = store.aggregate(session_questions.counts(lens, PATH, where=(Filter(VERDICT, "eq", STRIPPED),), limit=MOST_PATHS))
    names = tuple(row[PATH] for row in hit if row[PATH] is not None)
    return ranking(store.aggregate(session_questions.shares(lens, PATH, where=(Filter(PATH, "eq", names),))), PATH) if names else []


def _seen(
    totals: Row, stripped: Share, countries: Sequence[Ranked], paths: Sequence[Ranked], incidents: Sequence[Document], reports: Row
) -> Seen:
    hit = [line for line in countries if line.stripped.affected]
    return Seen(
        sessions=totals["sessions"],
        stripped=stripped,
        paths=len(paths),
        countries=sum(1 for line in hit if line.key),
        reports=reports["reports"],
        reported=sum(line.reported for line in countries),
        suspicious=sum(1 for incident in incidents if incident.fields.get("rule") in INFERRED),
        posing=sum(1 for incident in incidents if incident.fields.get("rule") in POSING),
        worst=(country_name(hit[0].key), hit[0].stripped) if hit and hit[0].key else None,
        agreeing=sum(1 for incident in incidents if incident.fields.get("agreement") == "wire_and_reports"),
    )


def _reported_by_country(store: StoreReader, lens: Lens) -> dict[str | None, int]:
    rows = store.aggregate(report_questions.failures(lens, COUNTRY, where=(report_questions.NO_STARTTLS,)))
    return {row[COUNTRY]: row["failed"] for row in rows}


def _suites(store: StoreReader, lens: Lens) -> list[Row]:
    fields = ("tls.version", "tls.key_exchange", "tls.encryption", "tls.mac")
    return store.aggregate(session_questions.counts(lens, *fields, where=(Filter("tls.established", "eq", (True,)),), limit=40))


def _warnings(store: StoreReader, lens: Lens) -> list[tuple[str, int]]:
    """Warnings of the newest reports with how many reports carry each, most frequent first."""
    where = (*lens.filters.where("reports"), Filter("report.warnings", "exists"))
    selection = Selection(
        dataset="reports",
        since=lens.range.since,
        until=lens.range.until,
        where=where,
        fields=("@timestamp", "report.warnings"),
        limit=NEWEST_REPORTS,
    )
    found: Counter[str] = Counter()
    for document in store.select(selection).documents:
        found.update(set(document.fields.get("report.warnings", ())))
    return found.most_common()


def _proof(store: StoreReader, lens: Lens) -> Document | None:
    """The newest session with tampered bytes: what the headline can be checked against."""
    where = (*lens.filters.where("sessions"), Filter(VERDICT, "eq", STRIPPED))
    documents = store.select(Selection(dataset="sessions", since=lens.range.since, until=lens.range.until, where=where, limit=1)).documents
    return documents[0] if documents else None


def _figures(store: StoreReader, lens: Lens, countries: Sequence[Ranked]) -> dict[str, Figure]:
    figures = {}
    if any(line.stripped.total and line.key for line in countries):
        figures["world"] = world(countries, outlined())
    interval = interval_over(store, lens, "sessions")
    if interval:
        figures["shares"] = timeline.shares(store.aggregate(session_questions.shares(lens, DIRECTION, interval=interval)), interval)
        verdict_counts = session_questions.counts(lens, VERDICT)
        figures["verdicts"] = timeline.verdicts(store.aggregate(by_time(verdict_counts, interval)), interval)
    interval = interval_over(store, lens, "tlsrpt")
    if interval:
        figures["reported"] = timeline.reported(store.aggregate(report_questions.tls_over_time(lens, interval)), interval)
    return figures
