"""Encryption: versions, suites, certificates and keys, by counterpart, and what demanding more would cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from dashboards.answers import single
from dashboards.lens import Lens
from dashboards.looking import lens_of
from dashboards.questions.sessions import OBSERVED, counts, shares
from dashboards.rendering import page
from dashboards.shapes.share import Share
from dashboards.sources import Sources
from ingest.store.protocol import StoreReader
from ingest.store.query import Filter, Metric, Query, Row

ESTABLISHED = Filter("tls.established", "eq", (True,))
TRUSTS = ("trusted", "self_signed", "expired", "unknown_issuer", "invalid", "not_observable", "not_checked")
MATCHES = ("mx", "domain", "neither", "unknown", "not_observable")
MOST = 50


@dataclass(frozen=True, slots=True)
class Demand:
    """What would fail if something were required of every session."""

    title: str
    share: Share
    note: str


@dataclass(frozen=True, slots=True)
class Encryption:
    """All that the page shows. ``certificates`` is trust × match → sessions."""

    versions: list[Row]
    suites: list[Row]
    certificates: dict[tuple[str, str], int]
    keys: list[Row]
    secrecy: Share
    counterparts: list[Row]
    software: list[Row]
    demands: list[Demand]


def routes(sources: Sources) -> APIRouter:
    router = APIRouter()

    @router.get("/encryption", response_class=HTMLResponse)
    def show(request: Request) -> HTMLResponse:
        lens = lens_of(request, sources, "sessions")
        view = encryption(sources.store, lens)
        return page("encryption", sources.settings, lens, view=view, trusts=TRUSTS, matches=MATCHES)

    return router


def encryption(store: StoreReader, lens: Lens) -> Encryption:
    certificates = store.aggregate(counts(lens, "tls.certificate.trust", "tls.certificate.match", where=(ESTABLISHED,)))
    totals = single(store, _demanding(lens))
    return Encryption(
        versions=store.aggregate(counts(lens, "tls.version", "network.direction", where=(ESTABLISHED,))),
        suites=store.aggregate(
            counts(lens, "tls.version", "tls.key_exchange", "tls.encryption", "tls.mac", where=(ESTABLISHED,), limit=MOST)
        ),
        certificates={
            (r["tls.certificate.trust"] or "not_observable", r["tls.certificate.match"] or "not_observable"): r["count"]
            for r in certificates
        },
        keys=store.aggregate(_keys(lens)),
        secrecy=Share(totals["secret"], totals["tls"]),
        counterparts=_largest(store.aggregate(shares(lens, "far_end.as.number", "far_end.as.organization.name"))),
        software=_largest(store.aggregate(shares(lens, "smtp.software"))),
        demands=demands(totals),
    )


def demands(totals: Row) -> list[Demand]:
    """The interoperability penalty: what each demand would have refused of what was seen (decided sessions)."""
    decided = totals["decided"]
    return [
        Demand("TLS", Share(decided - totals["tls"], decided), "sessions that ended without TLS"),
        Demand("TLS 1.2 or newer", Share(decided - totals["modern"], decided), "those, and TLS 1.0, 1.1 and SSL"),
        Demand("forward secrecy", Share(decided - totals["secret"], decided), "those without TLS, and static RSA key exchange"),
        Demand(
            "a trusted certificate",
            Share(totals["untrusted"], totals["judged"]),
            "of sessions whose certificate could be seen and checked: TLS 1.3 hides it from a tap",
        ),
        Demand(
            "a certificate that names the MX (MTA-STS, DANE)",
            Share(totals["unnamed"], totals["named_known"]),
            "of sessions where it could be compared",
        ),
    ]


def _demanding(lens: Lens) -> Query:
    def of(name: str, *where: Filter) -> Metric:
        return Metric(name, where=(*where, OBSERVED))

    trust, match = "tls.certificate.trust", "tls.certificate.match"
    unjudged = ("not_observable", "not_checked")
    metrics = (
        of("decided", Filter("smtp.verdict", "ne", ("incomplete",))),
        of("tls", Filter("smtp.verdict", "eq", ("tls", "implicit_tls"))),
        of("modern", Filter("smtp.verdict", "eq", ("tls", "implicit_tls")), Filter("tls.version", "eq", ("1.2", "1.3"))),
        of("secret", Filter("smtp.verdict", "eq", ("tls", "implicit_tls")), Filter("tls.forward_secrecy", "eq", (True,))),
        of("judged", Filter(trust, "exists"), Filter(trust, "ne", unjudged)),
        of("untrusted", Filter(trust, "exists"), Filter(trust, "ne", (*unjudged, "trusted"))),
        of("named_known", Filter(match, "eq", ("mx", "domain", "neither"))),
        of("unnamed", Filter(match, "eq", ("domain", "neither"))),
    )
    return Query(dataset="sessions", since=lens.range.since, until=lens.range.until, where=lens.filters.where("sessions"), metrics=metrics)


def _keys(lens: Lens) -> Query:
    seen = Filter("tls.server.x509.public_key_algorithm", "exists")
    fields = ("tls.server.x509.public_key_algorithm", "tls.server.x509.public_key_size")
    return Query(
        dataset="sessions",
        since=lens.range.since,
        until=lens.range.until,
        where=(*lens.filters.where("sessions"), seen),
        group_by=fields,
        metrics=(Metric("count"), Metric("certificates", "distinct", "tls.server.hash.sha256")),
        order_by="count",
    )


def _largest(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: -row["sessions"])[:MOST]
