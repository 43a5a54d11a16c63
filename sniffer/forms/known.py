"""The forms and greetings that one run has met."""

from __future__ import annotations

from typing import NamedTuple

from sniffer.forms.form import Form, Greeting, Script, shown_text
from sniffer.forms.learnt import learn
from sniffer.forms.said import ASKED, SHORTEST_TEXT, Words, asked_for_tls, opening
from sniffer.record import json_text
from sniffer.remembered import Memory
from sniffer.smtp.blanking import shown_reply
from sniffer.smtp.masks import is_masked_banner
from sniffer.smtp.software import host_of, software_of
from sniffer.sniff_settings import SniffSettings
from sniffer.stream import StreamHead

_KEPT = 4096
_LONGEST_SCRIPT = 2048
_TLS_BEGINS, _ALERT_BEGINS = b"\n\x16\x03", b"\n\x15\x03"
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
        self._known: Memory[Words, Form | None] = Memory(_KEPT)
        self._greetings: Memory[bytes, Greeting | None] = Memory(_KEPT)
        self._scripts: Memory[tuple[bytes, bytes, bytes, bytes], Script | None] = Memory(_KEPT)
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
        greeted, listed = opening(data)
        end = (data.find(_TLS_BEGINS, listed, _LONGEST_SCRIPT) + 1) or (data.find(_ALERT_BEGINS, listed, _LONGEST_SCRIPT) + 1)
        if not listed or not end:
            return None
        verb, name, starttls = asked.groups()
        key = verb, starttls, data[greeted : greeted + 4], data[listed : end + _MINOR]
        try:
            script = self._scripts[key]
        except KeyError:
            script = self._scripts.keep(key, self._script(client.data, data, end))
        greeting = self.greeting(data[:greeted])
        if script is None or greeting is None or listed + script.size - greeted >= SHORTEST_TEXT:
            return None
        name_line = shown_text(data[greeted:listed], self._settings.dialogue_text)
        own = name.decode(), "", "", greeting.text, greeting.fields, name_line, *script.replies
        places = 0, greeted, *[listed + place for place in script.places]
        smtp = script.form.text_of(own, [0, asked.end(2) + 2], places, client, server)
        return Asked(smtp, greeting.host, asked.end(), end)

    def _script(self, client: bytes, server: bytes, end: int) -> Script | None:
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
            return self._known.keep(words, learn(words, self._settings))

    def greeting(self, raw: bytes) -> Greeting | None:
        """What a greeting of one line says; None for one that says more than that."""
        try:
            return self._greetings[raw]
        except KeyError:
            return self._greetings.keep(raw, _greeting_of(raw, self._settings))


def _greeting_of(raw: bytes, settings: SniffSettings) -> Greeting | None:
    if is_masked_banner(raw[4:].strip()):
        return None
    banner = shown_reply(raw, settings.banner_text, False)
    software = software_of(banner)
    named = f'"software":{json_text(software)},' if software else ""
    return Greeting(shown_text(raw, settings.dialogue_text), f'{named}"banner":{json_text(banner)}', host_of(banner))
