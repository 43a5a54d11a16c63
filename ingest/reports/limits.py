"""What one input may cost. Every buffer and loop over foreign bytes in this room has its limit here."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one input (one message of an mbox, one file, one POST). The defaults let every real report through."""

    inflated_bytes: int = 64 * MIB
    """All that inflating gives, of all members and layers together."""
    held_bytes: int = 32 * MIB
    """What must be held whole at once: a mail, a zip archive inside another container."""
    held_bytes_free: int = 2 * MIB
    """So many in any case; further ones only 32 for each byte of the input, so that a small archive costs little. What lies in each other
    counts together."""
    json_bytes: int = 8 * MIB
    """A TLS report, which is read whole."""
    json_values: int = 500_000
    """Objects, lists and commas in a TLS report: what it can grow to when it is taken apart."""
    json_values_free: int = 100_000
    """So many in any case; further ones only as many as the input has bytes, so that a small archive costs little."""
    members: int = 100
    """Archive members in all, of all archives in the input."""
    archive_depth: int = 3
    """zip, gzip and attached mail count one each."""
    cpu_seconds: float = 30.0
    """Processor time for one input."""
    xml_depth: int = 32
    """Elements inside each other; inside a record of plain form, whose text is under 64 KiB, its length is the bound."""
    xml_elements: int = 5_000_000
    """Elements of one XML document."""
    xml_names: int = 10_000
    """Different names of elements and attributes in one XML document: the parser keeps each."""
    xml_child_bytes: int = 1 * MIB
    """One child of ``feedback`` (a record, the metadata, a comment between them)."""
    text_bytes: int = 64 * 1024
    """Characters of one text; what is longer is clipped, with a warning."""
    mime_depth: int = 16
    """Parts inside each other."""
    mime_parts: int = 64
    """Parts of one mail."""
    mail_lines: int = 500_000
    """Lines of all mails in one input: each costs memory of its own. 16 MiB of base64 have 220,000."""
    mail_lines_free: int = 25_000
    """So many in any case; further ones only one for two bytes of the input, so that a small archive costs little."""
    header_bytes: int = 64 * 1024
    """Headers of one mail or part."""
    header_parameters: int = 256 * 1024
    """Length times semicolons of a Content-Type or Content-Disposition: what taking it apart costs."""
    mbox_messages: int = 1_000_000
    """Messages of one mbox; in one record of the spool 100, as import takes mboxes apart before it."""


DEFAULT_LIMITS = Limits()
