"""One ``record`` element to one row (RFC 7489 appendix C, RFC 9990): the hot path of the room.

Children are taken in one walk, in any order. A row needs a source address and a count made of digits; everything else
may be missing. What is missing or odd is noted, never invented.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from ingest.reports.addresses import canonical_address
from ingest.reports.feedback_xml import LocalNames
from ingest.reports.model import AuthResults, DkimResult, DmarcRecord, Reason, SpfResult
from ingest.reports.names import count, domain_name, word
from ingest.reports.plain_records import PlainRecord
from ingest.reports.text import clip
from ingest.reports.warnings import Notes

_DISPOSITIONS = frozenset({"none", "quarantine", "reject", "pass"})
_NO_RESULTS = AuthResults()


class RecordReader:
    """Reads records of one report. ``names`` are the report's, ``limit`` characters of a text are kept."""

    __slots__ = ("_limit", "_names", "_notes")

    def __init__(self, names: LocalNames, notes: Notes, limit: int) -> None:
        self._names = names
        self._notes = notes
        self._limit = limit

    def read(self, element: Element) -> DmarcRecord | None:
        """The row, or None when it cannot be used (noted and counted)."""
        names = self._names
        row: dict[str, str | None] = {}
        evaluated: dict[str, str | None] = {}
        identifiers: dict[str, str | None] = {}
        reasons: tuple[Reason, ...] = ()
        results = _NO_RESULTS
        for child in element:
            name = names[child.tag]
            if name == "row":
                for leaf in child:
                    leaf_name = names[leaf.tag]
                    if leaf_name == "policy_evaluated":
                        reasons = self._evaluated(leaf, evaluated, reasons)
                    else:
                        row[leaf_name] = leaf.text
            elif name == "identifiers" or name == "identities":
                for leaf in child:
                    identifiers[names[leaf.tag]] = leaf.text
            elif name == "auth_results":
                results = self._results(child, results)
            elif name == "policy_evaluated":
                reasons = self._evaluated(child, evaluated, reasons)
        address = canonical_address(row.get("source_ip"))
        if address is None:
            self._drop("source_ip_missing")
            return None
        number = count(row.get("count"))
        if number is None:
            self._drop("count_unusable")
            return None
        return DmarcRecord(
            address,
            number,
            self._disposition(evaluated.get("disposition")),
            self._aligned(evaluated.get("dkim")),
            self._aligned(evaluated.get("spf")),
            self._header_from(identifiers.get("header_from")),
            self._domain(identifiers.get("envelope_from")),
            self._domain(identifiers.get("envelope_to")),
            reasons,
            results,
        )

    def again(self, template: DmarcRecord, plain: PlainRecord) -> DmarcRecord | None:
        """A record that differs from one read before by address and count alone."""
        address = canonical_address(plain.source_ip.decode())
        if address is None:
            self._drop("source_ip_missing")
            return None
        number = count(plain.messages.decode())
        if number is None:
            self._drop("count_unusable")
            return None
        return DmarcRecord(
            address,
            number,
            template.disposition,
            template.dkim,
            template.spf,
            template.header_from,
            template.envelope_from,
            template.envelope_to,
            template.reasons,
            template.auth_results,
        )

    def _drop(self, word: str) -> None:
        self._notes.add(word)
        self._notes.drop("record_dropped")

    def _evaluated(self, element: Element, into: dict[str, str | None], reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
        names = self._names
        for leaf in element:
            name = names[leaf.tag]
            if name == "reason":
                reason = self._reason(leaf)
                if reason is not None:
                    reasons = (*reasons, reason)
            else:
                into[name] = leaf.text
        return reasons

    def _reason(self, element: Element) -> Reason | None:
        fields = {self._names[leaf.tag]: leaf.text for leaf in element}
        kind = self._word(fields.get("type"))
        comment = clip(fields.get("comment"), self._limit, self._notes)
        return Reason(kind, comment) if kind or comment else None

    def _results(self, element: Element, before: AuthResults) -> AuthResults:
        names = self._names
        dkim, spf = list(before.dkim), list(before.spf)
        for child in element:
            name = names[child.tag]
            if name != "dkim" and name != "spf":
                continue
            fields: dict[str, str | None] = {}
            for leaf in child:
                fields[names[leaf.tag]] = leaf.text
            if not fields:
                continue
            get = fields.get
            domain, result = self._domain(get("domain")), self._word(get("result"))
            human = get("human_result")
            if human is not None:
                human = clip(human, self._limit, self._notes)
            if name == "dkim":
                selector = get("selector")
                dkim.append(DkimResult(domain, selector and clip(selector, self._limit, self._notes), result, human))
            else:
                spf.append(SpfResult(domain, self._word(get("scope")), result, human))
        return AuthResults(tuple(dkim), tuple(spf))

    def _domain(self, text: str | None) -> str | None:
        if not text:
            return None
        return domain_name(text if len(text) <= self._limit else clip(text, self._limit, self._notes))

    def _word(self, text: str | None) -> str | None:
        if not text:
            return None
        return word(text if len(text) <= self._limit else clip(text, self._limit, self._notes))

    def _disposition(self, text: str | None) -> str | None:
        if text in _DISPOSITIONS:
            return text
        disposition = self._word(text)
        if disposition is None:
            self._notes.add("disposition_missing")
        elif disposition not in _DISPOSITIONS:
            self._notes.add("disposition_unknown")
        return disposition

    def _aligned(self, text: str | None) -> str | None:
        if text == "pass" or text == "fail":
            return text
        result = self._word(text)
        if result is None:
            self._notes.add("alignment_missing")
            return None
        if result == "pass" or result == "fail":
            return result
        self._notes.add("alignment_normalized")
        return "fail"

    def _header_from(self, text: str | None) -> str | None:
        domain = self._domain(text)
        if domain is None:
            self._notes.add("header_from_missing")
        return domain
