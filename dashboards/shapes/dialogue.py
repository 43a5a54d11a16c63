"""A session's dialogue, line by line, with the lines that were tampered with marked.

The dialogue and the evidence come from the sniffer: ``{at, side, text}`` and ``{word, side, text, at}``. A piece of
the dialogue may hold several lines (a reply to EHLO); each line is shown, and marked, by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

TAMPERING = "masked_"
"""How the evidence words begin that mean: these bytes are not what their sender wrote."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line. ``words`` are the evidence that points at it; ``tampered`` when they say it was changed in flight."""

    side: str
    text: str
    at: str
    words: tuple[str, ...] = field(default=())
    tampered: bool = False


def dialogue(pieces: Iterable[Mapping[str, Any]], evidence: Iterable[Mapping[str, Any]]) -> list[Line]:
    """Lines in order. Evidence whose text stands in no line of its side is left to the evidence table."""
    proofs = [(str(e.get("word", "")), str(e.get("side", "")), str(e.get("text", "")).strip()) for e in evidence]
    lines: list[Line] = []
    for piece in pieces:
        side, at = str(piece.get("side", "")), str(piece.get("at", ""))
        texts = str(piece.get("text", "")).splitlines() or [""]
        lines += [_line(side, text.rstrip("\r"), at, proofs) for text in texts]
    return lines


def is_tampering(word: str) -> bool:
    return word.startswith(TAMPERING)


def _line(side: str, text: str, at: str, proofs: list[tuple[str, str, str]]) -> Line:
    words = tuple(dict.fromkeys(word for word, whose, proof in proofs if whose == side and _shows(proof, text)))
    return Line(side, text, at, words, any(map(is_tampering, words)))


def _shows(proof: str, text: str) -> bool:
    """The evidence's text holds the line, whole: as itself, as one of its lines, or as its keyword."""
    if not proof or not text.strip():
        return False
    return text.strip() in (line.strip() for line in proof.splitlines()) or proof in (text.strip(), text[4:].strip())
