"""Community ID against the specification's published values."""

from __future__ import annotations

import pytest

from sniffer.community_id import community_id


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        (("128.232.110.120", 34855, "66.35.250.204", 80), "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
        (("2001:470:e5bf:dead:4957:2174:e82c:4887", 63943, "2607:f8b0:400c:c03::1a", 25), "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4="),
    ],
)
def test_published_values(ends, expected):
    source, source_port, destination, destination_port = ends
    assert community_id(*ends) == expected
    assert community_id(destination, destination_port, source, source_port) == expected


def test_equal_addresses_are_ordered_by_port():
    assert community_id("127.0.0.1", 4660, "127.0.0.1", 25) == community_id("127.0.0.1", 25, "127.0.0.1", 4660)


def test_no_address():
    with pytest.raises(ValueError, match="does not appear"):
        community_id("mx.example", 25, "192.0.2.1", 25)
