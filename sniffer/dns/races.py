"""One question, two answers that have nothing in common: the race that a forger off the path has to run.

A server that rotates its records, or that knows where a client is, still answers a question once. So two answers
accuse only when there are more different ones than times it was asked; a question sent twice may be answered twice.
"""

from __future__ import annotations

from sniffer.dns.asked import Message
from sniffer.settings import DnsSettings

_DIFFERENT = 4
"""Different answers to one question that are kept."""


class Races:
    """Answers of the last seconds by their question."""

    def __init__(self, settings: DnsSettings) -> None:
        self._settings = settings
        self._seen: dict[int, list[Message]] = {}

    def __len__(self) -> int:
        return len(self._seen)

    def rival(self, message: Message) -> Message | None:
        """The earlier answer that this one races with, if any."""
        before = self._seen.pop(message.key, [])
        if before and abs(message.time - before[0].time) > self._settings.answer_timeout:
            before = []
        known = any(one.data == message.data for one in before)
        self._seen[message.key] = before if known else [*before, message][:_DIFFERENT]
        if len(self._seen) > self._settings.waiting:
            del self._seen[next(iter(self._seen))]
        return before[0] if before and not known and len(before) + 1 > message.asked else None
