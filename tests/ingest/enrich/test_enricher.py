from ingest.enrich.enricher import Enricher
from ingest.enrich.packaged import PackagedPlaces
from ingest.enrich.place import UNKNOWN, Place
from ingest.enrich.prefixes import PrefixTable

OWN = PrefixTable.from_csv(["192.0.2.0/24,TN,64500,Invented Net", "8.8.8.0/24,CH,,"])


def test_the_first_source_that_knows_a_field_wins() -> None:
    enricher = Enricher([OWN, PackagedPlaces()])
    assert enricher.place("192.0.2.9") == Place("TN", 64500, "Invented Net")
    google = enricher.place("8.8.8.8")
    assert (google.country, google.as_number) == ("CH", 15169)
    assert google.operator


def test_an_as_number_never_gets_another_sources_name() -> None:
    assert Place(as_number=1).completed_by(Place("DE", 2, "Two", "isp")) == Place("DE", 1)


def test_what_nobody_knows_is_absent() -> None:
    enricher = Enricher([OWN])
    assert enricher.place("203.0.113.1") == UNKNOWN
    assert enricher.place("no address") == UNKNOWN
    assert enricher.network("no address") is None


def test_networks() -> None:
    enricher = Enricher([])
    assert enricher.network("198.51.100.77") == "198.51.100.0/24"
    assert enricher.network("2001:db8:1:2::3") == "2001:db8:1::/48"


def test_ages_name_their_source_and_date() -> None:
    table, packaged = Enricher([OWN, PackagedPlaces()]).ages()
    assert table.built is None
    assert packaged.built is not None
    assert packaged.built.year >= 2026
