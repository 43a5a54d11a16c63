"""Times as reports write them: seconds since the epoch (RFC 9990), RFC 3339 (RFC 8460), and what senders make of both."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from ingest.reports.warnings import Notes

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = 253_402_300_799
_number = re.compile(r"(\d{1,17})(\.\d*)?", re.ASCII).fullmatch
_FRACTION = re.compile(r"(\.\d{6})\d+")
_DAY_S_END = re.compile(r"(?<=[T ])24(?=:00:00)")
_LEAP_SECOND = re.compile(r"(?<=:\d\d):60(?!\d)")
_MILLISECONDS_FROM = 100_000_000_000
"""A number from here on is milliseconds: in seconds it would be the year 5138."""


def from_epoch(text: str | None, notes: Notes) -> datetime | None:
    """``begin`` and ``end`` of an aggregate report: whole seconds; fractions, milliseconds and dates are converted."""
    if text is None:
        return None
    match = _number(text)
    if match is None:
        return from_text(text, notes, unusual=True)
    if match[2] is not None:
        notes.add("date_normalized")
    seconds = int(match[1])
    if seconds >= _MILLISECONDS_FROM:
        notes.add("date_normalized")
        seconds //= 1000
    if seconds > _LATEST:
        notes.add("date_unreadable")
        return None
    return _EPOCH + timedelta(seconds=seconds)


def from_text(text: str | None, notes: Notes, *, unusual: bool = False) -> datetime | None:
    """An RFC 3339 date-time, or an RFC 5322 one; without zone it is UTC. ``unusual``: a note says it was converted."""
    if not text:
        return None
    if _number(text):
        notes.add("date_normalized")
        return from_epoch(text, notes)
    when = _from_iso(text) or _from_mail_date(text)
    if when is None:
        notes.add("date_unreadable")
        return None
    if unusual:
        notes.add("date_normalized")
    if when.tzinfo is None:
        notes.add("date_without_zone")
        return when.replace(tzinfo=UTC)
    try:
        return when.astimezone(UTC)
    except OverflowError:
        notes.add("date_unreadable")
        return None


def _from_iso(text: str) -> datetime | None:
    """Lower case too and leap seconds (RFC 3339 §5.6), and RFC 8460's day from 00:00 to 24:00 as it is worded: the library has none
    of them."""
    text = _FRACTION.sub(r"\1", text[:64].strip().upper())
    text, days = _DAY_S_END.subn("00", text)
    text, seconds = _LEAP_SECOND.subn(":59", text)
    try:
        return datetime.fromisoformat(text) + timedelta(days=days, seconds=seconds)
    except (ValueError, OverflowError):
        return None


def _from_mail_date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text[:128])
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
