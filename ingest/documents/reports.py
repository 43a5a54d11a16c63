"""A parsed report as documents: its rows first, its own document last (it marks the report complete)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from ingest.documents.ends import far_end_fields
from ingest.documents.fields import storable
from ingest.enrich.enricher import Enricher
from ingest.identity import plain_uid, report_uid, row_id
from ingest.reports.model import DmarcRecord, DmarcReport, FailureDetail, FailureReport, Report, TlsPolicy, TlsReport
from ingest.store.protocol import Document
from ingest.store.schema import DMARC, REPORTS, TLSRPT, TLSRPT_FAILURES

Provenance = Literal["verified", "unsigned", "failed", "posted", "imported"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a report stands: its identity, how far it is trusted, and why it is left out of the figures (None: it counts)."""

    uid: str
    content_hash: str
    provenance: Provenance
    left_out: str | None = None
    conflict: bool = False
    finding: str | None = None
    signer: str | None = None


def by_domain(report: Report) -> list[Report]:
    """A TLS report on several domains as one report a domain, as those may belong to different organisations, or to
    strangers. A policy that names no domain stays with the first that does."""
    if not isinstance(report, TlsReport):
        return [report]
    domains = dict.fromkeys(policy.policy_domain or report.policy_domain for policy in report.policies)
    if len(domains) < 2:
        return [report]
    parts: dict[str | None, list[TlsPolicy]] = {domain: [] for domain in domains}
    for policy in report.policies:
        parts[policy.policy_domain or report.policy_domain].append(policy)
    return [msgspec.structs.replace(report, policy_domain=domain, policies=tuple(policies)) for domain, policies in parts.items()]


def identity(report: Report, arrived: datetime) -> str:
    """The report's uid. A report without dates is told from its maker's others by the day it arrived on."""
    begin = report.begin or report.end or arrived.replace(hour=0, minute=0, second=0, microsecond=0)
    return report_uid(report.kind, report.org_name or "", report.policy_domain or "", report.report_id or "", begin, report.end or begin)


def row_documents(
    report: Report, standing: Standing, arrived: datetime, origin: Mapping[str, Any], enricher: Enricher
) -> Iterator[Document]:
    """The rows of a report; a failure report has none. ``origin`` holds spool.id, tenant and event.ingested."""
    common = _kept({**_common(report, standing, arrived), **origin})
    if isinstance(report, DmarcReport):
        common |= _kept({"dmarc.policy": report.policy_published.p})
        for place, record in enumerate(report.records):
            fields = common | _kept(_dmarc_fields(record, enricher))
            yield Document(dataset=DMARC.name, id=row_id(standing.uid, standing.content_hash, "r", place), fields=fields)
    elif isinstance(report, TlsReport):
        yield from _tls_rows(report, standing, common, enricher)


def _tls_rows(report: TlsReport, standing: Standing, common: Mapping[str, Any], enricher: Enricher) -> Iterator[Document]:
    failures = 0
    for place, policy in enumerate(report.policies):
        fields = {**common, **_kept(_policy_fields(policy, report))}
        counts = {"tlsrpt.successful_sessions": policy.successful_sessions, "tlsrpt.failed_sessions": policy.failed_sessions}
        yield Document(dataset=TLSRPT.name, id=row_id(standing.uid, standing.content_hash, "p", place), fields=fields | counts)
        for detail in policy.failure_details:
            row = fields | _kept(_failure_fields(detail, enricher))
            yield Document(dataset=TLSRPT_FAILURES.name, id=row_id(standing.uid, standing.content_hash, "f", failures), fields=row)
            failures += 1


def report_document(
    report: Report, standing: Standing, arrived: datetime, way: str, peer: str | None, origin: Mapping[str, Any]
) -> Document:
    """The report's own document: written last, it says that the rows are all there."""
    fields = {
        **_common(report, standing, arrived),
        "report.identity": plain_uid(standing.uid),
        "report.kind": report.kind,
        "report.warnings": list(report.warnings) or None,
        "event.hash": standing.content_hash,
        "conflict": standing.conflict,
        "signature.result": standing.finding,
        "signature.domain": standing.signer,
        "way": way,
        "peer.ip": peer,
        **_summary(report),
        **origin,
    }
    return Document(dataset=REPORTS.name, id=standing.uid, fields=_kept(fields))


