"""The forms and greetings that one run has met."""

from __future__ import annotations

from sniffer.forms.form import Form, Greeting, shown_text
from sniffer.forms.learnt import learn
from sniffer.forms.said import SHORTEST_TEXT, Words
from sniffer.record import json_text
from sniffer.smtp.blanking import shown_reply
from sniffer.smtp.masks import is_masked_banner
from sniffer.smtp.software import host_of, software_of
from sniffer.sniff_settings import SniffSettings

_KEPT = 4096
_FEWEST_TURNS = 64
_SHORTEST_NAME = 200
"""Settings below these clip a dialogue in places that depend on its own words."""


class Forms:
    """The forms met so far with one run's settings. Never raises."""

    def __init__(self, settings: SniffSettings) -> None:
        self._settings = settings
        self._known: dict[Words, Form | None] = {}
        self._greetings: dict[bytes, Greeting | None] = {}
        self.usable = (
            settings.dialogue_entries >= _FEWEST_TURNS
            and settings.evidence_entries > 0
            and min(settings.dialogue_text, settings.banner_text) >= SHORTEST_TEXT
            and settings.helo_text >= _SHORTEST_NAME
            and "smtp" in settings.protocols
            and not settings.show_addresses
        )

    def of(self, words: Words) -> Form | None:
        """The form of these words; None when they have none."""
        try:
            return self._known[words]
        except KeyError:
            if len(self._known) >= _KEPT:
                self._known.clear()
            form = self._known[words] = learn(words, self._settings)
            return form

    def greeting(self, raw: bytes) -> Greeting | None:
        """What a greeting of one line says; None for one that says more than that."""
        try:
            return self._greetings[raw]
        except KeyError:
            if len(self._greetings) >= _KEPT:
                self._greetings.clear()
            found = self._greetings[raw] = _greeting_of(raw, self._settings)
            return found


def _greeting_of(raw: bytes, settings: SniffSettings) -> Greeting | None:
    if is_masked_banner(raw[4:].strip()):
        return None
    banner = shown_reply(raw, settings.banner_text, False)
    software = software_of(banner)
    named = f'"software":{json_text(software)},' if software else ""
    return Greeting(shown_text(raw, settings.dialogue_text), f'{named}"banner":{json_text(banner)}', host_of(banner))
