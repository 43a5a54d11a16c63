"""One ``record`` element to one row (RFC 7489 appendix C, RFC 9990): the hot path of the room.

Children are taken in one walk, in any order. A row needs a source address and a count made of digits; everything else
may be missing. What is missing or odd is noted, never invented.
"""

from __future__ import annotations

from collections.abc import Sized
from functools import lru_cache
from typing import TypeAlias
from xml.etree.ElementTree import Element

from ingest.reports.addresses import canonical_address
from ingest.reports.dmarc_extensions import Extensions
from ingest.reports.feedback_xml import LocalNames
from ingest.reports.model import AuthResults, DkimResult, DmarcRecord, Reason, SpfResult
from ingest.reports.names import count, domain_name, word
from ingest.reports.plain_records import PlainRecord
from ingest.reports.plain_rest import PlainRest, leaves, results
from ingest.reports.text import clip
from ingest.reports.warnings import Notes

_DISPOSITIONS = frozenset({"none", "quarantine", "reject", "pass"})
_NO_RESULTS = AuthResults()
_ALIGNED = frozenset({"pass", "fail"})
_PARTS_KEPT = 2_048
_MOST_RESULTS = 128
"""DKIM results, SPF results and reasons kept of one record, of each so many: RFC 9990 §3.1.3 wants at most 100 signatures."""
_LONGEST_PART = 1_000
"""Characters of a record's part that is kept for others like it: the same parts come again in report after report."""

Leaves: TypeAlias = dict[str, str | None]
Three: TypeAlias = tuple[str | None, str | None, str | None]


