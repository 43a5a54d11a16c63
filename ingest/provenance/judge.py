"""How far each report is trusted: mails by who signed or sent them, posts and files by their way in.

RFC 8460 §3: a mailed TLS report has a valid DKIM signature of the reporting domain, or is ignored. RFC 9990
§3.5.2: an aggregate report's mail passes DMARC itself. A DNS that does not answer decides nothing: the report waits, kept out of
every figure, until it does (``ingest.drain.rejudge``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ingest.documents.reports import Provenance
from ingest.drain.judgement import UNDECIDED, Judgement
from ingest.provenance.alignment import aligned, domain_of_address, domain_or_none
from ingest.provenance.errors import MalformedMail
from ingest.provenance.known_keys import KnownKeys
from ingest.provenance.mail import SignedMail, read_mail
from ingest.provenance.resolver import Allowance, Resolver
from ingest.provenance.settings import JudgeSettings
from ingest.provenance.signature import UNDECIDED as KEY_UNKNOWN
from ingest.provenance.signature import VALID, Service, SignatureResult, check_signatures
from ingest.provenance.spf import check_spf
from ingest.reports.model import Report, TlsReport
from ingest.spool.record import SpoolRecord

_BY_WAY: dict[str, Provenance] = {"https": "posted", "file": "imported"}
_AS_UNSIGNED = frozenset({"key_testing"})


@dataclass(frozen=True, slots=True)
class _Examined:
    """One mail, looked at once for all reports in it. ``fault`` says why it cannot be trusted whatever it holds."""

    mail: SignedMail | None
    from_domain: str
    signatures: tuple[SignatureResult, ...]
    allowance: Allowance
    fault: str | None = None


class MailJudge:
    """A Judge, safe for threads: the drain's, and that of the one who judges again."""

    def __init__(
        self,
        resolver: Resolver,
        settings: JudgeSettings | None = None,
        known: KnownKeys | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``known``: keys that verified mails before; ``clock``: monotonic seconds, for the time that a mail's lookups may
        take."""
        self._resolver = resolver
        self._known = known or KnownKeys()
        self._settings = settings or JudgeSettings()
        self._clock = clock
        self._domains = tuple(domain for text in self._settings.domains if (domain := domain_or_none(text)) is not None)
        self._last: tuple[SpoolRecord, _Examined] | None = None

    def __call__(self, record: SpoolRecord, report: Report) -> Judgement:
        provenance, finding, signer = self._found(record, report)
        left_out: str | None = None if provenance in self._settings.counted else provenance
        if self._is_foreign(report):
            left_out = "foreign_domain"
        if finding == KEY_UNKNOWN:
            left_out = UNDECIDED
        return Judgement(provenance, left_out, finding, signer)

    def _found(self, record: SpoolRecord, report: Report) -> tuple[Provenance, str | None, str | None]:
        """Provenance, the finding's word, and the domain that vouches for it."""
        by_way = _BY_WAY.get(record.way)
        if by_way is not None:
            return by_way, None, None
        examined = self._examined(record)
        if examined.fault is not None or examined.mail is None:
            return "failed", examined.fault, None
        if isinstance(report, TlsReport):
            return _tls_report(report, examined.mail, examined.signatures)
        return _dmarc_report(record, examined)

    def _examined(self, record: SpoolRecord) -> _Examined:
        last = self._last
        if last is None or last[0] is not record:
            last = self._last = (record, self._examine(record))
        return last[1]

    def _examine(self, record: SpoolRecord) -> _Examined:
        allowance = Allowance(self._resolver, self._clock, lookups=self._settings.lookups, seconds=self._settings.seconds)
        try:
            mail = read_mail(record.body)
        except MalformedMail as error:
            return _Examined(None, "", (), allowance, str(error))
        domain = mail.from_domain
        if domain is None:
            return _Examined(mail, "", (), allowance, "from_unusable")
        signatures = check_signatures(mail, domain, record.arrived_at // 1_000_000_000, allowance, self._known)
        return _Examined(mail, domain, signatures, allowance)

    def _is_foreign(self, report: Report) -> bool:
        if not self._domains:
            return False
        about = {report.policy_domain}
        if isinstance(report, TlsReport):
            about |= {policy.policy_domain for policy in report.policies}
        return not any(name == ours or name.endswith(f".{ours}") for name in about if name for ours in self._domains)


Found = tuple[Provenance, str | None, str | None]


def _tls_report(report: TlsReport, mail: SignedMail, signatures: Sequence[SignatureResult]) -> Found:
    provenance, finding, signer = _by_signature(signatures, "tlsrpt")
    if provenance != "verified" or signer is None:
        return provenance, finding, signer
    submitters = [domain_or_none(value.decode("utf-8", "replace")) for value in mail.values(b"tls-report-submitter")]
    if any(domain is not None and not aligned(domain, signer) for domain in submitters):
        return "failed", "submitter_unaligned", signer
    contact = domain_of_address(report.contact_info or "")
    if contact is not None and not aligned(contact, signer):
        return "failed", "contact_unaligned", signer
    return provenance, finding, signer


def _dmarc_report(record: SpoolRecord, examined: _Examined) -> Found:
    """DMARC of the mail itself: DKIM or SPF, aligned with From. SPF only where the peer is the sender's own host."""
    found = _by_signature(examined.signatures, "email")
    if found[0] == "verified" or record.way != "smtp" or not _sender_aligned(record, examined.from_domain):
        return found
    result = check_spf(record.peer_address, record.mail_from, record.helo, examined.allowance)
    if result.word == "pass" and result.domain is not None and aligned(result.domain, examined.from_domain):
        return "verified", "spf_pass", result.domain
    return ("unsigned", KEY_UNKNOWN, None) if result.word == "temperror" else found


def _sender_aligned(record: SpoolRecord, from_domain: str) -> bool:
    sender = (record.mail_from or "").strip("<> ")
    domain = domain_of_address(sender) if sender else domain_or_none(record.helo or "")
    return domain is not None and aligned(domain, from_domain)


def _by_signature(signatures: Sequence[SignatureResult], service: Service) -> Found:
    """One valid signature is enough; then one whose key could not be asked for; then the most telling of the others."""
    words = [(result.for_service(service), result.domain) for result in signatures]
    for wanted in (VALID, KEY_UNKNOWN):
        for word, domain in words:
            if word == wanted:
                return ("verified" if word == VALID else "unsigned"), word, domain
    if not [word for word, _ in words if word not in _AS_UNSIGNED]:
        return "unsigned", words[0][0] if words else "no_signature", None
    word, domain = next(((word, domain) for word, domain in words if word not in ("unaligned", *_AS_UNSIGNED)), ("unaligned", None))
    return "failed", word, domain
