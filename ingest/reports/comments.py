"""Comments in header fields (RFC 5322 §3.2.2), which failure reports may have around each word (RFC 6591, RFC 9991 §4)."""

from __future__ import annotations

import re

_PIECES = re.compile(r"\\.|[()]|[^\\()]+|\\", re.S)


def without_comments(text: str) -> str:
    """The text outside of parentheses, however deep; one that is never closed hides nothing."""
    if "(" not in text:
        return text
    kept: list[str] = []
    opened: list[int] = []
    for piece in _PIECES.findall(text):
        if piece == ")" and opened:
            del kept[opened.pop() :]
            continue
        if piece == "(":
            opened.append(len(kept))
        kept.append(piece)
    return " ".join("".join(kept).split())
