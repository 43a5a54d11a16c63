"""DMARC failure reports: Abuse Reporting Format mails about one message that failed (RFC 5965, 6591, 9991).

They carry other people's mail, so they are redacted unless asked otherwise: local parts of addresses, the subject and
the body are left out. Some senders put the fields into plain text only; those are read too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import parseaddr

from ingest.reports.addresses import canonical_address
from ingest.reports.budget import Budget
from ingest.reports.comments import without_comments
from ingest.reports.errors import EmptyReport
from ingest.reports.limits import Limits
from ingest.reports.mime import Mail, children, content, header, headers, media_type, parameter, parse_mail
from ingest.reports.model import FailureReport
from ingest.reports.names import count, domain_name, word
from ingest.reports.privacy import PRIVATE, Privacy
from ingest.reports.redaction import redacted
from ingest.reports.text import clip
from ingest.reports.times import from_text
from ingest.reports.warnings import Notes

_PLAIN_FIELD = re.compile(r"^[ \t>]*([A-Za-z][A-Za-z -]{1,40}?)[ \t]*:[ \t]*(\S.*)$", re.M)
_PLAIN_REPORT = re.compile(rb"^[ \t]*Feedback-Type[ \t]*:|message claiming to be from you has failed", re.I | re.M)
_PLAIN_NAMES = {
    "sender ip address": "source-ip",
    "sender domain": "reported-domain",
    "received date": "arrival-date",
    "dmarc results": "delivery-result",
}
"""Plain-text words for RFC 6591's, as one mail server's failure mails have them."""
_WALKED = 200


def is_failure_report(mail: Mail) -> bool:
    """By its type, by a feedback part, or by plain text that says so."""
    if media_type(mail) == "multipart/report" and parameter(mail, "report-type") == "feedback-report":
        return True
    found = _find(mail)
    return found.feedback is not None or (found.plain is not None and _PLAIN_REPORT.search(content(found.plain)[:8192]) is not None)


def read_failure(mail: Mail, budget: Budget, notes: Notes, privacy: Privacy = PRIVATE) -> FailureReport:
    """The report that this mail is. Raises EmptyReport when nothing in it tells of a message."""
    found = _find(mail)
    fields = _feedback_fields(found, budget)
    if "feedback-type" not in fields:
        notes.add("feedback_fields_missing")
        plain = _plain_fields(found.plain)
        fields = {**plain, **fields}
    original = _original(found, budget)
    if original is None:
        notes.add("original_missing")
    if not fields and original is None:
        raise EmptyReport
    return _Builder(fields, original, budget.limits, notes, privacy).report(mail)


@dataclass(slots=True)
class _Found:
    """Parts of a failure report's mail; None where there is none."""

    feedback: Mail | None = None
    original: Mail | None = None
    plain: Mail | None = None


def _find(mail: Mail) -> _Found:
    found = _Found()
    waiting = [mail]
    for _ in range(_WALKED):
        if not waiting:
            break
        part = waiting.pop()
        kind = media_type(part)
        if kind == "message/feedback-report":
            found.feedback = found.feedback or part
        elif kind in ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers"):
            found.original = found.original or part
        elif kind == "text/plain" and not part.is_multipart():
            found.plain = found.plain or part
        else:
            waiting.extend(reversed(children(part)))
    return found


def _feedback_fields(found: _Found, budget: Budget) -> dict[str, list[str]]:
    """The feedback part's fields by lower-case name, also when it is base64."""
    part = found.feedback
    if part is None:
        return {}
    below = children(part)
    block = below[0] if below else parse_mail(content(part), budget)
    if not block.keys():
        block = parse_mail(_undone(part, block), budget)
    return {name.lower(): headers(block, name) for name in block.keys()[:_WALKED]}


def _undone(part: Mail, block: Mail) -> bytes:
    """The library parses a message part's text without undoing its transfer encoding: undo it."""
    encoding = header(part, "content-transfer-encoding")
    if encoding:
        del block["content-transfer-encoding"]
        block["Content-Transfer-Encoding"] = encoding
    return content(block)


def _plain_fields(part: Mail | None) -> dict[str, list[str]]:
    if part is None:
        return {}
    text = content(part)[:65536].decode("utf-8", "replace")
    fields: dict[str, list[str]] = {}
    for match in _PLAIN_FIELD.finditer(text):
        name = match[1].strip().lower()
        fields.setdefault(_PLAIN_NAMES.get(name, name.replace(" ", "-")), []).append(match[2].strip())
        if len(fields) >= _WALKED:
            break
    return fields


def _original(found: _Found, budget: Budget) -> Mail | None:
    """The message that failed, or its headers alone."""
    part = found.original
    if part is None:
        return None
    below = children(part)
    original = below[0] if below else parse_mail(content(part).lstrip(), budget)
    if not original.keys() and below:
        original = parse_mail(_undone(part, original).lstrip(), budget)
    return original if original.keys() else None


