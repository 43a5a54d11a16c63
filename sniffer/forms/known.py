"""The forms and greetings that one run has met."""

from __future__ import annotations

from typing import NamedTuple

from sniffer.forms.form import Form, Greeting, Script, shown_text
from sniffer.forms.learnt import learn
from sniffer.forms.said import ASKED, SHORTEST_TEXT, Words, asked_for_tls
from sniffer.record import json_text
from sniffer.smtp.blanking import shown_reply
from sniffer.smtp.masks import is_masked_banner
from sniffer.smtp.software import host_of, software_of
from sniffer.sniff_settings import SniffSettings
from sniffer.stream import StreamHead

_KEPT = 4096
_LONGEST_SCRIPT = 2048
_TLS_BEGINS = b"\n\x16\x03"
_MINOR = 3
"""Bytes of a record that ``asked_for_tls`` looks at."""
_FEWEST_TURNS = 64
_SHORTEST_NAME = 200
"""Settings below these clip a dialogue in places that depend on its own words."""


class Asked(NamedTuple):
    """A session up to its TLS."""

    smtp: str
    """Its object of JSON."""
    host: str | None
    """The name that the server greets with."""
    client_end: int
    """Where TLS begins."""
    server_end: int


class Forms:
    """The forms met so far with one run's settings. Never raises."""

    def __init__(self, settings: SniffSettings) -> None:
        self._settings = settings
        self._known: dict[Words, Form | None] = {}
        self._greetings: dict[bytes, Greeting | None] = {}
        self._scripts: dict[tuple[bytes, bytes, bytes, bytes], Script | None] = {}
        self.usable = (
            settings.dialogue_entries >= _FEWEST_TURNS
            and settings.evidence_entries > 0
            and min(settings.dialogue_text, settings.banner_text) >= SHORTEST_TEXT
            and settings.helo_text >= _SHORTEST_NAME
            and "smtp" in settings.protocols
            and not settings.show_addresses
        )

    def asked(self, client: StreamHead, server: StreamHead) -> Asked | None:
        """What a session said before TLS; None where it is no such session, or of no form."""
        asked = ASKED.match(client.data)
        if asked is None:
            return None
        data = server.data
        greeted = data.find(b"\n", 0, SHORTEST_TEXT) + 1
        listed = data.find(b"\n", greeted, _LONGEST_SCRIPT) + 1
        end = data.find(_TLS_BEGINS, listed, _LONGEST_SCRIPT) + 1
        if not (greeted and listed and end) or not data.startswith(b"220 "):
            return None
        verb, name, starttls = asked.groups()
        key = verb, starttls, data[greeted : greeted + 4], data[listed : end + _MINOR]
        try:
            script = self._scripts[key]
        except KeyError:
            if len(self._scripts) >= _KEPT:
                self._scripts.clear()
            script = self._scripts[key] = self._script(client.data, data, listed, end)
        greeting = self.greeting(data[:greeted])
        if script is None or greeting is None or listed + script.size - greeted >= SHORTEST_TEXT:
            return None
        name_line = shown_text(data[greeted:listed], self._settings.dialogue_text)
        lines, places, marks = (0, asked.end(2) + 2), (greeted, listed), (client.marks, server.marks)
        return Asked(script.filled(name.decode(), greeting, name_line, lines, places, marks), greeting.host, asked.end(), end)

    def _script(self, client: bytes, server: bytes, listed: int, end: int) -> Script | None:
        said = asked_for_tls(client, server)
        form = self.of(said.words) if said and said.server_end == end else None
        if said is None or form is None:
            return None
        size = len(said.words.server)
        limit = self._settings.dialogue_text
        return Script(form, size, tuple(shown_text(reply, limit) for reply in said.replies), (*form.server_offsets, size))

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
