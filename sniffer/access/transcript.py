"""The dialogue for people: commands and answers up to TLS or the login, in order, without credentials."""

from __future__ import annotations

import re

from sniffer.access.dialogue import Dialogue, Exchange
from sniffer.access.words import Words
from sniffer.observation import Turn, time_at
from sniffer.smtp.blanking import BLANK, shown_reply
from sniffer.sniff_settings import SniffSettings
from sniffer.times import rfc3339

_LONGEST_MASK = 8
"""Letters up to which an unknown word in capitals is shown: it may be a masked command. Longer ones may be anything."""
_MECHANISM = re.compile(rb"[A-Za-z0-9_-]{1,20}")
_STATUS = re.compile(r"[^ \n]+(?: (?:OK|NO|BAD)\b)?(?: \[[A-Z-]+\])?")


def transcript(walk: Dialogue, words: Words, settings: SniffSettings) -> tuple[Turn, ...]:
    """The dialogue, clipped to the settings' limits."""
    client, server, start = walk.connection.client, walk.connection.server, walk.connection.start
    limit, show = settings.dialogue_text, settings.show_addresses
    turns: list[Turn] = []
    if walk.greeting:
        turns.append(Turn(rfc3339(time_at(server, walk.greeting.at, start)), "server", shown_reply(walk.greeting.raw, limit, show)))
    login = False
    for exchange in walk.exchanges[: walk.logged_in_at]:
        if len(turns) >= settings.dialogue_entries:
            break
        secret = exchange.verb == "(auth)" or exchange.verb in words.credentials or exchange.verb in words.challenged
        login = login or secret
        text = shown_reply(exchange.line, limit, True) if show else _shown_command(exchange, words, login)[:limit]
        turns.append(Turn(rfc3339(time_at(client, exchange.at, start)), "client", text))
        if answer := exchange.answer:
            shown = shown_reply(answer.raw, limit, show) if show or not secret else _shown_status(answer.status, limit)
            turns.append(Turn(rfc3339(time_at(server, answer.at, start)), "server", shown))
    return tuple(turns[: settings.dialogue_entries])


def _shown_command(exchange: Exchange, words: Words, login: bool) -> str:
    """Behind a login's first line anything that is no command may be a password."""
    verb, argument = exchange.verb, exchange.argument
    if verb == "(auth)":
        return BLANK
    begin = f"{exchange.tag} {verb}".lstrip()
    if not exchange.known:
        return begin if not login and not argument and verb.isupper() and len(verb) <= _LONGEST_MASK else BLANK
    if verb in words.credentials:
        return f"{begin} {BLANK}" if argument else begin
    if verb in words.challenged:
        mechanism, _, response = argument.partition(b" ")
        name = mechanism.decode("ascii") if _MECHANISM.fullmatch(mechanism) else BLANK if mechanism else ""
        return " ".join(filter(None, (begin, name, BLANK if response else "")))
    return shown_reply(exchange.line, len(exchange.line) + 1, False)


def _shown_status(status: bytes, limit: int) -> str:
    """What answers a login may greet the user by name: its status and code are shown, and what it says of TLS."""
    text = shown_reply(status, limit, False)
    if re.search(r"(?i)plaintext|\btls\b|starttls|\bstls\b", text):
        return text
    found = _STATUS.match(text)
    return f"{found[0]} {BLANK}" if found and found.end() < len(text) else text
