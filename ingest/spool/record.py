"""What goes through the one door: a header that says how something came, and its bytes as they came.

Nothing here parses a body. A record is made by a producer (mail, HTTPS, files, the sniffer, a remote sensor),
made durable by the spool, and read back by the drain exactly as it was, so a mended parser can replay it.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Way = Literal["smtp", "lmtp", "imap", "maildir", "https", "file", "sniffer", "sensor"]
"""How a record came in. ``sniffer`` is a capture read here, ``sensor`` a remote one that posted its sessions."""

Content = Literal["mail", "report", "sessions"]
"""What the way in promises of the body: an RFC 5322 message; report bytes of any form (plain, gzip, zip, a mail);
NDJSON, one session an object as ``stripwatch sniff --json`` prints it. The drain trusts content, not promises,
for the first two."""


class SpoolRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that arrived. Every field but the first four is absent where the way in does not know it."""

    way: Way
    content: Content
    arrived_at: int
    """Nanoseconds since the epoch, UTC, by the producer's clock."""
    body: bytes
    peer_address: str | None = None
    peer_port: int | None = None
    tls_version: str | None = None
    """As the TLS library names it ("TLSv1.3"); absent when the peer came in clear."""
    helo: str | None = None
    mail_from: str | None = None
    rcpt_to: tuple[str, ...] = ()
    http_path: str | None = None
    media_type: str | None = None
    token_name: str | None = None
    """Name (never the secret) of the bearer token a sensor used."""
    file_path: str | None = None


class StoredRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record read back from the spool."""

    id: str
    """Stable for the record's whole life, also in replays: segment file's name + the record's number in it."""
    record: SpoolRecord
