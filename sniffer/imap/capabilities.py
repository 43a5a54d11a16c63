"""The list of capabilities (RFC 9051 sections 6.1.1 and 7.2.2): untagged, or in the brackets of another response."""

from __future__ import annotations

import re

from sniffer.access.dialogue import Capabilities
from sniffer.smtp.masks import TARGET, is_masked_starttls, is_masked_word

_LIST = re.compile(rb"(?:\A\* CAPABILITY|\A[!-~]+ (?:OK|NO|BAD|PREAUTH|BYE) \[CAPABILITY)(?= )([^\]\r\n]*)", re.IGNORECASE)
_BLANKS = re.compile(rb"(?<=[^ ] ) {8}(?= [^ ]|\Z)")
"""The offer overwritten with blanks, between those of its neighbours."""
_WORD = re.compile(rb"[^ ]+")


def capabilities(raw: bytes, at: int) -> Capabilities | None:
    """The list in a response that begins at ``at``; None when it holds none."""
    found = _LIST.match(raw)
    if found is None:
        return None
    start, text = at + found.start(1), found[1]
    named = [(start + word.start(), word[0], word[0].upper()) for word in _WORD.finditer(text)]
    keywords = {keyword for _, _, keyword in named}
    masked = [(place, word) for place, word, _ in named if is_masked_starttls(word)]
    masked += [(start + blank.start(), blank[0]) for blank in _BLANKS.finditer(text)]
    return Capabilities(
        TARGET in keywords,
        b"LOGINDISABLED" not in keywords or any(keyword.startswith(b"AUTH=") for keyword in keywords),
        tuple(masked),
        tuple((place, word) for place, word, _ in named if not is_masked_starttls(word) and is_masked_word(word)),
        next(((place, word) for place, word, keyword in named if keyword == b"LOGINDISABLED"), None),
    )
