"""Errors of the report room: why bytes gave no report.

ReportError
 ├─ NotAReport              nothing in it claims to be a report
 │   ├─ NoReportInMail
 │   ├─ NoReportInArchive
 │   └─ EmptyInput
 ├─ BadForm                 it claims to be a report and cannot be read
 │   ├─ BadXml
 │   │   └─ DoctypeForbidden     a DOCTYPE, an entity declaration or an external reference
 │   ├─ BadJson
 │   ├─ BadGzip
 │   ├─ BadZip
 │   │   ├─ EncryptedZip
 │   │   └─ UnsupportedCompression
 │   ├─ BadMail
 │   └─ EmptyReport         a report's frame with nothing in it
 └─ OverLimit               a limit of ``limits.Limits`` was reached
     ├─ TooLarge
     ├─ TooDeep
     ├─ TooManyMembers
     ├─ TooManyParts
     ├─ TooManyElements
     ├─ HeadersTooLarge
     └─ TooSlow

All are permanent: the same bytes give the same answer. Only a mended parser or another limit can change it, which
is what ``deadletter retry`` and ``replay`` are for.
"""

from __future__ import annotations


class ReportError(Exception):
    """Base; not raised itself. ``reason`` is a stable snake_case word for metrics, dead letters and the docs."""

    reason = "report_error"
    permanent = True
    meaning = "the bytes gave no report"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or self.meaning)
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.meaning}: {self.detail}" if self.detail else self.meaning


class NotAReport(ReportError):
    reason = "not_a_report"
    meaning = "no report in it"


class NoReportInMail(NotAReport):
    reason = "no_report_in_mail"
    meaning = "no part of the mail is a report"


class NoReportInArchive(NotAReport):
    reason = "no_report_in_archive"
    meaning = "no member of the archive is a report"


class EmptyInput(NotAReport):
    reason = "empty_input"
    meaning = "there is nothing in it"


class BadForm(ReportError):
    reason = "bad_form"
    meaning = "it looks like a report and cannot be read"


class BadXml(BadForm):
    reason = "bad_xml"
    meaning = "the XML cannot be read"


class DoctypeForbidden(BadXml):
    reason = "doctype_forbidden"
    meaning = "a DOCTYPE, an entity declaration or an external reference stands in it"


class BadJson(BadForm):
    reason = "bad_json"
    meaning = "the JSON cannot be read"


class BadGzip(BadForm):
    reason = "bad_gzip"
    meaning = "the gzip stream cannot be inflated"


class BadZip(BadForm):
    reason = "bad_zip"
    meaning = "the zip archive cannot be read"


class EncryptedZip(BadZip):
    reason = "encrypted_zip"
    meaning = "the zip member is encrypted"


class UnsupportedCompression(BadZip):
    reason = "unsupported_compression"
    meaning = "the zip member is compressed in a way that no report uses"


class BadMail(BadForm):
    reason = "bad_mail"
    meaning = "the mail's structure cannot be read"


class EmptyReport(BadForm):
    reason = "empty_report"
    meaning = "a report's frame with nothing in it"


class OverLimit(ReportError):
    reason = "over_limit"
    meaning = "a limit was reached"


class TooLarge(OverLimit):
    reason = "too_large"
    meaning = "more bytes than the limit"


class TooDeep(OverLimit):
    reason = "too_deep"
    meaning = "nested deeper than the limit"


class TooManyMembers(OverLimit):
    reason = "too_many_members"
    meaning = "more archive members than the limit"


class TooManyLines(OverLimit):
    reason = "too_many_lines"
    meaning = "more lines in a mail than the limit"


class TooManyMessages(OverLimit):
    reason = "too_many_messages"
    meaning = "more messages in an mbox than the limit"


class TooManyParts(OverLimit):
    reason = "too_many_parts"
    meaning = "more mail parts than the limit"


class TooManyElements(OverLimit):
    reason = "too_many_elements"
    meaning = "more elements than the limit"


class HeadersTooLarge(OverLimit):
    reason = "headers_too_large"
    meaning = "mail headers longer than the limit"


class TooSlow(OverLimit):
    reason = "too_slow"
    meaning = "more processor time than the limit"


def all_reasons() -> dict[str, str]:
    """Each reason with its meaning, for the docs and for the test that keeps them whole."""
    found: dict[str, str] = {}
    waiting: list[type[ReportError]] = [ReportError]
    while waiting:
        kind = waiting.pop()
        found[kind.reason] = kind.meaning
        waiting.extend(kind.__subclasses__())
    return dict(sorted(found.items()))
