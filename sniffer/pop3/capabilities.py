"""The answer to CAPA (RFC 2449 section 5): one capability a line."""

from __future__ import annotations

from sniffer.access.dialogue import Capabilities
from sniffer.smtp.masks import is_masked, is_masked_word

_TARGET = b"STLS"


def capabilities(raw: bytes, at: int) -> Capabilities:
    """Take the list apart; ``raw`` begins with its status line at ``at``. A line without its end is not looked at."""
    upgrade = auth = False
    masked: list[tuple[int, bytes]] = []
    words: list[tuple[int, bytes]] = []
    position = raw.find(b"\n") + 1
    for line in raw[position:].split(b"\n")[:-1]:
        text = line.rstrip(b"\r")
        word = text.strip()
        keyword = word.partition(b" ")[0].upper()
        if keyword == _TARGET:
            upgrade = True
        elif is_masked(word or text, _TARGET):
            masked.append((at + position, text))
        elif is_masked_word(word):
            words.append((at + position, text))
        auth = auth or keyword in (b"USER", b"SASL")
        position += len(line) + 1
    return Capabilities(upgrade, auth, tuple(masked), tuple(words))
