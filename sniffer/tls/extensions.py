"""Length-prefixed vectors and the extension block, which both hellos share (RFC 8446 sections 3.4 and 4.2)."""

from __future__ import annotations

import struct

MAX_EXTENSIONS = 128
"""Extensions read of one hello; real ones have some twenty."""
_head = struct.Struct(">HH").unpack_from


def vector8(data: bytes, position: int) -> bytes | None:
    """The vector behind a one-byte length, None when it does not fit."""
    if position >= len(data):
        return None
    end = position + 1 + data[position]
    return data[position + 1 : end] if end <= len(data) else None


def vector16(data: bytes, position: int) -> bytes | None:
    """The vector behind a two-byte length, None when it does not fit."""
    if position + 2 > len(data):
        return None
    end = position + 2 + (data[position] << 8 | data[position + 1])
    return data[position + 2 : end] if end <= len(data) else None


def read_extensions(body: bytes, position: int) -> tuple[list[tuple[int, bytes]], bool]:
    """The extensions from ``position`` on, (type, content) in order, and whether they filled the block exactly.

    No block at all is well: old hellos have none.
    """
    if position == len(body):
        return [], True
    if position + 2 > len(body):
        return [], False
    end = position + 2 + (body[position] << 8 | body[position + 1])
    whole = end == len(body)
    end = min(end, len(body))
    position += 2
    found: list[tuple[int, bytes]] = []
    for _ in range(MAX_EXTENSIONS):
        if position + 4 > end:
            break
        kind, size = _head(body, position)
        after = position + 4 + size
        if after > end:
            break
        found.append((kind, body[position + 4 : after]))
        position = after
    return found, whole and position == end
