"""The rest of a plain record (what stands behind its count), taken apart by one expression instead of an XML parser.

Only the form that generators write is taken: ASCII, ``policy_evaluated``, ``identifiers`` and ``auth_results`` in this
order, leaves without attributes, references or carriage returns. Whatever else XML allows is the parser's, so a match
says exactly what the parser would. Nothing that the expression has matched could match otherwise, so its time is
linear. (The groups' repetitions aren't possessive only because Python before 3.11.5 goes wrong over those.)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

_RESTS_KEPT = 2_048
_LONGEST_KEPT = 2_000
_NAME = r"[a-z_]++"
_TEXT = r"[^<>&\r]*+"


def _leaves(group: int) -> str:
    """Any number of leaves. ``group`` is the number of the expression's group that will hold a leaf's name."""
    return rf"(?:\s*+<({_NAME})>{_TEXT}</\{group}>)*"


_rest = re.compile(
    rf"\s*+<policy_evaluated>({_leaves(2)})\s*+</policy_evaluated>\s*+</row>"
    rf"\s*+<identifiers>({_leaves(4)})\s*+</identifiers>"
    rf"\s*+<auth_results>((?:\s*+<(dkim|spf)>{_leaves(7)}\s*+</\6>)*)\s*+</auth_results>\s*+",
    re.ASCII,
).fullmatch
_leaf = re.compile(rf"<({_NAME})>({_TEXT})</", re.ASCII).findall
_result = re.compile(rf"<(dkim|spf)>({_leaves(3)})\s*+</\1>", re.ASCII).findall


class PlainRest(NamedTuple):
    """The inner texts of the three elements."""

    evaluated: str
    identifiers: str
    results: str


def plain_rest(rest: bytes) -> PlainRest | None:
    """None for any other form: the parser must read it. Short ones are kept: they come again in report after report."""
    return _kept(rest) if len(rest) <= _LONGEST_KEPT else _matched(rest)


def _matched(rest: bytes) -> PlainRest | None:
    match = _rest(rest.decode("ascii")) if rest.isascii() else None
    return PlainRest(match[1], match[3], match[5]) if match else None


_kept = lru_cache(_RESTS_KEPT)(_matched)


def leaves(inner: str) -> dict[str, str | None]:
    """Name → text; of several of one name the last. An empty leaf is None."""
    return {name: text or None for name, text in _leaf(inner)}


def results(inner: str) -> Iterator[tuple[str, str]]:
    """The elements of ``auth_results`` in order: dkim or spf, and the inner text."""
    for name, text, _ in _result(inner):
        yield name, text
