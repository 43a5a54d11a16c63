"""The cursor of a selection: the place of a page's last document in the order (@timestamp, id), as opaque text."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime

import msgspec

from ingest.store.errors import QueryError
from ingest.store.values import from_micros, micros


def render_cursor(time: datetime, id_: str) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode((micros(time), id_))).decode().rstrip("=")


def parse_cursor(text: str) -> tuple[datetime, str]:
    """Raises QueryError for anything that ``render_cursor`` did not make."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        count, id_ = msgspec.json.decode(raw, type=tuple[int, str])
        return from_micros(count), id_
    except (binascii.Error, ValueError, OverflowError):
        raise QueryError("the cursor (after) is none that an earlier page gave") from None
