"""The time range that an address names: ``last=24h|7d|30d|90d|all``, or ``since`` and ``until``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from dashboards.errors import BadRequest
from ingest.store.query import Interval

SPANS: dict[str, timedelta | None] = {
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
    "all": None,
}
PARAMETERS = ("last", "since", "until")
TITLES = {"24h": "24 hours", "7d": "7 days", "30d": "30 days", "90d": "90 days", "all": "all time"}


@dataclass(frozen=True, slots=True)
class TimeRange:
    """``since`` inclusive, ``until`` exclusive, None for no bound. ``last`` is the word in the address, empty for dates."""

    since: datetime | None
    until: datetime | None
    last: str = ""

    @property
    def parameters(self) -> dict[str, str]:
        """The address parameters that name this range."""
        if self.last:
            return {"last": self.last}
        named = {"since": self.since, "until": self.until}
        return {name: text_of(value) for name, value in named.items() if value}

    @property
    def words(self) -> str:
        """For a sentence: "in the last 7 days"."""
        if self.last == "all":
            return "in all time"
        if self.last:
            return f"in the last {TITLES[self.last]}"
        begin = f"since {text_of(self.since)}" if self.since else ""
        end = f"until {text_of(self.until)}" if self.until else ""
        return " ".join(part for part in (begin, end) if part)


def text_of(value: datetime) -> str:
    """A date where the time is midnight, else the exact time; UTC, as an address carries it."""
    if value.time() == time():
        return value.date().isoformat()
    return value.replace(tzinfo=None).isoformat(timespec="microseconds" if value.microsecond else "auto").removesuffix(":00") + "Z"


def last(word: str, now: datetime) -> TimeRange:
    """The range that ends now. Raises BadRequest for an unknown word."""
    if word not in SPANS:
        raise BadRequest(f"last={word}: one of {', '.join(SPANS)}")
    span = SPANS[word]
    return TimeRange(now - span if span else None, None, word)


def named(parameters: Mapping[str, str], now: datetime) -> TimeRange | None:
    """The range that the address names, None when it names none. Raises BadRequest."""
    since, until = parameters.get("since", ""), parameters.get("until", "")
    if since or until:
        found = TimeRange(_moment("since", since), _moment("until", until))
        if found.since and found.until and found.since >= found.until:
            raise BadRequest("since must be before until")
        return found
    word = parameters.get("last", "")
    return last(word, now) if word else None


def default(word: str, newest: datetime | None, now: datetime) -> TimeRange:
    """The usual range, or all time when everything that is stored is older than that."""
    usual = last(word, now)
    if newest is None or usual.since is None or newest >= usual.since:
        return usual
    return last("all", now)


def interval_of(since: datetime, until: datetime) -> Interval:
    """Bucket width that gives a readable number of points."""
    days = (until - since) / timedelta(days=1)
    if days <= 3:
        return "hour"
    if days <= 185:
        return "day"
    return "week" if days <= 1100 else "month"


def _moment(name: str, text: str) -> datetime | None:
    if not text:
        return None
    try:
        if len(text) == 10:
            return datetime.combine(date.fromisoformat(text), time(), UTC)
        value = datetime.fromisoformat(text)
    except ValueError:
        raise BadRequest(f"{name}={text}: a date (2026-11-24) or a time (2026-11-24T08:00Z)") from None
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
