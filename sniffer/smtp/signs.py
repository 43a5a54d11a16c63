"""The evidence that an SMTP dialogue holds: masks, refusals, demands."""

from __future__ import annotations

import re

import msgspec

from sniffer.signbook import SignBook
from sniffer.smtp.commands import EHLO, GREETINGS, UPGRADES
from sniffer.smtp.ehlo import ehlo_offers
from sniffer.smtp.masks import is_masked_banner, is_masked_starttls
from sniffer.smtp.replies import Reply
from sniffer.smtp.walk import Exchange, Walk

_DEMAND = re.compile(
    rb"(?i)must issue an? starttls|starttls (?:is )?(?:command )?(?:first|required)|require[sd]? .{0,30}\b(?:tls|starttls)\b"
)
_MASKED_EHLO = "XXXX"


class MaskFacts(msgspec.Struct, frozen=True, gc=False):
    """``judged``: a masked command, and nothing else can explain it. ``unjudged``: loss leaves that open."""

    judged: bool
    unjudged: bool


def greeting_signs(walk: Walk, book: SignBook) -> None:
    """What stands at the beginning: a PROXY header, a masked or refusing greeting."""
    if walk.proxy_header is not None:
        book.add("proxy_header", "client", walk.proxy_header if walk.proxy_header.isascii() else b"PROXY v2", 0)
    if greeting := walk.greeting:
        if greeting.refused:
            book.add("greeting_refused", "server", greeting.raw, greeting.at)
        if is_masked_banner(greeting.raw[4:].strip()):
            book.add("masked_banner", "server", greeting.raw, greeting.at)


def ehlo_signs(reply: Reply, book: SignBook) -> None:
    """Masked lines of a reply to EHLO; an eight-letter mask beside a real offer hides something else."""
    offers = ehlo_offers(reply.raw)
    for offset, text in offers.masked:
        book.add("masked_word" if offers.starttls else "masked_offer", "server", text, reply.at + offset)
    for offset, text in offers.words:
        book.add("masked_word", "server", text, reply.at + offset)


def command_signs(walk: Walk, book: SignBook) -> MaskFacts:
    """Go over the commands and their replies."""
    judged = unjudged = offer = in_mail = False
    for place, exchange in enumerate(walk.exchanges):
        reply = exchange.reply
        offer = offer or _holds_offer(exchange)
        in_mail = _in_mail(exchange, in_mail)
        if exchange.verb in UPGRADES:
            _upgrade_signs(walk, exchange, book)
        elif exchange.verb in EHLO and reply:
            if reply.ok:
                ehlo_signs(reply, book)
            elif reply.refused:
                book.add("ehlo_refused", "server", reply.raw, reply.at)
        elif not exchange.known and exchange.sure:
            if is_masked_starttls(exchange.line.strip()):
                if in_mail and not offer:
                    book.add("masked_word", "client", exchange.line, exchange.at)
                    continue
                book.add("masked_command", "client", exchange.line, exchange.at)
                judged = judged or _answered_as_unknown(reply, walk.server_missing)
                unjudged = unjudged or (reply is None and walk.server_missing)
            elif _is_masked_ehlo(exchange, walk.exchanges[place + 1 :]):
                book.add("masked_ehlo", "client", exchange.line, exchange.at, blank=len(exchange.line) > 64)
        if reply and _demands_tls(reply):
            book.add("tls_required", "server", reply.raw, reply.at)
    return MaskFacts(judged, unjudged)


def _demands_tls(reply: Reply) -> bool:
    return reply.refused and (reply.code == 530 or _DEMAND.search(reply.raw) is not None) and b"TLS" in reply.raw.upper()


def _holds_offer(exchange: Exchange) -> bool:
    """A reply to EHLO with STARTTLS in it, or with its mask."""
    if exchange.verb not in EHLO or exchange.reply is None or not exchange.reply.ok:
        return False
    offers = ehlo_offers(exchange.reply.raw)
    return offers.starttls or bool(offers.masked)


def _in_mail(exchange: Exchange, so_far: bool) -> bool:
    """Is mail under way, so that no client would ask for TLS any more? A MAIL that the server takes only under TLS
    begins none."""
    verb, reply = exchange.verb, exchange.reply
    if verb in GREETINGS or verb == "RSET":
        return False
    return so_far or (verb in ("MAIL", "RCPT") and exchange.known and not (reply and _demands_tls(reply)))


def _upgrade_signs(walk: Walk, exchange: Exchange, book: SignBook) -> None:
    reply = exchange.reply
    if exchange.verb == "X-ANONYMOUSTLS":
        book.add("anonymous_tls", "client", exchange.line, exchange.at)
    elif exchange.argument:
        book.add("starttls_malformed", "client", exchange.line, exchange.at)
    if reply is None:
        book.add("starttls_unanswered", "client", exchange.line, exchange.at)
    elif walk.is_turned_down(exchange):
        book.add("starttls_refused", "server", reply.raw, reply.at)


def _answered_as_unknown(reply: Reply | None, server_missing: bool) -> bool:
    """Refused, or left without an answer by a server of which nothing was lost."""
    return reply.refused if reply else not server_missing


def _is_masked_ehlo(exchange: Exchange, later: list[Exchange]) -> bool:
    """The server knows the word not, and the client, which speaks ESMTP, goes back to HELO."""
    if exchange.verb != _MASKED_EHLO or exchange.reply is None or exchange.reply.code < 500:
        return False
    return bool(later) and later[0].verb == "HELO" and later[0].reply is not None and later[0].reply.ok
