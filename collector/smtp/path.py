"""The reverse-path and forward-path of MAIL and RCPT (RFC 5321 section 4.1.2). Pure, linear, no recursion.

Lenient where senders are: an address may stand without angle brackets and any octet may stand in it. Strict where it
matters: nothing after an unquoted ``>`` becomes part of the address.
"""

from __future__ import annotations

NULL_PATH = "<>"


def split_path(argument: str) -> tuple[str, str] | None:
    """(address, parameters) of what follows ``FROM:`` or ``TO:``; None when no path can be read.

    The null reverse-path comes back as ``<>``. A source route (``@a,@b:``) is dropped (section 3.6.1).
    """
    text = argument.strip()
    if not text.startswith("<"):
        address, _, rest = text.partition(" ")
        return (address, rest.strip()) if address and ">" not in address else None
    end = _closing_bracket(text)
    if end < 0 or text[end + 1 : end + 2] not in ("", " "):
        return None
    address = text[1:end].strip()
    if address.startswith("@"):
        route, colon, mailbox = address.partition(":")
        if not colon or " " in route:
            return None
        address = mailbox
    if "<" in _unquoted(address) or (" " in _unquoted(address)):
        return None
    return address or NULL_PATH, text[end + 1 :].strip()


def _closing_bracket(text: str) -> int:
    """Index of the first ``>`` outside a quoted string, -1 without one."""
    quoted = escaped = False
    for index, letter in enumerate(text):
        if escaped:
            escaped = False
        elif quoted and letter == "\\":
            escaped = True
        elif letter == '"':
            quoted = not quoted
        elif letter == ">" and not quoted:
            return index
    return -1


def _unquoted(address: str) -> str:
    """The address without its quoted local part."""
    return address[address.rfind('"') + 1 :] if address.startswith('"') else address
