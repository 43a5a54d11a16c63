"""SMTP TLS reports (RFC 8460 §4).

Each policy and each failure detail is kept or dropped on its own: one bad one costs nothing else. Senders write
``mx-host`` as a list, a string or under ``mx-host-pattern``, counts as strings, types in upper case, TLSA policies as a
list inside a string, and dates without zone; all of that is read.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from ingest.reports.addresses import canonical_address
from ingest.reports.budget import Budget
from ingest.reports.errors import BadJson, NotAReport
from ingest.reports.limits import Limits
from ingest.reports.model import FailureDetail, TlsPolicy, TlsReport
from ingest.reports.names import LARGEST_COUNT, domain_name, word
from ingest.reports.names import count as count_of
from ingest.reports.policy_string import sts_policy, tlsa_records
from ingest.reports.text import clip, whole_text
from ingest.reports.times import from_text
from ingest.reports.tlsrpt_form import well_formed
from ingest.reports.tlsrpt_words import POLICY_TYPES, RESULT_TYPES
from ingest.reports.warnings import Notes

_OWN_KEYS = frozenset({"policies", "report-id", "date-range", "organization-name"})
_STRINGS_KEPT = 1_000

JsonObject = dict[str, Any]


def read_tlsrpt(chunks: Iterable[bytes], budget: Budget, notes: Notes) -> TlsReport:
    """The report in these bytes. Raises BadJson, NotAReport, TooLarge, TooManyElements."""
    limits = budget.limits
    text = whole_text(chunks, limits.json_bytes, notes).strip()
    budget.values(_values(text))
    if len(text) <= limits.text_bytes and not notes.words():
        report = well_formed(text)
        if report is not None:
            return report
    return tolerant(text, limits, notes)


def small_tlsrpt(text: bytes, limits: Limits) -> TlsReport | None:
    """The same for plain text of which no part can pass a limit; None when it might, or is not as RFC 8460 writes it."""
    if len(text) > min(limits.text_bytes, limits.json_bytes, limits.inflated_bytes, limits.json_values):  # a value takes a byte
        return None
    return well_formed(text.strip())


def _values(text: bytes) -> int:
    """At least as many as it holds."""
    return text.count(b"{") + text.count(b"[") + text.count(b",")


def tolerant(text: bytes, limits: Limits, notes: Notes) -> TlsReport:
    """The same for any form. Raises BadJson, NotAReport."""
    try:
        tree = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadJson(str(error)) from error
    report = _keys(tree)
    if not report.keys() & _OWN_KEYS:
        raise NotAReport("JSON that is no TLS report")
    return _Reader(notes, limits.text_bytes).report(report)


def _keys(value: object) -> JsonObject:
    """The object's members by lower-case name with ``-`` for ``_``; nothing when it is no object."""
    if not isinstance(value, dict):
        return {}
    return {key.lower().replace("_", "-"): member for key, member in value.items()}


def _items(value: object) -> list[Any]:
    """A list's items; a lone object counts as a list of one; null is none."""
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, dict) else []


