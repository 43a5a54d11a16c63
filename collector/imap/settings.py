"""Settings of the IMAP intake. Sizes are bytes, times seconds."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from collector.errors import SettingsError
from collector.pickup.settings import MIB, PickupSettings

IDLE_MOST = 29 * 60
"""RFC 2177: a client that idles says so again at least every 29 minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapSettings:
    """A mailbox that reports arrive in; on when ``host`` is set. Mails are moved or marked only after they are durable here."""

    host: str = ""
    """The mail server's name; "" for no IMAP intake."""
    port: int = 0
    """0 takes 993 with ``tls = "implicit"``, else 143."""
    tls: Literal["implicit", "starttls", "none"] = "implicit"
    """``starttls`` logs in only after TLS stands: an offer that is missing is a failure, never a reason to go on in clear."""
    ca_file: Path | None = None
    """PEM file of the authority that signed the server's certificate; absent: the system's."""
    allow_cleartext: bool = False
    """With ``tls = "none"``: send the password in clear also to a server that is not on this machine."""
    user: str = ""
    """The login name."""
    password: str | None = field(default=None, repr=False)
    """The password; better ``password_file``."""
    password_file: Path | None = None
    """File whose first line is the password; read anew at each login."""
    folder: str = "INBOX"
    """The folder that is watched."""
    after: Literal["move", "seen", "keyword"] = "move"
    """What is done with a mail that was taken: moved to ``move_to``; marked as read (then mail that somebody else read first is
    passed over); or marked with ``keyword``."""
    move_to: str = "Stripwatch"
    """Folder for mails that were taken; made when it is missing."""
    keyword: str = "$Stripwatch"
    """Keyword (flag) for mails that were taken."""
    size_limit: int = 16 * MIB
    """A mail on the wire; a larger one is left where it is, and counted."""
    poll_seconds: float = 60.0
    """How often a server without IDLE (RFC 2177) is asked for new mail."""
    idle_seconds: float = 300.0
    """The longest IDLE; then everything is looked through once more. Behind a mail they begin with a short one."""
    connect_seconds: float = 20.0
    """How long a connection may take."""
    read_seconds: float = 60.0
    """How long the server may be silent while it owes an answer."""
    retry_first: float = 5.0
    """The pause after a first failure; it doubles with each further one."""
    retry_most: float = 300.0
    """The longest pause; also the one after a refused password, as servers lock accounts."""
    append_seconds: float = 60.0
    """How long the spool may take."""
    stop_seconds: float = 5.0
    """How long the mail under way may take when the intake stops."""

    @property
    def true_port(self) -> int:
        """The port that is connected to."""
        return self.port or (993 if self.tls == "implicit" else 143)

    @property
    def pickup(self) -> PickupSettings:
        """The limits that all such intakes share."""
        return PickupSettings(
            size_limit=self.size_limit,
            retry_first=self.retry_first,
            retry_most=self.retry_most,
            append_seconds=self.append_seconds,
            stop_seconds=self.stop_seconds,
        )

    def check(self) -> None:
        """Raise SettingsError for what cannot work."""
        if not self.user:
            raise SettingsError("user: an IMAP mailbox needs the name to log in with")
        if (self.password is None) == (self.password_file is None):
            raise SettingsError("password_file: name the file that holds the password (or set password), one of the two")
        if self.tls == "none" and not self.allow_cleartext and not _is_loopback(self.host):
            raise SettingsError(f'tls = "none" would send the password to {self.host} in clear: use "implicit" or "starttls"')
        if self.after == "move" and self.move_to in ("", self.folder):
            raise SettingsError("move_to: name another folder than the one that is watched")
        if self.after == "keyword" and not _is_keyword(self.keyword):
            raise SettingsError(f"keyword: {self.keyword!r} is no IMAP keyword: letters, digits, $, - and _ are safe")
        if not 1 <= self.idle_seconds <= IDLE_MOST:
            raise SettingsError(f"idle_seconds: between 1 and {IDLE_MOST} (RFC 2177)")
        if self.poll_seconds <= 0:
            raise SettingsError("poll_seconds: more than 0")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_keyword(word: str) -> bool:
    """An atom of RFC 3501 without a backslash, kept to what every server takes."""
    return word.isascii() and bool(word) and all(letter.isalnum() or letter in "$-_" for letter in word)
