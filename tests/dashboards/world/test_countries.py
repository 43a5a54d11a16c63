from __future__ import annotations

from dashboards.rendering import outlined
from dashboards.world.countries import countries, country_name


def test_the_table_is_whole() -> None:
    table = countries()
    assert len(table) == 250
    assert all(len(code) == 2 and -90 <= c.latitude <= 90 and -180 <= c.longitude <= 180 and c.name for code, c in table.items())


def test_names() -> None:
    assert [country_name(code) for code in ("TN", "ZZ", None, "")] == ["Tunisia", "ZZ", "Unknown", "Unknown"]


def test_places_are_where_they_are() -> None:
    singapore, malta = countries()["SG"], countries()["MT"]
    assert (round(singapore.latitude), round(singapore.longitude)) == (1, 104)
    assert (round(malta.latitude), round(malta.longitude)) == (36, 14)


def test_small_countries_have_no_outline_and_large_ones_do() -> None:
    assert {"TN", "US", "NP", "XK", "CI"} <= outlined()
    assert not {"SG", "MT", "HK", "BH"} & outlined()
    assert {code for code in outlined() if not code.startswith("-")} <= set(countries())
