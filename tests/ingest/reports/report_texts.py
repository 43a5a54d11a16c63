"""Reports written out as their senders write them, and strategies that make reports."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address
from typing import Any
from xml.sax.saxutils import escape

from hypothesis import strategies as st

from ingest.reports.model import (
    AuthResults,
    DkimResult,
    DmarcRecord,
    DmarcReport,
    FailureDetail,
    PolicyPublished,
    Reason,
    SpfResult,
    TlsPolicy,
    TlsReport,
)
from ingest.reports.names import LARGEST_COUNT
from ingest.reports.policy_string import sts_policy, tlsa_records
from ingest.reports.records import Records
from ingest.reports.tlsrpt_words import POLICY_TYPES, RESULT_TYPES

# --- strategies ---

_epoch = datetime(1970, 1, 1, tzinfo=UTC)
times = st.integers(0, 4_000_000_000).map(lambda seconds: _epoch + timedelta(seconds=seconds))
texts = st.from_regex(r"[!-;=?-~äß€中😀][ !-~äß€中😀]{0,20}[!-~äß€中😀]", fullmatch=True)
domains = st.from_regex(r"[a-z0-9-]{1,12}(\.[a-z0-9-]{1,12}){1,3}", fullmatch=True)
words = st.from_regex(r"[a-z_]{1,12}", fullmatch=True)


def _not_mapped(address: IPv6Address) -> bool:
    return address.ipv4_mapped is None


addresses = (st.ip_addresses(v=4) | st.ip_addresses(v=6).filter(_not_mapped)).map(str)
counts = st.integers(0, LARGEST_COUNT // 1000) | st.integers(0, 100)
aligned = st.sampled_from(("pass", "fail"))
maybe_texts, maybe_domains, maybe_words = st.none() | texts, st.none() | domains, st.none() | words

dkim_results = st.builds(DkimResult, domains, maybe_texts, maybe_words, maybe_texts)
spf_results = st.builds(SpfResult, domains, st.none() | st.sampled_from(("mfrom", "helo")), maybe_words, maybe_texts)
records = st.builds(
    DmarcRecord,
    addresses,
    counts,
    st.sampled_from(("none", "quarantine", "reject", "pass")),
    aligned,
    aligned,
    domains,
    maybe_domains,
    maybe_domains,
    st.lists(st.builds(Reason, words, maybe_texts), max_size=2).map(tuple),
    st.builds(AuthResults, st.lists(dkim_results, max_size=3).map(tuple), st.lists(spf_results, max_size=2).map(tuple)),
)
policies_published = st.builds(
    PolicyPublished,
    domain=domains,
    adkim=st.sampled_from(("r", "s")),
    aspf=st.sampled_from(("r", "s")),
    p=st.sampled_from(("none", "quarantine", "reject")),
    sp=maybe_words,
    np=maybe_words,
    pct=st.none() | st.integers(0, 100),
    fo=st.none() | st.just("1:d"),
    testing=st.none() | st.sampled_from(("y", "n")),
    discovery_method=st.none() | st.sampled_from(("psl", "treewalk")),
)


@st.composite
def dmarc_reports(draw: st.DrawFn) -> DmarcReport:
    rows = draw(st.lists(records, min_size=1, max_size=6))
    begin, end = sorted((draw(times), draw(times)))
    policy = draw(policies_published)
    return DmarcReport(
        org_name=draw(texts),
        report_id=draw(texts),
        policy_domain=policy.domain,
        begin=begin,
        end=end,
        email=draw(maybe_texts),
        extra_contact_info=draw(maybe_texts),
        generator=draw(maybe_texts),
        errors=tuple(draw(st.lists(texts, max_size=2))),
        version=draw(st.none() | st.just("1.0")),
        namespace=draw(st.none() | st.just("urn:ietf:params:xml:ns:dmarc-2.0")),
        policy_published=policy,
        messages=sum(row.count for row in rows),
        unaligned=sum(row.count for row in rows if not row.aligned),
        records=Records(DmarcRecord, rows),
    )


details = st.builds(
    FailureDetail,
    result_type=st.sampled_from(sorted(RESULT_TYPES)),
    sending_mta_ip=st.none() | addresses,
    receiving_mx_hostname=maybe_domains,
    receiving_mx_helo=maybe_texts,
    receiving_ip=st.none() | addresses,
    failed_session_count=counts,
    additional_information=maybe_texts,
    failure_reason_code=maybe_texts,
)
_lines = st.sampled_from(
    (
        (),
        ("version: STSv1", "mode: enforce", "mx: *.mail.example", "max_age: 604800"),
        ("3 1 1 " + "ab" * 32,),
        ("3 1 1 " + "0c" * 32, "2 0 1 " + "1d" * 32),
    )
)


@st.composite
def tls_reports(draw: st.DrawFn) -> TlsReport:
    def policy() -> TlsPolicy:
        failures = tuple(draw(st.lists(details, max_size=3)))
        lines = draw(_lines)
        return TlsPolicy(
            policy_type=draw(st.sampled_from(sorted(POLICY_TYPES))),
            policy_domain=draw(domains),
            policy_string=lines,
            mx_host=tuple(draw(st.lists(domains, max_size=3, unique=True))),
            successful_sessions=draw(counts),
            failed_sessions=sum(detail.failed_session_count for detail in failures),
            failure_details=failures,
            sts=sts_policy(lines),
            tlsa=tlsa_records(lines),
        )

    found = tuple(policy() for _ in range(draw(st.integers(1, 3))))
    begin, end = sorted((draw(times), draw(times)))
    return TlsReport(
        org_name=draw(texts),
        report_id=draw(texts),
        policy_domain=found[0].policy_domain,
        begin=begin,
        end=end,
        contact_info=draw(texts),
        policies=found,
    )


# --- writers ---


def _leaf(name: str, value: object) -> str:
    return "" if value is None else f"<{name}>{escape(str(value))}</{name}>"


def _leaves(struct: DkimResult | SpfResult | PolicyPublished) -> str:
    return "".join(_leaf(name, getattr(struct, name)) for name in struct.__struct_fields__)


def _seconds(when: datetime | None) -> int | None:
    return None if when is None else int((when - _epoch).total_seconds())


def record_xml(record: DmarcRecord) -> str:
    reasons = "".join(f"<reason>{_leaf('type', r.type)}{_leaf('comment', r.comment)}</reason>" for r in record.reasons)
    dkim = "".join(f"<dkim>{_leaves(r)}</dkim>" for r in record.auth_results.dkim)
    spf = "".join(f"<spf>{_leaves(r)}</spf>" for r in record.auth_results.spf)
    return (
        f"<record>\n <row>{_leaf('source_ip', record.source_ip)}\n{_leaf('count', record.count)}"
        f"<policy_evaluated>{_leaf('disposition', record.disposition)}{_leaf('dkim', record.dkim)}{_leaf('spf', record.spf)}{reasons}"
        f"</policy_evaluated></row>\n <identifiers>{_leaf('envelope_to', record.envelope_to)}{_leaf('envelope_from', record.envelope_from)}"
        f"{_leaf('header_from', record.header_from)}</identifiers>\n <auth_results>{dkim}{spf}</auth_results></record>\n"
    )


def metadata_xml(report: DmarcReport) -> str:
    errors = "".join(_leaf("error", error) for error in report.errors)
    return (
        f"<report_metadata>{_leaf('org_name', report.org_name)}{_leaf('email', report.email)}"
        f"{_leaf('extra_contact_info', report.extra_contact_info)}{_leaf('report_id', report.report_id)}"
        f"<date_range>{_leaf('begin', _seconds(report.begin))}{_leaf('end', _seconds(report.end))}</date_range>"
        f"{errors}{_leaf('generator', report.generator)}</report_metadata>\n"
    )


def policy_xml(policy: PolicyPublished) -> str:
    return f"<policy_published>{_leaves(policy)}</policy_published>\n"


def dmarc_blocks(report: DmarcReport) -> list[str]:
    """The report's parts, one child of the root each."""
    blocks = [_leaf("version", report.version), metadata_xml(report), policy_xml(report.policy_published)]
    return blocks + [record_xml(record) for record in report.records]