def _summary(report: Report) -> dict[str, Any]:
    if isinstance(report, DmarcReport):
        return {
            "report.records": len(report.records),
            "report.messages": report.messages,
            "report.failures": report.unaligned,
            "report.contact": report.email,
            "report.extra_contact": report.extra_contact_info,
            "report.generator": report.generator,
            "report.version": report.version,
            "report.namespace": report.namespace,
            "report.errors": list(report.errors) or None,
            "report.extensions": list(report.extensions) or None,
            "report.policies": _tree(report.policy_published),
        }
    if isinstance(report, TlsReport):
        return {
            "report.records": len(report.policies),
            "report.messages": report.sessions,
            "report.failures": report.failures,
            "report.contact": report.contact_info,
            "report.policies": [_policy_summary(policy) for policy in report.policies],
        }
    return {
        "report.records": 1,
        "report.messages": report.incidents,
        "report.failures": report.incidents,
        "report.failure": _failure_report(report),
        "failure.auth_failure": list(report.auth_failure) or None,
        "failure.delivery_result": report.delivery_result,
        "failure.source_ip": report.source_ip,
    }


def _policy_summary(policy: TlsPolicy) -> dict[str, Any]:
    """The policy without its failures: those are documents of their own."""
    built = _tree(msgspec.structs.replace(policy, failure_details=()))
    built.pop("failure_details")
    return built


def _failure_report(report: FailureReport) -> dict[str, Any]:
    built = _tree(report)
    return {name: value for name, value in built.items() if value not in (None, [], ()) and name not in ("kind", "warnings", "dropped")}


def _common(report: Report, standing: Standing, arrived: datetime) -> dict[str, Any]:
    return {
        "@timestamp": (report.begin or report.end or arrived).astimezone(UTC),
        "report.uid": standing.uid,
        "organization.name": report.org_name,
        "report.id": report.report_id,
        "policy.domain": report.policy_domain,
        "report.begin": report.begin,
        "report.end": report.end,
        "provenance": standing.provenance,
        "counted": standing.left_out is None,
        "left_out": standing.left_out,
    }


def _dmarc_fields(record: DmarcRecord, enricher: Enricher) -> dict[str, Any]:
    results = record.auth_results
    return {
        "dmarc.count": record.count,
        "dmarc.disposition": record.disposition,
        "dmarc.dkim": record.dkim,
        "dmarc.spf": record.spf,
        "dmarc.aligned": record.aligned,
        "dmarc.header_from": record.header_from,
        "dmarc.envelope_from": record.envelope_from,
        "dmarc.envelope_to": record.envelope_to,
        "dmarc.reasons": [reason.type for reason in record.reasons if reason.type] or None,
        "dmarc.reason_comments": [reason.comment for reason in record.reasons if reason.comment] or None,
        "dmarc.dkim_domains": sorted({result.domain for result in results.dkim if result.domain}) or None,
        "dmarc.spf_domain": next((result.domain for result in results.spf if result.domain), None),
        "dmarc.auth_results": _tree(results),
        "source.ip": record.source_ip,
        **far_end_fields(record.source_ip, enricher),
    }


def _policy_fields(policy: TlsPolicy, report: TlsReport) -> dict[str, Any]:
    return {
        "policy.domain": policy.policy_domain or report.policy_domain,
        "tlsrpt.policy_type": policy.policy_type,
        "tlsrpt.sts_mode": policy.sts.mode if policy.sts else None,
        "tlsrpt.mx_host": list(policy.mx_host) or None,
    }


def _failure_fields(detail: FailureDetail, enricher: Enricher) -> dict[str, Any]:
    fields: dict[str, Any] = {f"tlsrpt.{name}": getattr(detail, name) for name in detail.__struct_fields__}
    if detail.sending_mta_ip:
        fields.update(far_end_fields(detail.sending_mta_ip, enricher))
    return fields


def _kept(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Absent is absent: None goes; texts and lists of them are made storable (what ``_tree`` made is)."""
    return {name: _storable(value) if isinstance(value, str | list) else value for name, value in fields.items() if value is not None}


def _tree(struct: msgspec.Struct) -> dict[str, Any]:
    """The struct as JSON values with storable text; nearly every text is, which one look at all of it tells."""
    built: dict[str, Any] = msgspec.to_builtins(struct)
    try:
        is_storable = b"\\u0000" not in msgspec.json.encode(struct)
    except UnicodeEncodeError:
        is_storable = False
    return built if is_storable else _storable(built)


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {storable(str(key)): _storable(item) for key, item in value.items()}
    return value
