"""The reply to EHLO (RFC 5321 section 4.1.1.1): which extensions are offered, and which words were overwritten.

Servers answer every client alike, so a reply is taken apart once and then known by its bytes.
"""

from __future__ import annotations

import msgspec

from sniffer.remembered import remembered
from sniffer.smtp.masks import TARGET, is_masked_starttls, is_masked_word

_KEPT = 8192
_CODE = 4
_WELL_KNOWN = frozenset(
    (
        b"8BITMIME",
        b"AUTH",
        b"BINARYMIME",
        b"CHUNKING",
        b"DELIVERBY",
        b"DSN",
        b"ENHANCEDSTATUSCODES",
        b"ETRN",
        b"HELP",
        b"LIMITS",
        b"PIPELINING",
        b"PIPE_CONNECT",
        b"PRDR",
        b"REQUIRETLS",
        b"SIZE",
        b"SMTPUTF8",
        b"STARTTLS",
        b"VRFY",
        b"XCLIENT",
        b"XFORWARD",
        b"X-ANONYMOUSTLS",
    )
)


class EhloOffers(msgspec.Struct, frozen=True, gc=False):
    """Masked lines are (offset in the reply, text)."""

    starttls: bool
    auth: bool
    masked: tuple[tuple[int, bytes], ...]
    """Lines where STARTTLS may have stood."""
    words: tuple[tuple[int, bytes], ...]
    """Other overwritten lines."""
    well_known: int
    """Lines with a keyword that EHLO replies are known for."""


@remembered(_KEPT, 2048)
def ehlo_offers(raw: bytes, headless: bool = False) -> EhloOffers:
    """Take the lines of a reply apart. The first names the server, whatever it is called: it is neither offer nor mask,
    unless the reply's first lines were not captured (``headless``). One without its line end (cut off) is not looked at."""
    starttls = auth = False
    well_known = 0
    masked: list[tuple[int, bytes]] = []
    words: list[tuple[int, bytes]] = []
    position = 0 if headless else raw.find(b"\n") + 1
    for line in raw[position:].split(b"\n")[:-1]:
        text = line[_CODE:].rstrip(b"\r")
        word = text.strip()
        keyword = word.partition(b" ")[0].partition(b"=")[0].upper()
        if keyword == TARGET:
            starttls = True
        elif is_masked_starttls(word or text):
            masked.append((position, text))
        elif is_masked_word(word):
            words.append((position, text))
        auth = auth or keyword == b"AUTH"
        well_known += keyword in _WELL_KNOWN
        position += len(line) + 1
    return EhloOffers(starttls, auth, tuple(masked), tuple(words), well_known)
