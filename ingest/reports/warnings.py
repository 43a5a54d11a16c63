"""What was repaired or left out when a report was read: one stable word each.

A warning never makes a report unusable. Words appear in ``parse --json`` (``warnings[]``), in the stored report
(``report.warnings``) and in the docs, which are made from this table.
"""

from __future__ import annotations

from collections.abc import Iterable

MEANINGS: dict[str, str] = {
    # containers
    "archive_truncated": "A gzip stream or zip member ends early; what came out whole was read.",
    "archive_damaged": "A gzip stream or zip member breaks off in a damaged block; what came out before was read.",
    "checksum_mismatch": "The archive's checksum does not match what came out of it; it was read nevertheless.",
    "size_mismatch": "The archive declares another size than what came out of it; the declared one was ignored.",
    "zip_directory_missing": "The zip archive's directory is missing or cut off; members were read one after another.",
    "trailing_content": "Something follows the end of the report; it was ignored.",
    "leading_content": "Something stands before the report; it was ignored.",
    # text
    "unknown_encoding": "The declared character encoding is unknown or unsafe; UTF-8 was used.",
    "invalid_characters": "Bytes that are no characters of the encoding, or control characters, were replaced or left out.",
    "bare_ampersand": "An ampersand that begins no XML reference was taken literally.",
    "text_clipped": "A text longer than the limit was clipped.",
    # DMARC frame
    "xml_truncated": "The XML ends early; whole records were kept, the cut one was dropped.",
    "xml_damaged": "The XML is not well-formed from some place on; whole records before it were kept.",
    "stray_elements": "Elements that do not belong there surround the report; they were ignored.",
    "unknown_namespace": "The root element is in a namespace that no DMARC specification names.",
    "repeated_element": "report_metadata, policy_published or another single element stands there more than once; the first counts.",
    "org_name_missing": "The reporting organisation is not named.",
    "report_id_missing": "The report has no id.",
    "policy_domain_missing": "The policy domain is not named.",
    "policy_missing": "The published policy (p) is not given.",
    "dates_missing": "Begin or end is missing.",
    "date_unreadable": "A date cannot be read; it was left out.",
    "date_without_zone": "A date has no zone; UTC was assumed.",
    "date_normalized": "A date is given in another form than the specification's; it was converted.",
    "end_before_begin": "The report ends before it begins.",
    "no_records": "The report has no record that could be used.",
    # DMARC records
    "record_dropped": "A record was left out because it cannot be used: see `dropped` for how many.",
    "source_ip_missing": "A record names no usable source address; it was dropped.",
    "count_unusable": "A count is not made of digits only; the record, policy or failure was dropped.",
    "disposition_missing": "A record does not say what was done with the messages.",
    "disposition_unknown": "A disposition that no specification names was kept as it is.",
    "alignment_missing": "A record does not say whether DKIM or SPF is aligned.",
    "alignment_normalized": "An aligned result other than pass or fail was read as fail.",
    "header_from_missing": "A record does not name the From domain.",
    "results_left_out": "A record has more DKIM results, SPF results or reasons than are kept; the first were.",
    # TLS-RPT
    "policy_dropped": "A policy was left out because it cannot be used.",
    "failure_dropped": "A failure detail was left out because it cannot be used.",
    "no_policies": "The report has no policy that could be used.",
    "policy_type_missing": "A policy does not say its type.",
    "policy_type_unknown": "A policy type that RFC 8460 does not name was kept in lower case.",
    "summary_missing": "A policy has no summary; its failure details were counted instead.",
    "result_type_missing": "A failure detail does not say its result type.",
    "result_type_unknown": "A result type that RFC 8460 does not name was kept in lower case.",
    "failure_counts_differ": "The failure details do not add up to the summary's failures; both were kept.",
    "address_unreadable": "An address cannot be read; it was left out.",
    "contact_info_missing": "The report does not say whom to contact.",
    # failure reports
    "feedback_fields_missing": "The feedback report's own fields are missing; what the original's headers and text say was used.",
    "original_missing": "The original message's headers are not in the report.",
}


class Notes:
    """The warnings of one report: each word once, in the order of its first use."""

    __slots__ = ("_words", "dropped")

    def __init__(self, words: Iterable[str] = ()) -> None:
        self._words: dict[str, None] = dict.fromkeys(words)
        self.dropped = 0
        """Records, policies or failure details that were left out."""

    def add(self, word: str) -> None:
        """Raises KeyError for a word that the table does not have."""
        if word not in self._words:
            MEANINGS[word]
            self._words[word] = None

    def drop(self, word: str) -> None:
        """Something was left out because of ``word``."""
        self.add(word)
        self.dropped += 1

    def has(self, word: str) -> bool:
        return word in self._words

    def words(self) -> tuple[str, ...]:
        return tuple(self._words)
