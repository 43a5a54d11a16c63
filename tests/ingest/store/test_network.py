"""Addresses as 128-bit numbers."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.store.network import address_bytes, canonical_address, canonical_network, network_span

_addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)


@given(_addresses, _addresses)
def test_bytes_are_ordered_as_addresses_and_tell_them_apart(one: str, other: str) -> None:
    one, other = canonical_address(one), canonical_address(other)
    assert (one == other) == (address_bytes(one) == address_bytes(other))
    if ip_address(one).version == ip_address(other).version:
        assert (address_bytes(one) < address_bytes(other)) == (int(ip_address(one)) < int(ip_address(other)))


@given(_addresses, st.integers(0, 128))
def test_a_network_spans_its_addresses(address: str, length: int) -> None:
    network = ip_network(f"{address}/{min(length, ip_address(address).max_prefixlen)}", strict=False)
    first, last = (address_bytes(end) for end in network_span(str(network)))
    assert first <= address_bytes(address) <= last
    assert int.from_bytes(last) - int.from_bytes(first) == network.num_addresses - 1


def test_a_mapped_address_is_ipv4() -> None:
    assert canonical_address("::ffff:192.0.2.1") == "192.0.2.1"
    assert network_span("::ffff:0:0/96") == ("0.0.0.0", "255.255.255.255")
    assert canonical_network("10.1.2.3/8") == "10.0.0.0/8"
    for bad in ("fe80::1%eth0", "10.0.0", ""):
        with pytest.raises(ValueError):
            canonical_address(bad)
