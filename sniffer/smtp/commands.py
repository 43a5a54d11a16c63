"""Commands of the client (RFC 5321 section 4.1, and the extensions that bring their own)."""

from __future__ import annotations

import msgspec

from sniffer.remembered import remembered

EHLO = frozenset(("EHLO", "LHLO"))
GREETINGS = frozenset(("EHLO", "LHLO", "HELO"))
UPGRADES = frozenset(("STARTTLS", "X-ANONYMOUSTLS"))
GOES_ON = frozenset(("MAIL", "RCPT", "DATA", "BDAT", "AUTH", "QUIT", "ETRN", "ATRN", "TURN", "SEND", "SAML", "SOML"))
"""Commands by which a client shows that it goes on without TLS."""
KNOWN = (
    GREETINGS
    | UPGRADES
    | GOES_ON
    | frozenset(
        ("RSET", "NOOP", "VRFY", "EXPN", "HELP", "XCLIENT", "XFORWARD", "XEXCH50", "BURL", "X-EXPS", "X-LINK2STATE", "XSHADOW", "XSTREAM")
    )
)
_NEED = {"MAIL": b"FROM:", "RCPT": b"TO:"}
_ALONE = frozenset(("DATA", "QUIT", "RSET", "STARTTLS", "X-ANONYMOUSTLS"))
_LONGEST_VERB = 16


class Command(msgspec.Struct, frozen=True, gc=False):
    """``verb`` in upper case, "" for an empty line; ``known`` only when the words after it fit the verb too."""

    verb: str
    argument: bytes
    known: bool


@remembered(8192, 1024)
def parse_command(line: bytes) -> Command:
    """A line without its end. Case and outer blanks do not matter (RFC 5321 section 2.4)."""
    word, _, argument = line.strip(b" \t\r\0").partition(b" ")
    argument = argument.strip()
    verb = word[:_LONGEST_VERB].decode("latin-1").upper()
    return Command(verb, argument, verb in KNOWN and _fits(verb, argument))


def _fits(verb: str, argument: bytes) -> bool:
    """Text of a message can begin with a verb too ("mail me"): only what the verb's syntax allows counts."""
    need = _NEED.get(verb)
    if need:
        return argument[: len(need)].upper() == need
    return not argument or verb not in _ALONE or verb in UPGRADES
