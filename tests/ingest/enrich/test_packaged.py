from plevin import Plevin

from ingest.enrich.packaged import PackagedPlaces
from ingest.enrich.place import UNKNOWN, Place

places = PackagedPlaces()


def test_says_what_the_data_sets_say_also_for_a_row_asked_for_before() -> None:
    from plevin_db_country import PATH as COUNTRY
    from plevin_db_network import PATH as NETWORK

    country, network = Plevin(COUNTRY), Plevin(NETWORK)
    for address in ("8.8.8.8", "8.8.8.9", "8.8.4.4", "2001:4860:4860::8888", "2001:4860:4860::8844", "193.0.6.139", "2a00:1450:4001::1"):
        found = network.lookup(address).network
        where = country.lookup(address).place
        assert found is not None
        assert found.operator is not None
        said = places.lookup(address)
        assert said == places.lookup(address)
        code = where.country.code if where is not None and where.country is not None else found.country
        assert said == Place(code, found.asn, found.operator.company or found.operator.brand, found.operator.category)


def test_addresses_without_a_place() -> None:
    for address in ("198.18.0.1", "10.0.0.1", "::1", "2001:db8::1", "fe80::1%eth0", "0.0.0.0", "255.255.255.255"):
        assert places.lookup(address) is UNKNOWN
