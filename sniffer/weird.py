"""Counters of what was odd, in Zeek's sense: a vocabulary of named events, never exceptions.

Each name is stable; docs list them. They are added up over captures and processes.
"""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(slots=True)
class Weird:
    """How often each odd thing was met; the unit is packets unless said otherwise."""

    unsupported_link: int = 0
    """Packets of an interface whose link type is not decoded."""
    truncated: int = 0
    """Mail segments whose captured bytes end before the packet's own end (snaplen)."""
    truncated_header: int = 0
    """Packets whose captured bytes end inside a header."""
    malformed_header: int = 0
    """IP or TCP headers with an impossible length."""
    nested_too_deep: int = 0
    """Tags, labels, extension headers or tunnels beyond the depth that is followed."""
    fragments: int = 0
    """IP fragments of TCP and of tunnels seen."""
    fragments_dropped: int = 0
    """Fragments given up: table full, too old, or a datagram that cannot be."""
    fragment_overlap: int = 0
    """Fragments that overlap others; the first copy is kept."""
    overlap_conflict: int = 0
    """Segments that repeat bytes with other content; the first copy is kept."""
    above_hole: int = 0
    """Segments too far above missing bytes to be kept."""
    after_close: int = 0
    """Segments of a connection after its end."""
    no_payload: int = 0
    """Connections without one byte of payload (scans, refused ports)."""
    syn_timeout: int = 0
    """Connections of which one side never answered; also counted in ``no_payload``."""
    evicted: int = 0
    """Connections ended early because the flow table was full."""
    dns_unasked: int = 0
    """Answers of port 53 whose question was not captured before them; they are not used."""
    dns_refused: int = 0
    """Answers of port 53 that are malformed or too large; they are not used."""
    dns_forgotten: int = 0
    """Names or addresses forgotten because the memory of answers was full."""

    def add(self, other: Weird) -> None:
        """Add another's counts to these."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))

    def nonzero(self) -> dict[str, int]:
        """The names that were met and how often."""
        return {field.name: count for field in fields(self) if (count := getattr(self, field.name))}

    def blinding(self) -> dict[str, int]:
        """Those of them that kept bytes from being seen."""
        return {name: count for name, count in self.nonzero().items() if name in _BLINDING}


_BLINDING = frozenset(
    {
        "unsupported_link",
        "truncated",
        "truncated_header",
        "malformed_header",
        "nested_too_deep",
        "fragments_dropped",
        "above_hole",
        "evicted",
    }
)
