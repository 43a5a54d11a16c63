"""EHLO, HELO and LHLO: what was offered before TLS. Of several EHLOs an offer in any counts, and a mask only without one:
a client that greets once more knows what it was offered before."""

from __future__ import annotations

import msgspec

from sniffer.smtp.commands import EHLO, GREETINGS
from sniffer.smtp.ehlo import EhloOffers, ehlo_offers
from sniffer.smtp.replies import Reply, next_reply
from sniffer.smtp.walk import Exchange, Walk
from sniffer.stream import Connection

_SURELY_EHLO = 2
"""Well-known extensions that make a reply one to EHLO, where its command was not captured."""


class GreetingFacts(msgspec.Struct, frozen=True, gc=False):
    """None is what could not be observed. ``masked``: a masked word where the offer was, and no real offer anywhere."""

    helo: bytes | None = None
    ehlo: bool | None = None
    offered: bool | None = None
    masked: bool = False
    auth: bool | None = None
    open: bool = False
    """A later greeting got no reply, which loss may have swallowed."""
    inferred: Reply | None = None
    """A reply to an EHLO that was not captured."""


def greeting_facts(walk: Walk, connection: Connection) -> GreetingFacts:
    """What the greetings before TLS said."""
    greetings = [exchange for exchange in walk.exchanges if exchange.verb in GREETINGS and exchange.known]
    helo = greetings[-1].argument if greetings else None
    accepted = [exchange.reply for exchange in greetings if exchange.verb in EHLO and exchange.reply and exchange.reply.ok]
    inferred = None if greetings else _inferred(walk)
    replies = accepted or ([inferred] if inferred else [])
    if replies:
        headless = [_is_headless(reply, connection) for reply in replies]
        found = [ehlo_offers(reply.raw, cut) for reply, cut in zip(replies, headless, strict=True)]
        offered = True if any(offers.starttls for offers in found) else None if any(headless) else False
        masked = offered is False and any(offers.masked for offers in found)
        swallowed = bool(accepted) and greetings[-1].reply is None and walk.server_missing
        return GreetingFacts(helo, True, offered, masked, any(offers.auth for offers in found), swallowed, inferred)
    partial = _cut_offers(greetings, walk, connection)
    if partial and partial.starttls:
        return GreetingFacts(helo, None, True, auth=partial.auth or None)
    answered = any(exchange.reply for exchange in greetings) or (not greetings and _helo_inferred(walk, connection))
    if not answered or (greetings and greetings[-1].reply is None):
        return GreetingFacts(helo)
    return GreetingFacts(helo, False, False, auth=False)


def _is_headless(reply: Reply, connection: Connection) -> bool:
    """The capture of the server's side may begin inside this reply: its first line names no host."""
    first = None if connection.server.from_start else next_reply(connection.server.data, 0)
    if first is None or first.at != reply.at:
        return False
    words = reply.raw.partition(b"\n")[0][4:].split(None, 1)
    return not words or not (b"." in words[0] or words[0][:1] == b"[")


def _inferred(walk: Walk) -> Reply | None:
    """The last reply among those without a command that lists well-known extensions."""
    for reply in reversed(walk.prelude + walk.tail):
        if reply.code == 250 and reply.raw.count(b"\n") > 1 and ehlo_offers(reply.raw).well_known >= _SURELY_EHLO:
            return reply
    return None


def _helo_inferred(walk: Walk, connection: Connection) -> bool:
    """Server's side alone, from its start: the reply behind the greeting answers EHLO or HELO."""
    return not connection.client.captured and walk.greeting is not None and bool(walk.tail) and walk.tail[0].code == 250


def _cut_offers(greetings: list[Exchange], walk: Walk, connection: Connection) -> EhloOffers | None:
    """The whole lines of a reply to EHLO whose end was not captured: an offer among them is one."""
    if not greetings or greetings[-1].verb not in EHLO or greetings[-1].reply:
        return None
    rest = connection.server.data[walk.server_position :]
    return ehlo_offers(rest[: rest.rfind(b"\n") + 1]) if rest.startswith(b"250-") else None
