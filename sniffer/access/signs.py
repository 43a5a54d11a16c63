"""The evidence that a POP3 or IMAP dialogue holds: masks, refusals, demands."""

from __future__ import annotations

import re

from sniffer.access.dialogue import Answer, Capabilities, Dialogue, Exchange
from sniffer.access.words import Words
from sniffer.signbook import SignBook
from sniffer.smtp.masks import is_masked, is_masked_banner
from sniffer.smtp.signs import MaskFacts

_DEMAND = re.compile(
    rb"(?i)privacyrequired|plaintext (?:authentication|login)s? (?:is |are )?(?:disallowed|disabled|not allowed)|starttls|\bstls\b"
)


def greeting_signs(walk: Dialogue, book: SignBook) -> None:
    """What stands at the beginning."""
    if walk.proxy_header is not None:
        book.add("proxy_header", "client", walk.proxy_header if walk.proxy_header.isascii() else b"PROXY v2", 0)
    if greeting := walk.greeting:
        if greeting.refused:
            book.add("greeting_refused", "server", greeting.status, greeting.at)
        if is_masked_banner(greeting.status.partition(b" ")[2].strip()):
            book.add("masked_banner", "server", greeting.status, greeting.at)
        if walk.preauthenticated:
            book.add("preauthenticated", "server", greeting.status, greeting.at)


def list_signs(capabilities: Capabilities, book: SignBook) -> None:
    """Masked words of a list; one of the offer's length beside a real offer hides something else."""
    for at, text in capabilities.masked:
        book.add("masked_word" if capabilities.upgrade else "masked_offer", "server", text, at)
    for at, text in capabilities.words:
        book.add("masked_word", "server", text, at)
    if capabilities.login_disabled:
        book.add("login_disabled", "server", capabilities.login_disabled[1], capabilities.login_disabled[0])


def command_signs(walk: Dialogue, words: Words, book: SignBook) -> MaskFacts:
    """Go over the commands and their answers, up to the login."""
    judged = unjudged = begun = False
    offer = any(found.upgrade or found.masked for found in walk.lists)
    for exchange in walk.exchanges[: walk.logged_in_at]:
        answer = exchange.answer
        begun = begun or _begins_login(exchange, words)
        if exchange.verb == words.upgrade:
            _upgrade_signs(exchange, book)
        elif not exchange.known and not exchange.argument and is_masked(exchange.verb.encode("latin-1"), words.upgrade.encode()):
            if begun and not offer:
                book.add("masked_word", "client", exchange.line, exchange.at)
                continue
            book.add("masked_command", "client", exchange.line, exchange.at)
            judged = judged or (answer.refused if answer else not walk.server_missing)
            unjudged = unjudged or (answer is None and walk.server_missing)
        elif answer and _demands_tls(answer):
            book.add("tls_required", "server", answer.status, answer.at)
    return MaskFacts(judged, unjudged)


def _begins_login(exchange: Exchange, words: Words) -> bool:
    """No client asks for TLS any more, unless that is what the server answers."""
    return exchange.verb in words.logins and not (exchange.answer and _demands_tls(exchange.answer))


def _demands_tls(answer: Answer) -> bool:
    return answer.refused and _DEMAND.search(answer.status) is not None


def _upgrade_signs(exchange: Exchange, book: SignBook) -> None:
    answer = exchange.answer
    if exchange.argument:
        book.add("starttls_malformed", "client", exchange.line, exchange.at)
    if answer is None:
        book.add("starttls_unanswered", "client", exchange.line, exchange.at)
    elif answer.refused:
        book.add("starttls_refused", "server", answer.status, answer.at)