def _address(source: str) -> str | None:
    """Of a bare address, or of a literal as in RFC 5321 §4.1.3."""
    text = source.split(" ")[0].strip("[]")
    return canonical_address(text[5:] if text[:5].lower() == "ipv6:" else text)


class _Builder:
    def __init__(self, fields: dict[str, list[str]], original: Mail | None, limits: Limits, notes: Notes, privacy: Privacy) -> None:
        self._fields = fields
        self._original = original
        self._limit = limits.text_bytes
        self._notes = notes
        self._privacy = privacy

    def report(self, mail: Mail) -> FailureReport:
        first, bare, notes = self._first, self._bare, self._notes
        arrival = from_text(first("arrival-date") or first("received-date") or header(mail, "date"), notes)
        if arrival is None:
            notes.add("dates_missing")
        domain = domain_name(bare("reported-domain")) or self._from_domain(self._original)
        if domain is None:
            notes.add("policy_domain_missing")
        report_id = self._clip(header(mail, "message-id"))
        if report_id is None:
            notes.add("report_id_missing")
        source = bare("source-ip")
        address = _address(source) if source else None
        if source and address is None:
            notes.add("address_unreadable")
        return FailureReport(
            org_name=self._from_domain(mail) or domain_name((first("reporting-mta") or "").rpartition(";")[2]),
            report_id=report_id.strip("<>; ") if report_id else None,
            policy_domain=domain,
            begin=arrival,
            end=arrival,
            feedback_type=word(bare("feedback-type")),
            version=bare("version"),
            auth_failure=self._words("auth-failure"),
            identity_alignment=self._words("identity-alignment"),
            delivery_result=word(bare("delivery-result")),
            source_ip=address,
            source_port=count(bare("source-port")),
            incidents=count(bare("incidents")) or 1,
            reporting_mta=first("reporting-mta"),
            user_agent=first("user-agent"),
            dkim_domain=domain_name(bare("dkim-domain")),
            dkim_identity=self._private(first("dkim-identity")),
            dkim_selector=bare("dkim-selector"),
            dkim_selector_dns=first("dkim-selector-dns"),
            dkim_adsp_dns=first("dkim-adsp-dns"),
            dkim_canonicalized_header=first("dkim-canonicalized-header") if self._privacy.message else None,
            dkim_canonicalized_body=first("dkim-canonicalized-body") if self._privacy.message else None,
            spf_dns=tuple(text for value in self._all("spf-dns") if (text := self._clip(value))),
            reported_uri=tuple(text for value in self._all("reported-uri") if (text := self._private(value))),
            original_envelope_id=self._private(first("original-envelope-id")),
            authentication_results=self._private(first("authentication-results")),
            original_mail_from=self._private(first("original-mail-from")),
            original_rcpt_to=tuple(self._private(text) or "" for text in self._all("original-rcpt-to")),
            original_from=self._private(self._of_original("from")),
            original_message_id=self._private(self._of_original("message-id")),
            original_subject=self._of_original("subject") if self._privacy.message else None,
            original_body=self._body() if self._privacy.message else None,
            redacted=not (self._privacy.addresses and self._privacy.message),
            warnings=notes.words(),
            dropped=notes.dropped,
        )

    def _first(self, name: str) -> str | None:
        values = self._fields.get(name)
        return self._clip(values[0]) if values else None

    def _bare(self, name: str) -> str | None:
        """The first value without its comments."""
        return without_comments(self._first(name) or "") or None

    def _all(self, name: str) -> list[str]:
        return self._fields.get(name, [])[:_WALKED]

    def _words(self, name: str) -> tuple[str, ...]:
        texts = (text for value in self._all(name) for text in without_comments(value).split(","))
        return tuple(dict.fromkeys(kind for text in texts if (kind := word(self._clip(text)))))

    def _private(self, text: str | None) -> str | None:
        text = self._clip(text)
        return text if self._privacy.addresses else redacted(text)

    def _of_original(self, name: str) -> str | None:
        return None if self._original is None else self._clip(header(self._original, name))

    def _from_domain(self, mail: Mail | None) -> str | None:
        sender = None if mail is None else header(mail, "from")
        if sender is None:
            return None
        try:
            # the examples of RFC 9991's appendix end in a semicolon, which newer Pythons take for a damaged address
            address = parseaddr(sender[:1000].rstrip("; \t"))[1]
        except (ValueError, IndexError, RecursionError):
            return None
        return domain_name(address.rpartition("@")[2])

    def _body(self) -> str | None:
        if self._original is None or self._original.is_multipart():
            return None
        return self._clip(content(self._original).decode("utf-8", "replace"))

    def _clip(self, text: str | None) -> str | None:
        return clip(text, self._limit, self._notes)
