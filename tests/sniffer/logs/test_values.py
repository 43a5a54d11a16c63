from __future__ import annotations

from typing import Any

import pytest

from sniffer.logs.errors import BadLine
from sniffer.logs.values import address, boolean, interval, mapping, moment, port, text, texts, whole

AT = 1_795_514_400_000_001_000


@pytest.mark.parametrize(
    "value",
    [
        "1795514400.000001",
        1795514400.000001,
        "2026-11-24T10:00:00.000001Z",
        "2026-11-24T10:00:00.000001",
        "2026-11-24T11:00:00.000001+0100",
        "2026-11-24T05:00:00.000001-05:00",
    ],
)
def test_moments(value: Any) -> None:
    assert moment(value) == AT


def test_milliseconds_and_whole_seconds() -> None:
    assert moment(1795514400000) == moment(1795514400) == moment("1795514400") == 1_795_514_400_000_000_000
    assert moment(None) is None


@pytest.mark.parametrize(
    "value", ["", "soon", "T", "-1.0", -5, True, [], float("nan"), float("inf"), 1e300, 10**30, "2026-13-01T00:00:00Z"]
)
def test_no_moments(value: Any) -> None:
    with pytest.raises(BadLine):
        moment(value)


def test_intervals() -> None:
    assert interval("1.5") == interval(1.5) == 1_500_000_000
    assert interval("-0.25") == -250_000_000
    assert interval(None) is None


def test_numbers_and_truth() -> None:
    assert [whole("12"), whole(0), whole(None), port("25"), port(65535)] == [12, 0, None, 25, 65535]
    assert [boolean("T"), boolean(False), boolean(None)] == [True, False, None]


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (whole, "-1"),
        (whole, "1.5"),
        (whole, True),
        (whole, "٣"),
        (whole, 1 << 64),
        (port, 65536),
        (port, None),
        (boolean, "true"),
        (boolean, 1),
        (address, "host.example"),
        (address, None),
        (text, 5),
        (texts, "a"),
        (texts, [1]),
        (mapping, []),
    ],
)
def test_other_values_are_named(read: Any, value: Any) -> None:
    with pytest.raises(BadLine):
        read(value)


def test_texts() -> None:
    assert [text("abc", 2), text(""), text(None), texts(["a", "b"], 1), texts(None), mapping(None)] == ["ab", None, None, ("a",), (), {}]
    assert address("2001:DB8:0::1") == "2001:db8::1"
