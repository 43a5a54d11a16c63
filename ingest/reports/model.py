"""Reports as the product speaks of them. Each struct encodes to the JSON that ``parse --json`` prints.

Absent is ``None`` (``null``). Domains are lower case without a final dot, words (results, dispositions, types) are
lower case, times are aware and UTC, addresses are canonical text. ``warnings`` and ``dropped`` say what was repaired
or left out (``warnings.MEANINGS``).
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from ingest.reports.records import Records


class DkimResult(msgspec.Struct, frozen=True, gc=False):
    """One DKIM signature as it was checked, uninterpreted (RFC 9990 ``dkim``)."""

    domain: str | None
    selector: str | None
    result: str | None
    human_result: str | None = None


class SpfResult(msgspec.Struct, frozen=True, gc=False):
    """One SPF check, uninterpreted (RFC 9990 ``spf``). ``scope`` is mfrom or helo."""

    domain: str | None
    scope: str | None
    result: str | None
    human_result: str | None = None


class AuthResults(msgspec.Struct, frozen=True, gc=False):
    dkim: tuple[DkimResult, ...] = ()
    spf: tuple[SpfResult, ...] = ()


class Reason(msgspec.Struct, frozen=True, gc=False):
    """Why the disposition is not what the policy asks for."""

    type: str | None
    comment: str | None = None


class DmarcRecord(msgspec.Struct, frozen=True, gc=False):
    """One row of an aggregate report. ``dkim`` and ``spf`` are the aligned results: pass, fail or None."""

    source_ip: str
    count: int
    disposition: str | None
    dkim: str | None
    spf: str | None
    header_from: str | None
    envelope_from: str | None = None
    envelope_to: str | None = None
    reasons: tuple[Reason, ...] = ()
    auth_results: AuthResults = AuthResults()

    @property
    def aligned(self) -> bool:
        return self.dkim == "pass" or self.spf == "pass"


class PolicyPublished(msgspec.Struct, frozen=True, kw_only=True):
    """``policy_published`` of RFC 7489 and RFC 9990. ``pct`` 0–100; ``testing`` y or n; ``discovery_method`` psl or treewalk."""

    domain: str | None = None
    adkim: str | None = None
    aspf: str | None = None
    p: str | None = None
    sp: str | None = None
    np: str | None = None
    pct: int | None = None
    fo: str | None = None
    testing: str | None = None
    discovery_method: str | None = None


class DmarcReport(msgspec.Struct, frozen=True, kw_only=True):
    """A DMARC aggregate report (RFC 7489 appendix C, RFC 9990).

    ``records`` can be walked any number of times; it is held compressed, so a report of 100,000 rows costs a few MiB.
    """

    kind: Literal["dmarc"] = "dmarc"
    org_name: str | None = None
    report_id: str | None = None
    policy_domain: str | None = None
    begin: datetime | None = None
    end: datetime | None = None
    email: str | None = None
    extra_contact_info: str | None = None
    generator: str | None = None
    errors: tuple[str, ...] = ()
    version: str | None = None
    namespace: str | None = None
    extensions: tuple[str, ...] = ()
    """Names of the extension elements in it, as they are written; what they say is not read."""
    policy_published: PolicyPublished = PolicyPublished()
    messages: int = 0
    """Sum of the rows' counts."""
    unaligned: int = 0
    """Messages of rows where neither DKIM nor SPF passed in alignment."""
    warnings: tuple[str, ...] = ()
    dropped: int = 0
    records: Records[DmarcRecord]


class StsPolicy(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An MTA-STS policy (RFC 8461 §3.2) as the reporter saw it. ``max_age`` in seconds."""

    version: str | None = None
    mode: str | None = None
    mx: tuple[str, ...] = ()
    max_age: int | None = None


class TlsaRecord(msgspec.Struct, frozen=True, gc=False):
    """A TLSA record (RFC 6698 §2): three numbers and the association data in hex."""

    usage: int
    selector: int
    matching_type: int
    data: str


class FailureDetail(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """RFC 8460 §4.4 ``failure-details``, ``_`` for ``-``."""

    result_type: str | None = None
    sending_mta_ip: str | None = None
    receiving_mx_hostname: str | None = None
    receiving_mx_helo: str | None = None
    receiving_ip: str | None = None
    failed_session_count: int = 0
    additional_information: str | None = None
    failure_reason_code: str | None = None


class TlsPolicy(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One policy of a TLS report and what became of the sessions under it."""

    policy_type: str | None = None
    policy_domain: str | None = None
    policy_string: tuple[str, ...] = ()
    mx_host: tuple[str, ...] = ()
    successful_sessions: int = 0
    failed_sessions: int = 0
    failure_details: tuple[FailureDetail, ...] = ()
    sts: StsPolicy | None = None
    """Parsed from ``policy_string`` when it is an MTA-STS policy."""
    tlsa: tuple[TlsaRecord, ...] = ()
    """Parsed from ``policy_string`` when it holds TLSA records."""


class TlsReport(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An SMTP TLS report (RFC 8460 §4). ``policy_domain`` is that of the first policy that names one."""

    kind: Literal["tlsrpt"] = "tlsrpt"
    org_name: str | None = None
    report_id: str | None = None
    policy_domain: str | None = None
    begin: datetime | None = None
    end: datetime | None = None
    contact_info: str | None = None
    policies: tuple[TlsPolicy, ...] = ()
    warnings: tuple[str, ...] = ()
    dropped: int = 0

    @property
    def sessions(self) -> int:
        return sum(p.successful_sessions + p.failed_sessions for p in self.policies)

    @property
    def failures(self) -> int:
        return sum(p.failed_sessions for p in self.policies)


class FailureReport(msgspec.Struct, frozen=True, kw_only=True):
    """A DMARC failure report (RFC 6591, RFC 9991): one message that failed.

    Redacted unless asked otherwise: local parts of addresses are ``…``, subject and message body are left out.
    """

    kind: Literal["failure"] = "failure"
    org_name: str | None = None
    """Domain of the reporter's own From address, or Reporting-MTA."""
    report_id: str | None = None
    """Message-ID of the report's mail."""
    policy_domain: str | None = None
    """Reported-Domain, or the original's From domain."""
    begin: datetime | None = None
    """Arrival-Date, or the mail's date."""
    end: datetime | None = None
    feedback_type: str | None = None
    version: str | None = None
    auth_failure: tuple[str, ...] = ()
    identity_alignment: tuple[str, ...] = ()
    delivery_result: str | None = None
    source_ip: str | None = None
    source_port: int | None = None
    incidents: int = 1
    reporting_mta: str | None = None
    user_agent: str | None = None
    dkim_domain: str | None = None
    dkim_identity: str | None = None
    dkim_selector: str | None = None
    dkim_selector_dns: str | None = None
    dkim_adsp_dns: str | None = None
    dkim_canonicalized_header: str | None = None
    """As its base64, and only where the message is kept: it holds the message's headers."""
    dkim_canonicalized_body: str | None = None
    """As its base64, and only where the message is kept."""
    spf_dns: tuple[str, ...] = ()
    authentication_results: str | None = None
    reported_uri: tuple[str, ...] = ()
    original_envelope_id: str | None = None
    original_mail_from: str | None = None
    original_rcpt_to: tuple[str, ...] = ()
    original_from: str | None = None
    original_message_id: str | None = None
    original_subject: str | None = None
    original_body: str | None = None
    redacted: bool = True
    warnings: tuple[str, ...] = ()
    dropped: int = 0


Report = DmarcReport | TlsReport | FailureReport