class RecordReader:
    """Reads records of one report. ``names`` are the report's, ``limit`` characters of a text are kept."""

    __slots__ = ("_extensions", "_limit", "_longest_part", "_names", "_notes")

    def __init__(self, names: LocalNames, notes: Notes, limit: int, extensions: Extensions) -> None:
        self._extensions = extensions
        self._names = names
        self._notes = notes
        self._limit = limit
        self._longest_part = min(limit, _LONGEST_PART)

    def read(self, element: Element) -> DmarcRecord | None:
        """The row, or None when it cannot be used (noted and counted)."""
        names = self._names
        row: dict[str, str | None] = {}
        evaluated: dict[str, str | None] = {}
        identifiers: dict[str, str | None] = {}
        reasons: tuple[Reason, ...] = ()
        checked: list[Element] = []
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
                checked.append(child)
            elif name == "policy_evaluated":
                reasons = self._evaluated(child, evaluated, reasons)
            elif not name:
                self._extensions.note((child,))
        figures = self._figures(row.get("source_ip"), row.get("count"))
        if figures is None:
            return None
        verdicts, domains = self._verdicts(evaluated), self._domains(identifiers)
        authenticated = _NO_RESULTS
        for child in checked:
            authenticated = self._results(child, authenticated)
        return DmarcRecord(*figures, *verdicts, *domains, reasons, authenticated)

    def read_plain(self, plain: PlainRecord, rest: PlainRest) -> DmarcRecord | None:
        """The same of a plain record: what ``read`` says of its element. Parts that were met before are looked up."""
        figures = self._figures(plain.source_ip.decode(), plain.messages.decode())
        if figures is None:
            return None
        evaluated, identifiers, authenticated = rest
        verdicts = _usual_verdicts(evaluated) if len(evaluated) <= self._longest_part else None
        if verdicts is None:
            verdicts = self._verdicts(leaves(evaluated))
        domains = _usual_domains(identifiers) if len(identifiers) <= self._longest_part else None
        if domains is None:
            domains = self._domains(leaves(identifiers))
        return DmarcRecord(*figures, *verdicts, *domains, (), self._plain_results(authenticated))

    def again(self, template: DmarcRecord, plain: PlainRecord) -> DmarcRecord | None:
        """A record that differs from one read before by address and count alone."""
        figures = self._figures(plain.source_ip.decode(), plain.messages.decode())
        if figures is None:
            return None
        return DmarcRecord(
            *figures,
            template.disposition,
            template.dkim,
            template.spf,
            template.header_from,
            template.envelope_from,
            template.envelope_to,
            template.reasons,
            template.auth_results,
        )

    def _figures(self, source_ip: str | None, messages: str | None) -> tuple[str, int] | None:
        """Address and count; None, noted and counted, when one of them cannot be used."""
        address = canonical_address(source_ip)
        if address is None:
            self._drop("source_ip_missing")
            return None
        number = count(messages)
        if number is None:
            self._drop("count_unusable")
            return None
        return address, number

    def _verdicts(self, evaluated: Leaves) -> Three:
        """Disposition and the two aligned results."""
        get = evaluated.get
        return self._disposition(get("disposition")), self._aligned(get("dkim")), self._aligned(get("spf"))

    def _domains(self, identifiers: Leaves) -> Three:
        """Header From, envelope From, envelope To."""
        get = identifiers.get
        return self._header_from(get("header_from")), self._domain(get("envelope_from")), self._domain(get("envelope_to"))

    def _drop(self, word: str) -> None:
        self._notes.add(word)
        self._notes.drop("record_dropped")

    def _evaluated(self, element: Element, into: dict[str, str | None], reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
        names = self._names
        for leaf in element:
            name = names[leaf.tag]
            if name == "reason":
                reason = self._reason(leaf)
                if reason is not None and self._has_room(reasons):
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
            fields: Leaves = {}
            for leaf in child:
                fields[names[leaf.tag]] = leaf.text
            if name == "dkim":
                signature = self._dkim(fields)
                if signature is not None and self._has_room(dkim):
                    dkim.append(signature)
            else:
                check = self._spf(fields)
                if check is not None and self._has_room(spf):
                    spf.append(check)
        return AuthResults(tuple(dkim), tuple(spf))

    def _plain_results(self, inner: str) -> AuthResults:
        if len(inner) <= self._longest_part:
            return _usual_results(inner)
        dkim: list[DkimResult] = []
        spf: list[SpfResult] = []
        for name, text in results(inner):
            if name == "dkim":
                signature = self._dkim(leaves(text))
                if signature is not None and self._has_room(dkim):
                    dkim.append(signature)
            else:
                check = self._spf(leaves(text))
                if check is not None and self._has_room(spf):
                    spf.append(check)
        return AuthResults(tuple(dkim), tuple(spf))

    def _has_room(self, results: Sized) -> bool:
        """Whether one more of them is kept; noted when not."""
        if len(results) < _MOST_RESULTS:
            return True
        self._notes.add("results_left_out")
        return False

    def _dkim(self, fields: Leaves) -> DkimResult | None:
        """None when it is empty."""
        if not fields:
            return None
        selector = fields.get("selector")
        return DkimResult(
            self._domain(fields.get("domain")),
            selector and clip(selector, self._limit, self._notes),
            self._word(fields.get("result")),
            self._human(fields.get("human_result")),
        )

    def _spf(self, fields: Leaves) -> SpfResult | None:
        """None when it is empty."""
        if not fields:
            return None
        return SpfResult(
            self._domain(fields.get("domain")),
            self._word(fields.get("scope")),
            self._word(fields.get("result")),
            self._human(fields.get("human_result")),
        )

    def _human(self, text: str | None) -> str | None:
        return text if text is None else clip(text, self._limit, self._notes)

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


# Parts of a plain record in which nothing is clipped and nothing is noted: what they say depends on their text alone.


@lru_cache(_PARTS_KEPT)
def _usual_verdicts(evaluated: str) -> Three | None:
    """None where a note is due."""
    get = leaves(evaluated).get
    disposition, dkim, spf = get("disposition"), get("dkim"), get("spf")
    usual = disposition in _DISPOSITIONS and dkim in _ALIGNED and spf in _ALIGNED
    return (disposition, dkim, spf) if usual else None


@lru_cache(_PARTS_KEPT)
def _usual_domains(identifiers: str) -> Three | None:
    """None where a note is due."""
    get = leaves(identifiers).get
    header_from = domain_name(get("header_from"))
    return (header_from, domain_name(get("envelope_from")), domain_name(get("envelope_to"))) if header_from else None


@lru_cache(_PARTS_KEPT)
def _usual_results(inner: str) -> AuthResults:
    """What is empty is left out."""
    found = list(results(inner))
    dkim = [_usual_dkim(text) for name, text in found if name == "dkim"]
    spf = [_usual_spf(text) for name, text in found if name == "spf"]
    return AuthResults(tuple(filter(None, dkim)), tuple(filter(None, spf)))


@lru_cache(_PARTS_KEPT)
def _usual_dkim(inner: str) -> DkimResult | None:
    """None when it is empty."""
    fields = leaves(inner)
    get = fields.get
    result = DkimResult(domain_name(get("domain")), _kept(get("selector")), word(get("result")), _kept(get("human_result")))
    return result if fields else None


@lru_cache(_PARTS_KEPT)
def _usual_spf(inner: str) -> SpfResult | None:
    """None when it is empty."""
    fields = leaves(inner)
    get = fields.get
    return SpfResult(domain_name(get("domain")), word(get("scope")), word(get("result")), _kept(get("human_result"))) if fields else None


def _kept(text: str | None) -> str | None:
    return (text.strip() or None) if text else None
