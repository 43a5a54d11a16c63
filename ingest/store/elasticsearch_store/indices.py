"""Where a document lies: one plain index a dataset and month, by the document's own time.

The name depends on the document alone, never on the clock: ``_id`` dedupes within one index only, so the same
document must come to the same index whenever it is written. A time that nobody can mean (a forged report may claim
any) comes to one of two side indices, so that no sender can make an index for every month there ever was.
Mutable datasets lie in one index, whatever their time.
"""

from __future__ import annotations

from datetime import UTC, datetime

from ingest.store.schema import DATASETS

FIRST_YEAR = 2022
END_YEAR = 2036
"""Months of these years have an index each. Raise END_YEAR in good time: documents of later years lie in ``late``."""


def index_of(prefix: str, dataset: str, time: datetime) -> str:
    """Name of the index that holds a document of that time (aware)."""
    if DATASETS[dataset].mutable:
        return f"{prefix}-{dataset}"
    return f"{prefix}-{dataset}-{_period(time.astimezone(UTC))}"


def pattern_of(prefix: str, dataset: str) -> str:
    """Matches all indices of a dataset and none of another."""
    return f"{prefix}-{dataset}" if DATASETS[dataset].mutable else f"{prefix}-{dataset}-*"


def is_before(index: str, time: datetime) -> bool:
    """True when the index is a month's and every document of that month is older than ``time``."""
    try:
        month = datetime.strptime(index.rsplit("-", 1)[-1], "%Y.%m").replace(tzinfo=UTC)
    except ValueError:
        return False
    after = datetime(month.year + month.month // 12, month.month % 12 + 1, 1, tzinfo=UTC)
    return after <= time


def _period(time: datetime) -> str:
    if time.year < FIRST_YEAR:
        return "early"
    if time.year >= END_YEAR:
        return "late"
    return f"{time.year:04}.{time.month:02}"
