"""A form: the text of an ``smtp`` object with places, and what fills them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence

import msgspec

from sniffer.forms.said import Said
from sniffer.observation import LATEST, Sign
from sniffer.record import json_text
from sniffer.remembered import remembered
from sniffer.smtp.blanking import shown_reply
from sniffer.stream import StreamHead
from sniffer.times import rfc3339


class Greeting(msgspec.Struct, frozen=True, gc=False):
    """What a server greets with, as parts of JSON."""

    text: str
    """In the dialogue."""
    fields: str
    """``software`` and ``banner``."""
    host: str | None


class Form(msgspec.Struct, frozen=True, gc=False):
    """The ``smtp`` object of JSON, and where its places get their values."""

    text: str
    client_lines: tuple[int, ...]
    """Lines of the client whose times are in the text."""
    server_offsets: tuple[int, ...]
    """Offsets in ``Words.server`` whose times are in the text."""
    order: Callable[[tuple[str, ...]], tuple[str, ...]]
    """Puts the values in the text's order: what the session says in its own words, then the times of the client's lines,
    of greeting and reply to EHLO, of the offsets and of the server's own replies."""

    def filled(self, said: Said, greeting: Greeting, client: StreamHead, server: StreamHead, limit: int) -> str:
        """The object of a session of this form; its replies are clipped to ``limit``."""
        listed = len(said.greeting)
        words = listed + len(said.name_line)
        places = [0, listed, *[words + offset for offset in self.server_offsets]]
        own = [*said.own, greeting.text, greeting.fields, shown_text(said.name_line, limit)]
        at = words + len(said.words.server)
        for reply in said.replies:
            own.append(shown_text(reply, limit))
            places.append(at)
            at += len(reply)
        return self.text_of(own, said.lines, places, client, server)

    def text_of(self, own: Sequence[str], lines: Sequence[int], places: Sequence[int], client: StreamHead, server: StreamHead) -> str:
        """The object with the session's ``own`` words. ``lines``: where the client's begin; ``places``: where those words of
        the server stand whose times are in it."""
        sent, heard = client.marks, server.marks
        times = [sent[bisect_right(sent, (lines[line], LATEST)) - 1][1] for line in self.client_lines]
        times += [heard[bisect_right(heard, (place, LATEST)) - 1][1] for place in places]
        return self.text % self.order((*own, *map(rfc3339, times)))


def failed(text: str, signs: tuple[Sign, ...], most: int) -> str | None:
    """The object of a session whose handshake failed, as these signs show, out of its text if it had succeeded: verdict and
    evidence alone differ. None where the text is another's, or that is more evidence than ``most``."""
    evidence, other, rest = text.removeprefix(_SUCCEEDED).partition(_EVIDENCE_ENDS)
    if not text.startswith(_SUCCEEDED) or evidence.count(_SIGN_BEGINS) + len(signs) > most:
        return None
    shown = ",".join(filter(None, (evidence, json_text(signs)[1:-1])))
    return f"{_FAILED}{shown}{other}{rest}"


_SUCCEEDED, _FAILED = '{"verdict":"tls","evidence":[', '{"verdict":"tls_failed","evidence":['
_EVIDENCE_ENDS, _SIGN_BEGINS = '],"dialogue":', '{"word":'
"""No text of JSON holds these: its quotation marks are escaped."""


class Script(msgspec.Struct, frozen=True, gc=False):
    """What a server says between the first line of its reply to EHLO and TLS, in a session of a given form."""

    form: Form
    size: int
    """Bytes of its reply to EHLO behind the first line."""
    replies: tuple[str, ...]
    """The replies behind that, as text of JSON."""
    places: tuple[int, ...]
    """Where those of its words stand whose times are in the text, from the second line of its reply to EHLO on."""


@remembered(8192, 1024)
def shown_text(reply: bytes, limit: int) -> str:
    """A reply of the dialogue, or a line of it, as text of JSON."""
    return json_text(shown_reply(reply, limit, False))[1:-1]
