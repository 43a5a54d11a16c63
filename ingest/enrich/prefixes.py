"""The operator's own table of networks: CSV of ``prefix,country,as,name``, longest prefix wins.

A first line whose first cell is ``prefix`` is a heading; ``#`` starts a comment line; country, AS and name may be empty.
The same file tells the demo where its documentation addresses "are".
"""

from __future__ import annotations

import csv
import ipaddress
from collections.abc import Iterable
from typing import TypeAlias

from ingest.enrich.errors import PlaceDataError
from ingest.enrich.place import UNKNOWN, Place, SourceAge

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


class PrefixTable:
    """Longest-prefix match over some thousands of networks: one dict look-up a prefix length in use."""

    def __init__(self, places: Iterable[tuple[Network, Place]], name: str = "networks") -> None:
        self._name = name
        self._lengths: dict[int, dict[int, dict[int, Place]]] = {4: {}, 6: {}}
        for network, place in places:
            table = self._lengths[network.version].setdefault(network.prefixlen, {})
            table[int(network.network_address)] = place
        self._order = {version: sorted(lengths, reverse=True) for version, lengths in self._lengths.items()}

    @classmethod
    def from_csv(cls, lines: Iterable[str], name: str = "networks") -> PrefixTable:
        """Read the table. Raises PlaceDataError naming the line that cannot be read."""
        return cls(_rows(lines, name), name)

    def lookup(self, address: str) -> Place:
        parsed = ipaddress.ip_address(address)
        value, bits = int(parsed), parsed.max_prefixlen
        lengths = self._lengths[parsed.version]
        for length in self._order[parsed.version]:
            place = lengths[length].get(value >> (bits - length) << (bits - length))
            if place is not None:
                return place
        return UNKNOWN

    def age(self) -> SourceAge:
        return SourceAge(self._name, None, "your own table of networks")


def _rows(lines: Iterable[str], name: str) -> Iterable[tuple[Network, Place]]:
    for number, row in enumerate(csv.reader(lines), 1):
        cells = [cell.strip() for cell in row]
        if not cells or not cells[0] or cells[0].startswith("#") or cells[0].lower() == "prefix":
            continue
        yield _row(cells + [""] * (4 - len(cells)), f"{name}, line {number}")


def _row(cells: list[str], where: str) -> tuple[Network, Place]:
    prefix, country, number, operator = cells[:4]
    try:
        network = ipaddress.ip_network(prefix)
    except ValueError as error:
        raise PlaceDataError(f"{where}: {error}") from error
    digits = number.upper().removeprefix("AS")
    if digits and not digits.isdecimal():
        raise PlaceDataError(f"{where}: {number!r} is not an AS number")
    if country and not (len(country) == 2 and country.isalpha()):
        raise PlaceDataError(f"{where}: {country!r} is not a two-letter country code")
    return network, Place(country.upper() or None, int(digits) if digits else None, operator or None)
