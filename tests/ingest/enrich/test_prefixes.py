import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.enrich.errors import PlaceDataError
from ingest.enrich.place import UNKNOWN, Place
from ingest.enrich.prefixes import PrefixTable

TABLE = """prefix,country,as,name
# documentation ranges
192.0.2.0/24,tn,AS64500,Invented Net
192.0.2.128/25,IQ,64501,Other Net
2001:db8::/32,KE,,
10.0.0.0/8,,,
"""


def test_longest_prefix_wins() -> None:
    table = PrefixTable.from_csv(TABLE.splitlines())
    assert table.lookup("192.0.2.1") == Place("TN", 64500, "Invented Net")
    assert table.lookup("192.0.2.200") == Place("IQ", 64501, "Other Net")
    assert table.lookup("2001:db8:1::1") == Place("KE")
    assert table.lookup("10.1.1.1") == UNKNOWN
    assert table.lookup("198.51.100.1") == UNKNOWN


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("192.0.2.1/24,TN,1,x", "host bits"),
        ("nonsense,TN,1,x", "nonsense"),
        ("192.0.2.0/24,TUN,1,x", "'TUN' is not a two-letter country code"),
        ("192.0.2.0/24,TN,ASx,x", "'ASx' is not an AS number"),
    ],
)
def test_a_bad_line_is_named(line: str, complaint: str) -> None:
    with pytest.raises(PlaceDataError, match=r"networks\.csv, line 2") as caught:
        PrefixTable.from_csv(["prefix,country,as,name", line], "networks.csv")
    assert complaint in str(caught.value)


@given(
    st.lists(st.tuples(st.ip_addresses(v=4), st.integers(8, 32)), min_size=1, max_size=30),
    st.ip_addresses(v=4),
)
def test_agrees_with_a_plain_search(prefixes: list[tuple[ipaddress.IPv4Address, int]], address: ipaddress.IPv4Address) -> None:
    networks = [ipaddress.ip_network((base, length), strict=False) for base, length in prefixes]
    table = PrefixTable((network, Place(operator=str(network))) for network in networks)
    holding = [network for network in networks if address in network]
    expected = str(max(holding, key=lambda network: network.prefixlen)) if holding else None
    assert table.lookup(str(address)).operator == expected
