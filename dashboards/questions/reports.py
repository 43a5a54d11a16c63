"""Questions about reports. Rows of reports that do not count (unsigned, failed, in conflict) never enter a figure."""

from __future__ import annotations

from dashboards.lens import Lens
from ingest.store.query import Filter, Interval, Metric, Query

COUNTED = Filter("counted", "eq", (True,))
NO_STARTTLS = Filter("tlsrpt.result_type", "eq", ("starttls-not-supported",))


def by_reporter(lens: Lens) -> Query:
    """Reports, what they speak of and what failed, by reporter, kind, provenance and whether they count."""
    return _query(
        lens,
        "reports",
        ("organization.name", "report.kind", "provenance", "counted"),
        (Metric("reports"), Metric("messages", "sum", "report.messages"), Metric("failures", "sum", "report.failures")),
        order_by="messages",
    )


def totals(lens: Lens) -> Query:
    """Reports in all, and those that do not count."""
    kinds = tuple(Metric(kind, where=(Filter("report.kind", "eq", (kind,)),)) for kind in ("tlsrpt", "dmarc", "failure"))
    left_out = Metric("left_out", where=(Filter("counted", "ne", (True,)),))
    conflicts = Metric("conflicts", where=(Filter("conflict", "eq", (True,)),))
    warned = Metric("warned", where=(Filter("report.warnings", "exists"),))
    return _query(lens, "reports", (), (Metric("reports"), *kinds, left_out, conflicts, warned))


def left_out(lens: Lens) -> Query:
    """Reports that do not count, by the reason why."""
    return _query(lens, "reports", ("left_out",), (Metric("reports"),), (Filter("counted", "ne", (True,)),), order_by="reports")


def tls_over_time(lens: Lens, interval: Interval) -> Query:
    """Sessions that senders report as successful and failed, by time."""
    metrics = (Metric("successful", "sum", "tlsrpt.successful_sessions"), Metric("failed", "sum", "tlsrpt.failed_sessions"))
    return _query(lens, "tlsrpt", (), metrics, (COUNTED,), interval=interval)


def tls_totals(lens: Lens) -> Query:
    metrics = (Metric("successful", "sum", "tlsrpt.successful_sessions"), Metric("failed", "sum", "tlsrpt.failed_sessions"))
    return _query(lens, "tlsrpt", (), metrics, (COUNTED,))


def failures(lens: Lens, *group_by: str, where: tuple[Filter, ...] = (), limit: int | None = None) -> Query:
    """Failed sessions that TLS reports speak of, by group."""
    metrics = (Metric("failed", "sum", "tlsrpt.failed_session_count"), Metric("reports", "distinct", "report.uid"))
    return _query(lens, "tlsrpt_failures", group_by, metrics, (COUNTED, *where), order_by="failed", limit=limit)


def alignment(lens: Lens, *group_by: str, interval: Interval | None = None, limit: int | None = None) -> Query:
    """Messages in our name, those that aligned by DKIM, by SPF, by either, and what was asked to be done with them."""
    metrics = (
        Metric("messages", "sum", "dmarc.count"),
        Metric("aligned", "sum", "dmarc.count", where=(Filter("dmarc.aligned", "eq", (True,)),)),
        Metric("dkim", "sum", "dmarc.count", where=(Filter("dmarc.dkim", "eq", ("pass",)),)),
        Metric("spf", "sum", "dmarc.count", where=(Filter("dmarc.spf", "eq", ("pass",)),)),
    )
    order_by = None if interval else "messages"
    return _query(lens, "dmarc", group_by, metrics, (COUNTED,), order_by=order_by, limit=limit, interval=interval)


def _query(
    lens: Lens,
    dataset: str,
    group_by: tuple[str, ...],
    metrics: tuple[Metric, ...],
    where: tuple[Filter, ...] = (),
    *,
    order_by: str | None = None,
    limit: int | None = None,
    interval: Interval | None = None,
) -> Query:
    return Query(
        dataset=dataset,
        since=lens.range.since,
        until=lens.range.until,
        where=lens.filters.where(dataset) + where,
        group_by=group_by,
        metrics=metrics,
        order_by=order_by,
        limit=limit,
        interval=interval,
    )