class _Reader:
    def __init__(self, notes: Notes, limit: int) -> None:
        self._notes = notes
        self._limit = limit

    def report(self, report: JsonObject) -> TlsReport:
        notes = self._notes
        dates = _keys(report.get("date-range"))
        begin, end = self._date(dates.get("start-datetime")), self._date(dates.get("end-datetime"))
        if begin is None or end is None:
            notes.add("dates_missing")
        elif end < begin:
            notes.add("end_before_begin")
        policies = tuple(self._policies(report.get("policies")))
        if not policies:
            notes.add("no_policies")
        domain = next((policy.policy_domain for policy in policies if policy.policy_domain), None)
        if domain is None:
            notes.add("policy_domain_missing")
        return TlsReport(
            org_name=self._required(report.get("organization-name"), "org_name_missing"),
            report_id=self._required(report.get("report-id"), "report_id_missing"),
            policy_domain=domain,
            begin=begin,
            end=end,
            contact_info=self._required(report.get("contact-info"), "contact_info_missing"),
            policies=policies,
            warnings=notes.words(),
            dropped=notes.dropped,
        )

    def _policies(self, value: object) -> Iterable[TlsPolicy]:
        for item in _items(value):
            policy = self._policy(_keys(item))
            if policy is None:
                self._notes.drop("policy_dropped")
            else:
                yield policy

    def _policy(self, item: JsonObject) -> TlsPolicy | None:
        policy = _keys(item.get("policy"))
        summary = _keys(item.get("summary"))
        details = tuple(self._details(item.get("failure-details")))
        if not policy and not summary and not details:
            return None
        counted = sum(detail.failed_session_count for detail in details)
        if summary:
            successful = self._count(summary.get("total-successful-session-count", 0))
            failed = self._count(summary.get("total-failure-session-count", 0))
            if successful is None or failed is None:
                return None
            if details and counted != failed:
                self._notes.add("failure_counts_differ")
        else:
            self._notes.add("summary_missing")
            successful, failed = 0, counted
        lines = self._policy_string(policy.get("policy-string"))
        return TlsPolicy(
            policy_type=self._policy_type(policy.get("policy-type")),
            policy_domain=domain_name(self._text(policy.get("policy-domain"))),
            policy_string=lines,
            mx_host=self._mx_hosts(policy),
            successful_sessions=successful,
            failed_sessions=failed,
            failure_details=details,
            sts=sts_policy(lines),
            tlsa=tlsa_records(lines),
        )

    def _details(self, value: object) -> Iterable[FailureDetail]:
        for item in _items(value):
            detail = self._detail(_keys(item))
            if detail is None:
                self._notes.drop("failure_dropped")
            else:
                yield detail

    def _detail(self, item: JsonObject) -> FailureDetail | None:
        count = self._count(item.get("failed-session-count"))
        if count is None:
            return None
        return FailureDetail(
            result_type=self._result_type(item.get("result-type")),
            sending_mta_ip=self._address(item.get("sending-mta-ip")),
            receiving_mx_hostname=domain_name(self._text(item.get("receiving-mx-hostname"))),
            receiving_mx_helo=self._text(item.get("receiving-mx-helo")),
            receiving_ip=self._address(item.get("receiving-ip")),
            failed_session_count=count,
            additional_information=self._text(item.get("additional-information", item.get("additional-info-uri"))),
            failure_reason_code=self._text(item.get("failure-reason-code", item.get("failure-error-code"))),
        )

    def _count(self, value: object) -> int | None:
        """A whole number, or its digits as a string. Noted when it is neither."""
        number: int | None = None
        if isinstance(value, str):
            number = count_of(value)
        elif isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_COUNT:
            number = value
        if number is None:
            self._notes.add("count_unusable")
        return number

    def _policy_type(self, value: object) -> str | None:
        kind = word(self._text(value))
        if kind is None:
            self._notes.add("policy_type_missing")
        elif kind not in POLICY_TYPES:
            self._notes.add("policy_type_unknown")
        return kind

    def _result_type(self, value: object) -> str | None:
        kind = word(self._text(value))
        if kind is None:
            self._notes.add("result_type_missing")
        elif kind not in RESULT_TYPES:
            self._notes.add("result_type_unknown")
        return kind

    def _policy_string(self, value: object) -> tuple[str, ...]:
        """Lines, whether they came as a list, as one text, or as a list inside a text."""
        lines: list[str] = []
        for text in self._strings(value):
            for inner in _inner_list(text):
                lines.extend(line for line in (part.strip() for part in inner.splitlines()) if line)
        return tuple(lines[:_STRINGS_KEPT])

    def _mx_hosts(self, policy: JsonObject) -> tuple[str, ...]:
        """RFC 8460's ``mx-host``, a list by its §4.4 and one text in its appendix B, or the ``mx-host-pattern`` of drafts."""
        found = self._strings(policy.get("mx-host")) + self._strings(policy.get("mx-host-pattern"))
        hosts = (domain_name(host) for text in found for host in _inner_list(text))
        return tuple(dict.fromkeys(host for host in hosts if host))[:_STRINGS_KEPT]

    def _strings(self, value: object) -> list[str]:
        items = value if isinstance(value, list) else [value]
        texts = (self._text(item) for item in items[:_STRINGS_KEPT])
        return [text for text in texts if text is not None]

    def _address(self, value: object) -> str | None:
        text = self._text(value)
        if text is None:
            return None
        address = canonical_address(text)
        if address is None:
            self._notes.add("address_unreadable")
        return address

    def _date(self, value: object) -> Any:
        return from_text(self._text(value), self._notes)

    def _required(self, value: object, missing: str) -> str | None:
        text = self._text(value)
        if text is None:
            self._notes.add(missing)
        return text

    def _text(self, value: object) -> str | None:
        """Text of a string or number; None for an empty one and for anything else."""
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        return clip(value, self._limit, self._notes) if isinstance(value, str) else None


def _inner_list(text: str) -> list[str]:
    """The strings of a JSON list that was put into a string, as one large sender does; else the text itself."""
    if not text.startswith("["):
        return [text]
    try:
        inner = orjson.loads(text)
    except orjson.JSONDecodeError:
        return [text]
    return [item for item in inner if isinstance(item, str)][:_STRINGS_KEPT] if isinstance(inner, list) else [text]
