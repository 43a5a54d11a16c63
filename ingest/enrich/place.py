"""What is known of an address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol

Address = str
"""Canonical text of an IPv4 or IPv6 address."""


@dataclass(frozen=True, slots=True)
class Place:
    """Each field is None where no source says. ``country`` is ISO 3166-1 alpha-2, upper case; ``kind`` the kind of
    organisation in the source's own word (isp, hosting, education, …)."""

    country: str | None = None
    as_number: int | None = None
    operator: str | None = None
    kind: str | None = None

    def completed_by(self, other: Place) -> Place:
        """This place, with what it lacks taken from ``other``. The AS' fields go together: a number of one source
        is never given another's name."""
        if other is UNKNOWN or self is UNKNOWN:
            return self if other is UNKNOWN else other
        country = self.country or other.country
        if self.as_number is not None or self.operator is not None:
            return Place(country, self.as_number, self.operator, self.kind)
        return Place(country, other.as_number, other.operator, other.kind)

    @property
    def complete(self) -> bool:
        return self.country is not None and self.as_number is not None


UNKNOWN = Place()


@dataclass(frozen=True, slots=True)
class SourceAge:
    """For the health page: which data answers, when it was made (None when it does not say), whom to credit."""

    name: str
    built: date | None
    credit: str


class PlaceSource(Protocol):
    """One source of places. ``lookup`` never raises for an address it does not know."""

    def lookup(self, address: Address) -> Place: ...
    def age(self) -> SourceAge: ...
