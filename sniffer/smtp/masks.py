"""Masked words: STARTTLS, or POP3's STLS, overwritten in flight by something of the same length."""

from __future__ import annotations

import re

from sniffer.remembered import remembered

TARGET = b"STARTTLS"
_OTHER_MASK = re.compile(rb"(?:X{3,}[A-Z]?|([*#\-_.~?!=+])\1{2,})(?:[ \t].*)?", re.DOTALL)


def is_masked_starttls(word: bytes) -> bool:
    """True for eight bytes that are STARTTLS changed in place."""
    return is_masked(word, TARGET)


@remembered(4096, 64)
def is_masked(word: bytes, target: bytes) -> bool:
    """True for a word that is ``target``, in upper case, changed in place.

    ``XXXXXXXX``, ``XXXXXXXA`` (inspecting firewalls number their masks by letter), any one byte repeated
    (``********``, blanks), one letter off (``STARTTLX``), or part of it overwritten (``STARTXXX``).
    """
    word = word.upper()
    length = len(target)
    if len(word) != length or word == target:
        return False
    if word.count(word[0]) == length or (word[:-1] == b"X" * (length - 1) and word[-1:].isalpha()):
        return True
    changed = [mine for mine, real in zip(word, target, strict=True) if mine != real]
    if len(changed) == 1:
        return True
    return len(set(changed)) == 1 and (changed[0] == ord("X") or not chr(changed[0]).isalnum())


def is_masked_word(text: bytes) -> bool:
    """True for another keyword that was overwritten: ``XXXB``, ``XXXXXXXXXXC``, ``****``."""
    return _OTHER_MASK.fullmatch(text.upper()) is not None


def is_masked_banner(text: bytes) -> bool:
    """True for a greeting's text that is mostly asterisks: firewalls leave some digits and blanks between them."""
    return text.count(b"*") >= 8 and text.count(b"*") * 2 > len(text)
