"""A session's dialogue, line by line, with the lines that were tampered with marked.

The dialogue and the evidence come from the sniffer: ``{at, side, text}`` and ``{word, side, text, at}``. A piece of
the dialogue may hold several lines (a reply to EHLO); each line is shown, and marked, by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
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


@dataclass(frozen=True, slots=True)
class Proof:
    """One piece of evidence."""

    word: str
    side: str
    text: str


def proofs(evidence: Any) -> list[Proof]:
    """The pieces of ``smtp.evidence``. A remote sensor wrote it: what has no such shape is passed over."""
    return [Proof(_text(piece, "word"), _text(piece, "side"), _text(piece, "text").strip()) for piece in _pieces(evidence)]


def dialogue(pieces: Any, evidence: Any) -> list[Line]:
    """``smtp.dialogue`` in lines, in order. Evidence whose text stands in no line of its side marks none."""
    known = proofs(evidence)
    lines: list[Line] = []
    for piece in _pieces(pieces):
        texts = _text(piece, "text").splitlines() or [""]
        lines += [_line(_text(piece, "side"), text.rstrip("\r"), _text(piece, "at"), known) for text in texts]
    return lines


def is_tampering(word: str) -> bool:
    return word.startswith(TAMPERING)


def _pieces(value: Any) -> list[Mapping[str, Any]]:
    return [piece for piece in value if isinstance(piece, Mapping)] if isinstance(value, (list, tuple)) else []


def _text(piece: Mapping[str, Any], name: str) -> str:
    value = piece.get(name)
    return "" if value is None else str(value)


def _line(side: str, text: str, at: str, known: list[Proof]) -> Line:
    words = tuple(dict.fromkeys(proof.word for proof in known if proof.side == side and _shows(proof.text, text)))
    return Line(side, text, at, words, any(map(is_tampering, words)))


def _shows(proof: str, text: str) -> bool:
    """The evidence's text holds the line, whole: as itself, as one of its lines, as its keyword, or, of IMAP's list of
    capabilities, as one of its words."""
    if not proof or not text.strip():
        return False
    if "CAPABILITY" in text.upper() and proof in text.replace("]", " ").split():
        return True
    return text.strip() in (line.strip() for line in proof.splitlines()) or proof in (text.strip(), text[4:].strip())
