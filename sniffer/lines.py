"""Connections → lines of NDJSON, one a session: the whole way from what an engine yields to what is printed and stored."""

from __future__ import annotations

from typing import NamedTuple

from sniffer.endings import is_lost
from sniffer.forms.form import failed
from sniffer.forms.known import Forms
from sniffer.forms.learnt import IMPLICIT
from sniffer.forms.said import mailed_in_clear
from sniffer.record import line_of, tls_object
from sniffer.remembered import Memory
from sniffer.session import DATASETS, certificate_judged, direction_of, expected_hosts, judged_alike, observe, session_json
from sniffer.settings import SECOND
from sniffer.signbook import SignBook
from sniffer.sniff_settings import SniffSettings
from sniffer.stream import Connection
from sniffer.tls import TlsFacts, observe_tls
from sniffer.tls.records import looks_like_handshake

_DATASET = DATASETS["smtp"]
_KEPT = 4096


class SessionLines:
    """Observes, judges and writes with one run's settings. It knows what was said before (``Forms``)."""

    def __init__(self, settings: SniffSettings) -> None:
        self._settings = settings
        self._forms = Forms(settings)
        self._handshakes = _Handshakes(settings)

    def __call__(self, connection: Connection) -> bytes:
        """The connection's line with its newline; empty when it is no mail session that was asked for. Never raises."""
        line = self._formed(connection)
        if line is None and connection.whole is not None:
            connection = connection.entire()
            line = self._formed(connection)
        return self._observed(connection) if line is None else line

    def _observed(self, connection: Connection) -> bytes:
        session = observe(connection, self._settings)
        return b"" if session is None else session_json(session)

    def _formed(self, connection: Connection) -> bytes | None:
        """The line of a session whose form is known."""
        client, server = connection.client, connection.server
        if not (client.from_start and server.from_start and connection.server_port in self._settings.smtp_ports and self._forms.usable):
            return None
        if connection.mx is not None and connection.mx.contradictions:
            return None
        if looks_like_handshake(client.data):
            return self._implicit(connection)
        asked = self._forms.asked(client, server)
        if asked:
            tls = _told(connection, asked.client_end, asked.server_end)
            smtp = self._outcome(connection, asked.smtp, tls) if tls else None
            return self._line(connection, smtp, tls, asked.host) if smtp else None
        said = mailed_in_clear(client, server) if connection.whole is None else None
        if said is None:
            return None
        form, greeting = self._forms.of(said.words), self._forms.greeting(said.greeting)
        if form is None or greeting is None:
            return None
        return self._line(connection, form.filled(said, greeting, client, server, self._settings.dialogue_text))

    def _implicit(self, connection: Connection) -> bytes | None:
        """The line of a session with TLS from the first byte of either side."""
        tls = _told(connection, 0, 0) if looks_like_handshake(connection.server.data) else None
        return self._line(connection, IMPLICIT, tls) if tls and tls.established and not tls.signs else None

    def _outcome(self, connection: Connection, smtp: str, tls: TlsFacts) -> str | None:
        """The ``smtp`` object of a session whose handshake succeeded, or failed by alerts alone."""
        if tls.established:
            return None if tls.signs else smtp
        alerts = tls.established is False and tls.signs and all(sign.word.startswith("alert_") for sign in tls.signs)
        if not alerts or is_lost(connection.client) or is_lost(connection.server):
            return None
        book = SignBook(connection, self._settings)
        book.add_tls(tls)
        return failed(smtp, book.signs(), self._settings.evidence_entries)

    def _line(self, connection: Connection, smtp: str, tls: TlsFacts | None = None, banner_host: str | None = None) -> bytes:
        settings = self._settings
        direction = direction_of(connection, settings)
        handshake = self._handshakes.text(connection, tls, banner_host, direction == "outbound") if tls else None
        return line_of(connection, _DATASET, smtp, handshake, direction, settings.observer_name)


class _Judged(NamedTuple):
    """A handshake's object of JSON, and the seconds since the epoch from and before which its certificate is judged so."""

    facts: TlsFacts
    text: str
    since: int
    until: int


class _Handshakes:
    """The ``tls`` objects written last: a client's software and a server say the same to each other all day."""

    def __init__(self, settings: SniffSettings) -> None:
        self._settings = settings
        self._known: Memory[tuple[int, tuple[str, ...], bool], _Judged] = Memory(_KEPT)

    def text(self, connection: Connection, tls: TlsFacts, banner_host: str | None, outbound: bool) -> str:
        """The object of a session's handshake."""
        hosts = expected_hosts(connection, tls, banner_host, self._settings)
        key = id(tls), hosts, outbound  # facts that come again are one object, which is kept: no other has its id
        judged = self._known.get(key)
        if judged is None or judged.facts is not tls or not judged.since <= connection.start // SECOND < judged.until:
            judged = self._judged(connection, tls, hosts)
            if tls.settled:
                self._known.keep(key, judged)
        return judged.text

    def _judged(self, connection: Connection, tls: TlsFacts, hosts: tuple[str, ...]) -> _Judged:
        text = tls_object(tls, *certificate_judged(connection, tls, hosts, self._settings))
        return _Judged(tls, text, *judged_alike(tls, connection.start))


def _told(connection: Connection, client_start: int, server_start: int) -> TlsFacts | None:
    """The facts of a handshake; None when more bytes could say more."""
    client, server = connection.client, connection.server
    tls = observe_tls(client.data, client_start, server.data, server_start, is_lost(client), is_lost(server))
    return tls if tls.settled or connection.whole is None else None
