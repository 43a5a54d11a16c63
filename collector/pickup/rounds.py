"""One look through a box after the other: each mail is made durable first, and put away only then.

A crash between the two brings the mail once more, and identity makes that harmless. A mail that is too large, or that
the spool will never take, is left where it lies, counted once, and passed over from then on. A mail that is durable and
yet shows again, because it could not be put away or the box does not do what it says, is not fetched again while this
process lives: only the putting away is tried again, once a round.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable

from collector.errors import MailLeft, NotDurable
from collector.pickup.box import Box, BoxedMail
from collector.pickup.handover import Handover


class Rounds:
    """Remembers what was left and what is durable; both only name mails that the last whole round saw."""

    def __init__(self, handover: Handover, size_limit: int, stop: threading.Event) -> None:
        self._handover = handover
        self._size_limit = size_limit
        self._stop = stop
        self._left: dict[Hashable, str] = {}
        self._durable: set[Hashable] = set()

    @property
    def left(self) -> int:
        """Mails that lie in the box and will not be taken."""
        return len(self._left)

    def take_all(self, box: Box) -> int:
        """Empty the box; how many mails were taken that were not known. Raises BoxError, or NotDurable when nothing can be stored now."""
        taken = 0
        seen: set[Hashable] = set()
        for batch in box.batches():
            for mail in batch:
                if self._stop.is_set():
                    return taken
                seen.add(mail.key)
                taken += self._take(box, mail)
        self._left = {key: reason for key, reason in self._left.items() if key in seen}
        self._durable &= seen
        return taken

    def _take(self, box: Box, mail: BoxedMail) -> bool:
        if mail.key in self._left:
            return False
        known = mail.key in self._durable
        if not known and not self._make_durable(box, mail):
            return False
        box.put_away(mail)
        return not known

    def _make_durable(self, box: Box, mail: BoxedMail) -> bool:
        try:
            if mail.size > self._size_limit:
                raise MailLeft("message_too_large")
            with self._handover.room(mail.size) as lease:
                record = box.read(mail, self._size_limit)
                if record is None:
                    return False
                self._handover.deliver(record, lease)
        except MailLeft as left:
            self._leave(mail, left.reason)
            return False
        except NotDurable as refusal:
            if refusal.kind != "too_large":
                raise
            self._leave(mail, refusal.reason)
            return False
        self._durable.add(mail.key)
        return True

    def _leave(self, mail: BoxedMail, reason: str) -> None:
        self._left[mail.key] = reason
        self._handover.refuse(reason)
