"""Rankings of countries, paths, networks … by what their sample proves at least: the lower bound of the share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dashboards.shapes.share import Share
from ingest.store.query import Row


@dataclass(frozen=True, slots=True)
class Ranked:
    """One line. ``reported`` counts the sessions that senders report as ``starttls-not-supported``."""

    key: str | None
    stripped: Share
    never_asked: int
    encrypted: int
    reported: int = 0
    note: str = ""

    @property
    def order(self) -> tuple[float, int, int, str]:
        """Highest lower bound first, then what reports say, then the larger sample, then the name."""
        return (-self.stripped.lower, -self.reported, -self.stripped.total, self.key or "\U0010ffff")


def ranking(
    rows: Sequence[Row], field: str, reported: Mapping[str | None, int] | None = None, notes: Mapping[str | None, str] | None = None
) -> list[Ranked]:
    """Rows of an aggregate grouped by ``field`` with the metrics stripped, decided, never_asked and encrypted; groups
    that only reports know are added with an empty sample."""
    reported, notes = reported or {}, notes or {}
    found = [_ranked(row, field, reported, notes) for row in rows]
    known = {line.key for line in found}
    found += [Ranked(key, Share(0, 0), 0, 0, amount) for key, amount in reported.items() if key not in known and amount]
    return sorted(found, key=lambda line: line.order)


def _ranked(row: Row, field: str, reported: Mapping[str | None, int], notes: Mapping[str | None, str]) -> Ranked:
    key = row[field] if row[field] is None else str(row[field])
    share = Share(row["stripped"], row["decided"])
    return Ranked(key, share, row["never_asked"], row["encrypted"], reported.get(key, 0), notes.get(key, ""))
