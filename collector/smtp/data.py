"""The octets between DATA and the lone dot (RFC 5321 sections 4.1.1.4, 4.5.2). Pure.

Only CRLF ends a line and only CRLF.CRLF ends the message: a lone LF next to a dot is text, so that nobody can smuggle
a second message past a server before us. The memory held never exceeds the message limit and one unfinished chunk; as
soon as a limit is passed everything held is let go, and what still comes is only searched for its end.
"""

from __future__ import annotations

from io import BytesIO
from typing import Literal

Trouble = Literal["message_too_large", "line_too_long", "no_room"]

_END = b"\r\n.\r\n"


class MessageData:
    """Collects one message from chunks cut anywhere; the same message comes out however they are cut."""

    def __init__(self, message_limit: int, line_limit: int) -> None:
        self._message_limit = message_limit
        self._line_limit = line_limit
        self._body = BytesIO()
        self._size = 0
        self._held_back = b"\r\n"
        """The last octets, while they may still become the end marker. DATA's own CRLF stands before the first line."""
        self._skip = 2
        """Octets of DATA's own CRLF that are not the message's."""
        self._line = 0
        self.received = 0
        """Octets taken from the wire, the end marker with them."""
        self.trouble: Trouble | None = None
        self.ended = False

    @property
    def size(self) -> int:
        """Octets held."""
        return self._size

    def feed(self, chunk: bytes) -> bytes:
        """Take a chunk; return what follows the end of the message (b"" while it goes on)."""
        window = self._held_back + chunk
        end = window.find(_END)
        if end >= 0:
            self.ended = True
            rest = window[end + len(_END) :]
            settled, self._held_back = window[: end + 2], b""
        else:
            rest = b""
            cut = len(window) - _unsettled(window)
            settled, self._held_back = window[:cut], window[cut:]
        self.received += len(chunk) - len(rest)
        if settled and self.trouble is None:
            self._keep(settled)
        return rest

    def body(self) -> bytes:
        """The message without dot stuffing and end marker; the buffer itself, not a copy."""
        return self._body.getvalue()

    def give_up(self, trouble: Trouble) -> None:
        """Let go of everything held; what still comes is only searched for its end. The first trouble stays."""
        self.trouble = self.trouble or trouble
        self._body = BytesIO()
        self._size = 0

    def _keep(self, settled: bytes) -> None:
        text = settled.replace(b"\r\n.", b"\r\n")[self._skip :]
        self._skip = 0
        if self._longest_line(text) > self._line_limit:
            self.give_up("line_too_long")
        elif self._size + len(text) > self._message_limit:
            self.give_up("message_too_large")
        else:
            self._body.write(text)
            self._size += len(text)

    def _longest_line(self, text: bytes) -> int:
        """The longest line that ends or goes on in ``text``; a CRLF never stands across two calls."""
        first, last = text.find(b"\r\n"), text.rfind(b"\r\n")
        if first < 0:
            self._line += len(text)
            return self._line
        longest = self._line + first
        self._line = len(text) - last - 2
        inner = max(map(len, text[first + 2 : last].split(b"\r\n"))) if last - first > self._line_limit else 0
        return max(longest, inner, self._line)


def _unsettled(window: bytes) -> int:
    """Length of the longest suffix that the end marker may begin with."""
    return next((size for size in range(min(len(_END) - 1, len(window)), 0, -1) if window.endswith(_END[:size])), 0)
