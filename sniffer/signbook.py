"""Collects a session's evidence: offsets become times, bytes become short text without mail addresses."""

from __future__ import annotations

from sniffer.evidence import WORDS
from sniffer.observation import Side, Sign, time_at
from sniffer.smtp.blanking import BLANK, clean, without_addresses
from sniffer.sniff_settings import SniffSettings
from sniffer.stream import Connection
from sniffer.times import rfc3339
from sniffer.tls import TlsFacts

_MASKED: dict[Side, frozenset[str]] = {
    "client": frozenset(("masked_command", "masked_ehlo")),
    "server": frozenset(("masked_offer", "masked_word", "masked_banner")),
}


class SignBook:
    """Evidence in the order in which it was found, up to a limit."""

    def __init__(self, connection: Connection, settings: SniffSettings) -> None:
        self._connection = connection
        self._settings = settings
        self._signs: list[Sign] = []

    def add(self, word: str, side: Side, shown: bytes, offset: int, blank: bool = False) -> None:
        """Note a word with the bytes that show it. ``blank``: they may hold anything, so only wanted text is shown."""
        settings = self._settings
        if len(self._signs) >= settings.evidence_entries:
            return
        text = clean(shown[: settings.evidence_text])
        if not settings.show_addresses:
            text = BLANK if blank else without_addresses(text)
        head = self._connection.client if side == "client" else self._connection.server
        self._signs.append(Sign(word, side, text, rfc3339(time_at(head, offset, self._connection.start))))

    def add_tls(self, facts: TlsFacts) -> None:
        """Note what shows that a handshake failed."""
        for sign in facts.signs:
            self.add(sign.word if sign.word in WORDS else "alert_unknown", sign.side, sign.text.encode(), sign.at)

    def signs(self) -> tuple[Sign, ...]:
        """All of it, and whose device it was, where a mask came from our own side of the tap."""
        masked = next((sign for sign in self._signs if sign.word in _MASKED[sign.side] and self._is_ours(sign.side)), None)
        own = (Sign("own_device", masked.side, masked.text, masked.at),) if masked else ()
        return (*self._signs, *own)

    def _is_ours(self, side: Side) -> bool:
        ours, connection = self._settings.own_networks, self._connection
        return ours is not None and ours.holds(connection.client_ip if side == "client" else connection.server_ip)
