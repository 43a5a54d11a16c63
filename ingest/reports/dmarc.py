"""DMARC aggregate reports (RFC 7489 appendix C, RFC 9990): the frame around the records.

Tolerant of order, missing pieces, wrong namespaces and cut-off ends: whatever is whole is kept, and ``warnings`` say
what was not.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element

from ingest.reports.dmarc_extensions import Extensions
from ingest.reports.dmarc_record import RecordReader
from ingest.reports.errors import BadXml, EmptyReport
from ingest.reports.feedback_xml import DMARC_NAMESPACES, Feedback, LocalNames
from ingest.reports.limits import MIB, Limits
from ingest.reports.model import DmarcRecord, DmarcReport, PolicyPublished
from ingest.reports.names import count, domain_name, word
from ingest.reports.records import Records
from ingest.reports.text import clip
from ingest.reports.times import from_epoch
from ingest.reports.warnings import Notes

_ERRORS_KEPT = 100
_REMEMBERED_BYTES = 4 * MIB
_REMEMBERING_COSTS = 1024
"""About what a record held as a struct takes."""


def read_dmarc(chunks: Iterable[bytes], limits: Limits, notes: Notes) -> DmarcReport:
    """The report in these bytes, read to their end. Raises NotAReport, BadXml, DoctypeForbidden, EmptyReport, OverLimit."""
    known: dict[bytes, DmarcRecord] = {}
    feedback = Feedback(chunks, limits, notes, known)
    frame = _Frame(notes, limits.text_bytes)
    reader: RecordReader | None = None
    records = Records(DmarcRecord)
    messages = unaligned = seen = remembered = 0
    for child, plain, rest in feedback:
        if reader is None:
            frame.names = feedback.names
            reader = RecordReader(feedback.names, notes, limits.text_bytes, frame.extensions)
        record: DmarcRecord | None
        if child is None:
            assert plain is not None
            record = reader.again(known[plain.rest], plain) if rest is None else reader.read_plain(plain, rest)
        elif feedback.names[child.tag] == "record":
            record = reader.read(child)
        else:
            frame.take(child)
            continue
        seen += 1
        if record is not None:
            if plain is not None and remembered < _REMEMBERED_BYTES and plain.rest not in known:
                known[plain.rest] = record
                remembered += len(plain.rest) + _REMEMBERING_COSTS
            records.append(record)
            messages += record.count
            if not record.aligned:
                unaligned += record.count
    if not frame.found and not seen:
        raise BadXml("cut off") if notes.has("xml_truncated") or notes.has("xml_damaged") else EmptyReport
    if not len(records):
        notes.add("no_records")
    if feedback.namespace and feedback.namespace not in DMARC_NAMESPACES:
        notes.add("unknown_namespace")
    return frame.report(clip(feedback.namespace, limits.text_bytes, notes), records, messages, unaligned)


class _Frame:
    """Everything of a report but its records. ``found`` once there is metadata or a policy."""

    def __init__(self, notes: Notes, limit: int) -> None:
        self._notes = notes
        self._limit = limit
        self.names = LocalNames("")
        self.found = False
        self.extensions = Extensions()
        self._version: str | None = None
        self._metadata: dict[str, str | None] | None = None
        self._errors: tuple[str, ...] = ()
        self._policy: dict[str, str | None] | None = None

    def take(self, child: Element) -> None:
        name = self.names[child.tag]
        if name == "report_metadata":
            self.found = True
            if self._metadata is None:
                self._metadata = self._leaves(child)
                self._errors = tuple(self._errors_of(child))
            else:
                self._notes.add("repeated_element")
        elif name == "policy_published":
            self.found = True
            if self._policy is None:
                self._policy = self._leaves(child)
            else:
                self._notes.add("repeated_element")
        elif name == "version":
            self._version = self._clip(child.text)
        elif name == "extension":
            self.extensions.note(child)

    def report(self, namespace: str | None, records: Records[DmarcRecord], messages: int, unaligned: int) -> DmarcReport:
        metadata = self._metadata or {}
        policy = self._published(self._policy or {})
        org_name = self._required(metadata, "org_name", "org_name_missing")
        report_id = self._required(metadata, "report_id", "report_id_missing")
        begin, end = from_epoch(metadata.get("begin"), self._notes), from_epoch(metadata.get("end"), self._notes)
        if metadata.get("begin") is None or metadata.get("end") is None:
            self._notes.add("dates_missing")
        if begin is not None and end is not None and end < begin:
            self._notes.add("end_before_begin")
        return DmarcReport(
            org_name=org_name,
            report_id=report_id,
            policy_domain=policy.domain,
            begin=begin,
            end=end,
            email=metadata.get("email"),
            extra_contact_info=metadata.get("extra_contact_info"),
            generator=metadata.get("generator"),
            errors=self._errors,
            version=self._version,
            namespace=namespace,
            extensions=self.extensions.names,
            policy_published=policy,
            messages=messages,
            unaligned=unaligned,
            warnings=self._notes.words(),
            dropped=self._notes.dropped,
            records=records,
        )

    def _published(self, fields: dict[str, str | None]) -> PolicyPublished:
        domain = domain_name(fields.get("domain"))
        if domain is None:
            self._notes.add("policy_domain_missing")
        if fields.get("p") is None:
            self._notes.add("policy_missing")
        return PolicyPublished(
            domain=domain,
            adkim=word(fields.get("adkim")),
            aspf=word(fields.get("aspf")),
            p=word(fields.get("p")),
            sp=word(fields.get("sp")),
            np=word(fields.get("np")),
            pct=count(fields.get("pct")),
            fo=fields.get("fo"),
            testing=word(fields.get("testing")),
            discovery_method=word(fields.get("discovery_method")),
        )

    def _leaves(self, element: Element) -> dict[str, str | None]:
        """Name → text of all leaves in it, those of ``date_range`` too; the first of each name counts."""
        fields: dict[str, str | None] = {}
        for child in element:
            name = self.names[child.tag]
            if name == "date_range":
                for leaf in child:
                    fields.setdefault(self.names[leaf.tag], self._clip(leaf.text))
            else:
                fields.setdefault(name, self._clip(child.text))
        return fields

    def _errors_of(self, metadata: Element) -> list[str]:
        texts = (self._clip(child.text) for child in metadata if self.names[child.tag] == "error")
        return [text for text in texts if text][:_ERRORS_KEPT]

    def _required(self, fields: dict[str, str | None], name: str, missing: str) -> str | None:
        value = fields.get(name)
        if value is None:
            self._notes.add(missing)
        return value

    def _clip(self, text: str | None) -> str | None:
        return clip(text, self._limit, self._notes)