def dmarc_xml(report: DmarcReport, blocks: list[str] | None = None, after_root: str = "") -> str:
    namespace = "" if report.namespace is None else f' xmlns="{report.namespace}"'
    content = "".join(dmarc_blocks(report) if blocks is None else blocks)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<feedback{namespace}>{after_root}\n{content}</feedback>\n'


def _given(members: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in members.items() if value is not None}


def tls_json(report: TlsReport) -> bytes:
    def policy(item: TlsPolicy) -> dict[str, Any]:
        names = {name: name.replace("_", "-") for name in FailureDetail.__struct_fields__}
        return {
            "policy": {
                "policy-type": item.policy_type,
                "policy-domain": item.policy_domain,
                "policy-string": list(item.policy_string),
                "mx-host": list(item.mx_host),
            },
            "summary": {"total-successful-session-count": item.successful_sessions, "total-failure-session-count": item.failed_sessions},
            "failure-details": [_given({key: getattr(detail, name) for name, key in names.items()}) for detail in item.failure_details],
        }

    dates = {"start-datetime": report.begin, "end-datetime": report.end}
    return json.dumps(
        {
            "organization-name": report.org_name,
            "date-range": {key: when.isoformat().replace("+00:00", "Z") for key, when in dates.items() if when},
            "contact-info": report.contact_info,
            "report-id": report.report_id,
            "policies": [policy(item) for item in report.policies],
        }
    ).encode()
