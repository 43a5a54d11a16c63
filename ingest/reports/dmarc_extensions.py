"""Extension elements of aggregate reports (RFC 9990 §3.2, §5): named, never read. Their absence or presence is no error."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element

_KEPT = 32
_LONGEST = 128


class Extensions:
    """Names of extension elements of one report, each once."""

    __slots__ = ("_names",)

    def __init__(self) -> None:
        self._names: dict[str, None] = {}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._names)

    def note(self, elements: Iterable[Element]) -> None:
        for element in elements:
            if len(self._names) < _KEPT:
                self._names.setdefault(element.tag[:_LONGEST])
