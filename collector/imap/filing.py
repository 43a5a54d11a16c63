"""Where a mail goes that was taken: to another folder, or it gets a flag. One class for each way, chosen by the settings.

Each says which mails of the folder are still to be taken, so nothing has to be remembered between two runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from imapclient import SEEN, IMAPClient

from collector.errors import BoxError
from collector.imap.failures import translated
from collector.imap.settings import ImapSettings


class Filing(Protocol):
    """A way to put mails away."""

    criteria: str
    """The SEARCH key (RFC 3501 section 6.4.4) that finds the mails which were not put away yet."""

    def prepare(self, client: IMAPClient) -> None:
        """Once for each connection, before a folder is selected. Raises BoxError."""
        ...

    def check(self, selected: Mapping[bytes, Any]) -> None:
        """Raise BoxError when the folder, as SELECT described it, cannot hold what we do."""
        ...

    def put_away(self, client: IMAPClient, uid: int) -> None:
        """Raises BoxError. Nothing happens to a mail that is gone."""
        ...


def filing_of(settings: ImapSettings) -> Filing:
    """The way that is configured."""
    if settings.after == "move":
        return Moving(settings.move_to)
    if settings.after == "seen":
        return Flagging(SEEN, "UNSEEN UNDELETED")
    return Flagging(settings.keyword.encode("ascii"), f"UNKEYWORD {settings.keyword} UNDELETED")


class Moving:
    """By MOVE (RFC 6851), else COPY, \\Deleted and UID EXPUNGE (RFC 4315).

    A server that has neither keeps the mail with \\Deleted: EXPUNGE alone would also remove what others marked.
    """

    criteria = "UNDELETED"

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def prepare(self, client: IMAPClient) -> None:
        """Make the folder when it is missing."""
        with translated("folder_refused"):
            if not client.folder_exists(self._folder):
                client.create_folder(self._folder)
                client.subscribe_folder(self._folder)

    def check(self, selected: Mapping[bytes, Any]) -> None:
        """It must be possible to take mails out of the folder."""
        _refuse_read_only(selected)

    def put_away(self, client: IMAPClient, uid: int) -> None:
        """Move it, or the same in steps; a step that is done twice leaves a second copy and does no other harm."""
        with translated("move_refused"):
            if client.has_capability("MOVE"):
                client.move([uid], self._folder)
                return
            client.copy([uid], self._folder)
            client.delete_messages([uid], silent=True)
            if client.has_capability("UIDPLUS"):
                client.uid_expunge([uid])


class Flagging:
    """By a flag."""

    def __init__(self, flag: bytes, criteria: str) -> None:
        self._flag = flag
        self.criteria = criteria

    def prepare(self, client: IMAPClient) -> None:
        """Nothing to do."""

    def check(self, selected: Mapping[bytes, Any]) -> None:
        """The folder must keep the flag (RFC 3501 section 7.1, PERMANENTFLAGS; without it all flags are kept)."""
        _refuse_read_only(selected)
        kept = selected.get(b"PERMANENTFLAGS")
        if kept is not None and self._flag.lower() not in {flag.lower() for flag in kept} and b"\\*" not in kept:
            raise BoxError("flag_not_kept", f"the server keeps no flag {self._flag.decode()} in this folder", patient=True)

    def put_away(self, client: IMAPClient, uid: int) -> None:
        """Set the flag, and believe only what the server answers."""
        with translated("flag_refused"):
            flags = client.add_flags([uid], [self._flag])
        if uid in flags and self._flag.lower() not in {flag.lower() for flag in flags[uid]}:
            raise BoxError("flag_not_kept", f"the server took {self._flag.decode()} and did not set it", patient=True)


def _refuse_read_only(selected: Mapping[bytes, Any]) -> None:
    if b"READ-ONLY" in selected:
        raise BoxError("folder_read_only", "the folder is read-only for this user", patient=True)
