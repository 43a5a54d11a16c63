"""AUTH before TLS (RFC 4954): offered, and used, where everybody on the path can read it."""

from __future__ import annotations

from sniffer.smtp.walk import Walk

_AUTH = frozenset(("AUTH", "X-EXPS"))


def auth_used(walk: Walk, seen_whole: bool) -> bool | None:
    """True once credentials, or an answer to a challenge, went over. An AUTH refused at once shows nothing.

    ``seen_whole``: the client's commands before TLS were all captured; otherwise absence proves nothing.
    """
    for exchange in walk.exchanges:
        if exchange.verb == "(auth)" and exchange.line.strip() not in (b"", b"*"):
            return True
        if exchange.verb in _AUTH and exchange.known:
            reply = exchange.reply
            if len(exchange.argument.split()) > 1 or (reply is not None and reply.code == 235):
                return True
    if any(reply.code == 235 for reply in walk.tail):
        return True
    return False if seen_whole else None
