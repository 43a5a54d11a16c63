"""The one question: where is this address? Cached, because mail comes from the same peers again and again."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import lru_cache

from ingest.enrich.place import UNKNOWN, Place, PlaceSource, SourceAge
from ingest.store.network import canonical_address, parsed_address

CACHE_ADDRESSES = 16_384


class Enricher:
    """Asks its sources in order and keeps the answers of the last 16,384 addresses."""

    def __init__(self, sources: Sequence[PlaceSource]) -> None:
        self._sources = tuple(sources)
        self.place = lru_cache(CACHE_ADDRESSES)(self._place)
        self.network = lru_cache(CACHE_ADDRESSES)(_network)

    def ages(self) -> list[SourceAge]:
        """What answers, and how old it is."""
        return [source.age() for source in self._sources]

    def _place(self, address: str) -> Place:
        """The place of an address; UNKNOWN for text that is no address."""
        try:
            canonical = canonical_address(address)
        except ValueError:
            return UNKNOWN
        place = UNKNOWN
        for source in self._sources:
            place = place.completed_by(source.lookup(canonical))
            if place.complete:
                break
        return place


def _network(address: str) -> str | None:
    """The /24 (IPv4) or /48 (IPv6) that an address stands in; None for text that is no address."""
    try:
        parsed = parsed_address(canonical_address(address))
    except ValueError:
        return None
    if parsed.version == 4:
        return f"{parsed}".rpartition(".")[0] + ".0/24"
    return f"{ipaddress.IPv6Address(int(parsed) >> 80 << 80)}/48"
