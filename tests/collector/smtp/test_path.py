from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.smtp.path import NULL_PATH, split_path


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("<a@example.org>", ("a@example.org", "")),
        (" <a@example.org> SIZE=10 BODY=8BITMIME", ("a@example.org", "SIZE=10 BODY=8BITMIME")),
        ("<>", (NULL_PATH, "")),
        ("<> SIZE=1", (NULL_PATH, "SIZE=1")),
        ("a@example.org SIZE=1", ("a@example.org", "SIZE=1")),
        ("<@relay.example,@b.example:a@example.org>", ("a@example.org", "")),
        ('<"a> b"@example.org>', ('"a> b"@example.org', "")),
        ('<"a\\" b"@example.org>', ('"a\\" b"@example.org', "")),
        ("<ü@example.org>", ("ü@example.org", "")),
        ("<a@[192.0.2.1]>", ("a@[192.0.2.1]", "")),
        ("<a@example.org", None),
        ("<a@example.org>x", None),
        ("<a b@example.org>", None),
        ("<<a@example.org>>", None),
        ("a@example.org>", None),
        ("<@relay.example>", None),
        ("", None),
    ],
)
def test_paths(argument: str, expected: tuple[str, str] | None) -> None:
    assert split_path(argument) == expected


def test_parentheses_do_not_recurse() -> None:
    assert split_path("<" + "(" * 2000 + ">") == ("(" * 2000, "")


@given(st.text(max_size=60))
def test_anything_gives_a_path_or_none(argument: str) -> None:
    found = split_path(argument)
    assert found is None or found[0]
