"""A TLS report as RFC 8460 §4.4 writes it, decoded straight into types.

Only the plain form is taken: the specification's own keys, whole numbers, lists where lists belong, one line a string,
dates in UTC. Anything else, however slight, is None here and the tolerant reader's, so that an answer of this module is
exactly the tolerant reader's answer without warnings.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

import msgspec

from ingest.reports.addresses import canonical_address
from ingest.reports.model import FailureDetail, StsPolicy, TlsaRecord, TlsPolicy, TlsReport
from ingest.reports.names import LARGEST_COUNT
from ingest.reports.policy_string import sts_policy, tlsa_records
from ingest.reports.tlsrpt_words import POLICY_TYPES, RESULT_TYPES

_STRINGS = 1_000
_POLICIES_KEPT = 256
_TIMES_KEPT = 256
_LONGEST_POLICY = 1_000
"""Characters of a policy that is kept taken apart: the same one stands in report after report."""


class _Dates(msgspec.Struct, rename="kebab", forbid_unknown_fields=True, gc=False):
    start_datetime: str
    end_datetime: str


class _Policy(msgspec.Struct, rename="kebab", forbid_unknown_fields=True, gc=False):
    policy_type: str
    policy_domain: str
    policy_string: list[str] = []
    mx_host: list[str] = []


class _Summary(msgspec.Struct, rename="kebab", forbid_unknown_fields=True, gc=False):
    total_successful_session_count: int | float
    """A float is told from an integer, as ``5.0`` is no count."""
    total_failure_session_count: int | float


class _Detail(msgspec.Struct, rename="kebab", forbid_unknown_fields=True, gc=False):
    result_type: str
    failed_session_count: int | float
    sending_mta_ip: str | None = None
    receiving_mx_hostname: str | None = None
    receiving_mx_helo: str | None = None
    receiving_ip: str | None = None
    additional_information: str | None = None
    failure_reason_code: str | None = None


class _Result(msgspec.Struct, rename="kebab", forbid_unknown_fields=True, gc=False):
    policy: _Policy
    summary: _Summary
    failure_details: list[_Detail] = []


class _Report(msgspec.Struct, rename="kebab", forbid_unknown_fields=True, gc=False):
    organization_name: str
    date_range: _Dates
    contact_info: str
    report_id: str
    policies: list[_Result]


class _OtherForm(Exception):
    """Inside this module only."""


_decode = msgspec.json.Decoder(_Report).decode


def well_formed(text: bytes) -> TlsReport | None:
    """The report in this clean UTF-8, whose length keeps every string of it under the limit of one text."""
    try:
        return _report(_decode(text))
    except (msgspec.MsgspecError, _OtherForm, ValueError, RecursionError):
        return None


def _report(wire: _Report) -> TlsReport:
    begin, end = _time(wire.date_range.start_datetime), _time(wire.date_range.end_datetime)
    policies = tuple([_policy(result) for result in wire.policies])
    if end < begin or not policies:
        raise _OtherForm
    return TlsReport(
        org_name=_text(wire.organization_name),
        report_id=_text(wire.report_id),
        policy_domain=policies[0].policy_domain,
        begin=begin,
        end=end,
        contact_info=_text(wire.contact_info),
        policies=policies,
    )


def _policy(wire: _Result) -> TlsPolicy:
    policy = wire.policy
    if policy.policy_type not in POLICY_TYPES:
        raise _OtherForm
    failed = _count(wire.summary.total_failure_session_count)
    details = tuple([_detail(detail) for detail in wire.failure_details])
    if details and sum([detail.failed_session_count for detail in details]) != failed:
        raise _OtherForm
    lines, hosts = tuple(policy.policy_string), tuple(policy.mx_host)
    short = sum(map(len, lines)) + sum(map(len, hosts)) <= _LONGEST_POLICY
    sts, tlsa = (_kept if short else _taken_apart)(lines)
    return TlsPolicy(
        policy_type=policy.policy_type,
        policy_domain=_domain(policy.policy_domain),
        policy_string=lines,
        mx_host=(_kept_hosts if short else _hosts)(hosts),
        successful_sessions=_count(wire.summary.total_successful_session_count),
        failed_sessions=failed,
        failure_details=details,
        sts=sts,
        tlsa=tlsa,
    )


def _detail(wire: _Detail) -> FailureDetail:
    if wire.result_type not in RESULT_TYPES:
        raise _OtherForm
    hostname = wire.receiving_mx_hostname
    return FailureDetail(
        result_type=wire.result_type,
        sending_mta_ip=_address(wire.sending_mta_ip),
        receiving_mx_hostname=_domain(hostname) if hostname else None,
        receiving_mx_helo=_maybe(wire.receiving_mx_helo),
        receiving_ip=_address(wire.receiving_ip),
        failed_session_count=_count(wire.failed_session_count),
        additional_information=_maybe(wire.additional_information),
        failure_reason_code=_maybe(wire.failure_reason_code),
    )


def _taken_apart(lines: tuple[str, ...]) -> tuple[StsPolicy | None, tuple[TlsaRecord, ...]]:
    _check_lines(lines)
    return sts_policy(lines), tlsa_records(lines)


def _hosts(texts: tuple[str, ...]) -> tuple[str, ...]:
    _check_lines(texts)
    return tuple(dict.fromkeys([_domain(text) for text in texts]))


_kept, _kept_hosts = lru_cache(_POLICIES_KEPT)(_taken_apart), lru_cache(_POLICIES_KEPT)(_hosts)


def _check_lines(texts: Sequence[str]) -> None:
    """Each must be one line; a list inside a text is another form."""
    if len(texts) > _STRINGS:
        raise _OtherForm
    for text in texts:
        if text.splitlines() != [text] or text != text.strip() or text[0] == "[":
            raise _OtherForm


def _text(text: str) -> str:
    text = text.strip()
    if not text:
        raise _OtherForm
    return text


def _maybe(text: str | None) -> str | None:
    return (text.strip() or None) if text else None


def _domain(text: str) -> str:
    domain = text.strip().rstrip(".").lower()
    if not domain:
        raise _OtherForm
    return domain


def _address(text: str | None) -> str | None:
    if not text:
        return None
    address = canonical_address(text)
    if address is None:
        raise _OtherForm
    return address


def _count(number: int | float) -> int:
    if type(number) is not int or not 0 <= number <= LARGEST_COUNT:
        raise _OtherForm
    return number


@lru_cache(_TIMES_KEPT)
def _time(text: str) -> datetime:
    """``2026-11-24T00:00:00Z`` and no other way to write it."""
    if len(text) != 20 or text[10] != "T" or text[19] != "Z" or "." in text:
        raise _OtherForm
    return datetime.fromisoformat(text)
