from __future__ import annotations

import pytest

from collector.connections import ConnectionLimits, Proxies, peer_key


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
    ],
)
def test_peers(one: str, other: str, same: bool) -> None:
    assert (peer_key(one) == peer_key(other)) is same


def test_unknown_peers_count_only_in_all() -> None:
    assert peer_key(None) == peer_key("") == peer_key("/run/socket") == ""
    limits = ConnectionLimits(3, 1)
    assert [limits.admit("") for _ in range(4)] == [True, True, True, False]


def test_limits_and_release() -> None:
    limits = ConnectionLimits(3, 2)
    assert [limits.admit("a") for _ in range(3)] == [True, True, False]
    assert [limits.admit("b") for _ in range(2)] == [True, False]
    limits.release("a")
    assert limits.admit("b")
    assert limits.open == 3


def test_renamed_peer_is_counted_under_its_true_name() -> None:
    limits = ConnectionLimits(9, 1)
    limits.admit("")
    limits.admit("")
    assert limits.rename("", "a")
    assert not limits.rename("", "a")
    limits.release("a")
    assert limits.rename("", "a")


def test_proxies_by_network() -> None:
    proxies = Proxies(("192.0.2.0/24", "2001:db8::1"))
    believed = ("192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1")
    assert [address in proxies for address in believed] == [True] * 3
    assert [address in proxies for address in ("192.0.3.7", "2001:db8::2", "", None, "/run/x")] == [False] * 5
