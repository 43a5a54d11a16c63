"""An IMAP folder as a box of mails (RFC 3501), noticed by IDLE (RFC 2177) where the server has it.

A mail's key is UIDVALIDITY and UID: when the server gives the folder a new UIDVALIDITY, everything known about its mails
is void, and what was not put away comes again. Bodies are fetched with BODY.PEEK, which changes nothing, and with an
upper bound, so that a size told wrong costs no memory.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from imapclient import IMAPClient

from collector.errors import BoxError, MailLeft
from collector.imap.connection import connect, hang_up
from collector.imap.failures import translated
from collector.imap.filing import filing_of
from collector.imap.settings import ImapSettings
from collector.pickup.backoff import Backoff
from collector.pickup.box import BoxedMail
from ingest.spool.clock import Clock
from ingest.spool.record import SpoolRecord

BATCH = 500
"""Mails looked up at once: their UIDs fit a command line of 8,192 octets (RFC 7162 section 4)."""
STOP_SECONDS = 1.0
"""While idling, how often a stop is looked for."""
FIRST_IDLE = 2.0
LONGER = 4.0
"""Of a mail that came between the last look and IDLE a server may not tell (Dovecot waits for the next change): so the
first IDLE behind a mail is short, and each in which nothing comes makes the next this many times longer."""


class ImapBox:
    """One connection, logged in. Calls block; see :class:`collector.pickup.box.Box`."""

    def __init__(self, client: IMAPClient, settings: ImapSettings, clock: Clock) -> None:
        """Use :meth:`open`."""
        self._client = client
        self._settings = settings
        self._clock = clock
        self._filing = filing_of(settings)
        self._validity = 0
        self._idles = bool(client.has_capability("IDLE"))
        self._patience = Backoff(FIRST_IDLE, settings.idle_seconds, lambda: 0.0, LONGER)
        self.tls_version: str | None = None

    @classmethod
    def open(cls, settings: ImapSettings, clock: Clock) -> ImapBox:
        """Connect, log in, and look whether the folder can be used. Raises BoxError."""
        client = connect(settings)
        try:
            with translated("capability_missing"):
                box = cls(client, settings, clock)
            box.tls_version = client.socket().version() if settings.tls != "none" else None
            box._filing.prepare(client)
            box._filing.check(box._select())
        except BoxError:
            hang_up(client)
            raise
        return box

    @property
    def waits_by(self) -> str:
        """IDLE, or polling."""
        return "told by IDLE" if self._idles else f"looks every {self._settings.poll_seconds:g} s: the server has no IDLE"

    def batches(self) -> Iterator[Sequence[BoxedMail]]:
        """From the last mail to the first, since putting away renumbers those behind."""
        high = exists = int(self._select().get(b"EXISTS", 0))
        while high > 0:
            low = max(1, high - BATCH + 1)
            yield self._waiting(f"{low}:{'*' if high == exists else high}")
            high = low - 1

    def read(self, mail: BoxedMail, limit: int) -> SpoolRecord | None:
        """Fetch the mail's bytes."""
        uid = _uid(mail)
        with translated("fetch_refused"):
            found = self._client.fetch([uid], [f"BODY.PEEK[]<0.{limit + 1}>"]).get(uid)
        body = None if found is None else found.get(b"BODY[]<0>", found.get(b"BODY[]"))
        if found is None or (body is None and b"BODY[]<0>" not in found):
            return None
        self._patience.reset()
        if not body:
            raise MailLeft("empty")
        if len(body) > limit:
            raise MailLeft("message_too_large")
        return SpoolRecord(
            way="imap",
            content="mail",
            arrived_at=self._clock.wall(),
            body=body,
            tls_version=self.tls_version,
            file_path=self._url(uid),
        )

    def put_away(self, mail: BoxedMail) -> None:
        """As configured."""
        self._filing.put_away(self._client, _uid(mail))

    def wait(self, stop: threading.Event) -> None:
        """Until the server tells of new mail, or it is time to look anyhow."""
        if self._idles:
            with translated("idle_refused"):
                self._idle(stop)
        else:
            stop.wait(self._settings.poll_seconds)

    def close(self) -> None:
        """Log out if the server still listens."""
        try:
            with translated("logout_refused"):
                self._client.logout()
        except BoxError:
            hang_up(self._client)

    def abandon(self) -> None:
        """Shut the connection below TLS: the thread that reads from it gets an error."""
        try:
            socket.socket.shutdown(self._client.socket(), socket.SHUT_RDWR)
        except OSError:
            return

    def _select(self) -> dict[bytes, Any]:
        with translated("folder_refused"):
            selected: dict[bytes, Any] = self._client.select_folder(self._settings.folder)
        self._validity = int(selected.get(b"UIDVALIDITY", 0))
        return selected

    def _waiting(self, numbers: str) -> list[BoxedMail]:
        with translated("search_refused"):
            uids = self._client.search(f"{numbers} {self._filing.criteria}")
            sizes = self._client.fetch(uids, ["RFC822.SIZE"]) if uids else {}
        return [BoxedMail((self._validity, uid), int(sizes[uid].get(b"RFC822.SIZE", 0))) for uid in sorted(uids) if uid in sizes]

    def _idle(self, stop: threading.Event) -> None:
        end = self._clock.monotonic() + self._patience.pause()
        self._client.idle()
        while not stop.is_set() and (began := self._clock.monotonic()) < end:
            told = self._client.idle_check(timeout=STOP_SECONDS)
            if any(len(each) > 1 and each[1] == b"EXISTS" for each in told):
                break
            if not told and self._clock.monotonic() - began < STOP_SECONDS / 2:
                break  # readable and yet nothing to read: the connection may be at its end, and the next line finds out
        self._client.idle_done()

    def _url(self, uid: int) -> str:
        """RFC 5092: where the mail lay."""
        settings = self._settings
        user, folder = quote(settings.user, safe=""), quote(settings.folder, safe="/")
        return f"imap://{user}@{settings.host}:{settings.true_port}/{folder};UIDVALIDITY={self._validity}/;UID={uid}"


def _uid(mail: BoxedMail) -> int:
    assert isinstance(mail.key, tuple)
    return int(mail.key[1])
