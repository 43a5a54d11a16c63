from __future__ import annotations

import pytest

from sniffer.logs.errors import BadLine
from sniffer.logs.zeek_lines import ZeekHeader, flat, unescaped


def read(*lines: str) -> list[dict[str, object]]:
    header = ZeekHeader()
    return [fields for line in lines if (fields := header.read(line)) is not None]


def test_unset_is_absent_and_empty_is_an_empty_list() -> None:
    (fields,) = read("#fields\ta\tb\tc\td", "#types\tstring\tset[string]\tvector[string]\tstring", "-\t(empty)\tx,y\\x2cz\t(empty)")
    assert fields == {"b": [], "c": ["x", "y,z"], "d": "(empty)"}


def test_the_header_says_its_own_marks() -> None:
    lines = (
        "#separator |",
        "#set_separator|;",
        "#empty_field|EMPTY",
        "#unset_field|NONE",
        "#fields|a|b|c|d",
        "#types|set[addr]|string|set[int]|int",
    )
    assert read(*lines, "1;2|NONE|EMPTY|-") == [{"a": ["1", "2"], "c": [], "d": "-"}]


def test_a_second_header_begins_anew() -> None:
    assert read("#separator \\x09", "#fields\ta", "1", "#close\tx", "#fields\tb\tc", "2\t3") == [{"a": "1"}, {"b": "2", "c": "3"}]


@pytest.mark.parametrize("lines", [("1",), ("#fields\ta\tb", "1"), ("#fields\ta", "1\t2")])
def test_lines_that_do_not_fit(lines: tuple[str, ...]) -> None:
    with pytest.raises(BadLine):
        read(*lines)


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("plain", "plain"),
        ("a\\x09b", "a\tb"),
        ("a\\\\x09", "a\\x09"),
        ("caf\\xc3\\xa9", "café"),
        ("\\xff", "\ufffd"),
        ("é€\\x41", "é€A"),
        ("\\q", "\\q"),
    ],
)
def test_escapes(value: str, meant: str) -> None:
    assert unescaped(value) == meant


def test_nested_json_is_the_same_as_dotted() -> None:
    assert flat({"id": {"orig_h": "a", "orig_p": None}, "uid": "C", "x": None}) == {"id.orig_h": "a", "uid": "C"}
    assert flat({"id": "F1"}) == {"id": "F1"}
