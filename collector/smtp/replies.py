"""What the sender is told: every reply of the mail intake, and the enhanced status codes (RFC 3463, RFC 2034).

A 4yz where a repeat can succeed, a 5yz where it cannot. Pure.
"""

from __future__ import annotations

import re

from collector.errors import NotDurable
from collector.smtp.data import Trouble

TOO_MANY_CONNECTIONS = "421 4.7.0 Too many connections, try again later"
TOO_SLOW = "421 4.7.0 Too slow, try again later"
TOO_MANY_ERRORS = "421 4.7.0 Too many errors"
SHUTTING_DOWN = "421 4.3.2 Service shutting down, try again later"
INTERNAL_ERROR = "451 4.3.0 Local error, try again later"
NO_ROOM = "452 4.3.1 Insufficient system storage, try again later"
MESSAGE_TOO_LARGE = "552 5.3.4 Message size exceeds fixed limit"
LINE_TOO_LONG = "554 5.6.0 Line too long"
TOO_MANY_RECIPIENTS = "452 4.5.3 Too many recipients"
NOT_OUR_RECIPIENT = "550 5.1.1 Recipient is not ours"
RECIPIENT_OK = "250 2.1.5 Recipient ok"
SENDER_OK = "250 2.1.0 Sender ok"
HELP = "214 2.0.0 This server takes DMARC and TLS reports only"
NO_AUTH = "502 5.5.1 AUTH is not offered"
CANNOT_VERIFY = "252 2.5.1 Cannot verify, send the message"

_BY_TROUBLE: dict[Trouble, str] = {
    "message_too_large": MESSAGE_TOO_LARGE,
    "line_too_long": LINE_TOO_LONG,
    "no_room": NO_ROOM,
}

_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?:\s|$)")

_BY_CODE = {
    "221": "2.0.0",
    "250": "2.0.0",
    "252": "2.5.1",
    "451": "4.3.0",
    "454": "4.7.0",
    "500": "5.5.2",
    "501": "5.5.4",
    "502": "5.5.1",
    "503": "5.5.1",
    "550": "5.1.1",
    "552": "5.3.4",
    "553": "5.1.3",
    "554": "5.6.0",
    "555": "5.5.4",
}
"""aiosmtpd's own replies come without an enhanced code; this is what each of them means."""


def queued(record_id: str) -> str:
    """The acknowledgement: said only after the record is durable."""
    return f"250 2.0.0 queued as {record_id}"


def for_trouble(trouble: Trouble) -> str:
    """The reply to a message that was read to its end but not kept."""
    return _BY_TROUBLE[trouble]


def for_refusal(error: NotDurable) -> str:
    """The reply to a message that did not become durable."""
    if error.kind == "too_large":
        return MESSAGE_TOO_LARGE
    if error.kind == "full":
        return NO_ROOM
    return INTERNAL_ERROR


def enhanced(reply: str) -> str:
    """The reply with an enhanced status code; greetings, EHLO's lines and 354 have none (RFC 2034 section 4)."""
    if "Too many unrecognized commands" in reply:
        return TOO_MANY_ERRORS  # aiosmtpd closes here as we do elsewhere, but says 502
    code, space, text = reply.partition(" ")
    status = _BY_CODE.get(code)
    if status is None or not space or _ENHANCED.match(text):
        return reply
    return f"{code} {status} {text.removeprefix('Error: ')}"


def refuses(reply: str) -> bool:
    """Whether a reply counts against the session: the sender's own mistake, not our want of room."""
    return reply.startswith("5")
