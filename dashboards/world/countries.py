"""Countries by ISO 3166-1 alpha-2: English name, numeric code, and a place to put a dot.

The table beside this file is made from the public-domain ``iso3166.tab`` and ``zone.tab`` of the tz database: the
coordinates are those of a principal city, which is what a dot needs when the outlines lack the country.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Country:
    """One row of the table. ``numeric`` is empty where ISO has assigned none (XK)."""

    alpha2: str
    numeric: str
    name: str
    latitude: float
    longitude: float


@cache
def countries() -> dict[str, Country]:
    """Every country by alpha-2 code."""
    text = files(__package__).joinpath("countries.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in text.splitlines()[1:])
    return {alpha2: Country(alpha2, numeric, name, float(lat), float(lon)) for alpha2, numeric, name, lat, lon in rows}


def country_name(alpha2: str | None) -> str:
    """The English name; the code itself when the table lacks it; "Unknown" when there is none."""
    if not alpha2:
        return "Unknown"
    found = countries().get(alpha2)
    return found.name if found else alpha2
