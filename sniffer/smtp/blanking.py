"""Dialogue text for people's eyes: clipped, and without mail addresses and credentials unless those are wanted."""

from __future__ import annotations

import re

from sniffer.remembered import remembered

BLANK = "***"
_ADDRESS = re.compile(r"(?<![\w.+-])[^\s<>\"'(),;:\\\[\]]+@[^\s<>\"'(),;:\\\[\]]*|\"[^\"\n]*\"@[^\s<>]*")
_PATH = re.compile(r"<[^<>\n]+>")
_PLAIN_PATH = re.compile(rb"((?i:MAIL FROM|RCPT TO): ?)<[!-;=?-~]+>((?i: SIZE=\d+| BODY=\w+| SMTPUTF8)*)\r?\Z")
"""Nearly every MAIL and RCPT: what the longer way makes of it is known."""
_HOLDS_PATH = frozenset(("MAIL", "RCPT", "SEND", "SAML", "SOML"))
_SECRET = frozenset(("AUTH", "X-EXPS", "PASS", "USER", "APOP", "LOGIN", "AUTHENTICATE"))
_WHOLE_ARGUMENT = frozenset(("VRFY", "EXPN"))
_PLAIN = frozenset(("EHLO", "HELO", "LHLO", "STARTTLS", "DATA", "QUIT", "RSET", "NOOP", "BDAT"))
_TELLING = re.compile("[@<=]")
_RETURNS = re.compile(r"\r+\n")
_LOGIN = re.compile(r"(?i)\b(LOGIN)=\S+")
_KEPT = 8192
_LONGEST = 1024
"""Bytes of a line or reply whose text is remembered."""


@remembered(_KEPT, _LONGEST)
def shown_reply(raw: bytes, limit: int, show: bool) -> str:
    """A reply's text, lines joined by newlines. A 334 challenge may name the user, so it is blanked too."""
    text = clean(_bounded(raw, limit))
    if not show:
        text = f"334 {BLANK}" if text.startswith("334") else without_addresses(text)
    return text[:limit]


@remembered(_KEPT, _LONGEST)
def shown_name(argument: bytes, limit: int, show: bool) -> str:
    """The name that a client greets with: anything may stand there, an address too."""
    text = argument.decode("utf-8", "replace")
    return (text if show else without_addresses(text))[:limit]


@remembered(_KEPT, _LONGEST)
def shown_command(line: bytes, verb: str, known: bool, limit: int, show: bool) -> str:
    """A command's text. Of a line that is no known command only a short first word is shown, as it may be anything."""
    if not show and verb in _HOLDS_PATH and (plain := _PLAIN_PATH.match(line)):
        return f"{plain[1].decode('ascii')}<{BLANK}>{plain[2].decode('ascii')}"[:limit]
    text = clean(_bounded(line, limit))
    if show:
        return text[:limit]
    if not known:
        return _unknown(text)[:limit]
    if verb in _PLAIN and not _TELLING.search(text):
        return text[:limit]
    if verb in _SECRET:
        words = text.split(None, 2)
        return " ".join(words[:2] + ([BLANK] if len(words) > 2 else []))[:limit]
    if verb in _WHOLE_ARGUMENT:
        return f"{verb} {BLANK}"
    if verb in _HOLDS_PATH:
        text = _path_blanked(text)
    return _LOGIN.sub(rf"\1={BLANK}", without_addresses(text))[:limit]


def _bounded(data: bytes, limit: int) -> bytes:
    """Enough for ``limit`` characters, cut between words: half an address would not be known as one."""
    most = 4 * limit
    if len(data) <= most:
        return data
    cut = max(data.rfind(b" ", 0, most), data.rfind(b"\n", 0, most))
    return data[: cut + 1] if cut >= 0 else BLANK.encode()


def clean(data: bytes) -> str:
    """Bytes as text: line ends as newlines, however many carriage returns they have, none at the end, strange bytes as
    U+FFFD."""
    text = data.decode("utf-8", "replace").replace("\r\n", "\n")
    return (_RETURNS.sub("\n", text) if "\r" in text else text).rstrip("\r\n")


def without_addresses(text: str) -> str:
    """Every mail address blanked."""
    return _ADDRESS.sub(BLANK, text) if "@" in text else text


def _path_blanked(text: str) -> str:
    blanked, paths = _PATH.subn(f"<{BLANK}>", text)
    if not paths and "<>" not in text:
        head, colon, _ = text.partition(":")
        return f"{head}{colon}{BLANK}"
    return blanked


def _unknown(text: str) -> str:
    word, _, rest = text.partition(" ")
    short = len(word) <= 8 and word.isalpha() and word.isupper()
    return (word if short else BLANK) + (f" {BLANK}" if rest and short else "")
