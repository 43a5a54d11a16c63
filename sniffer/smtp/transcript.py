"""The dialogue for people: commands and replies before TLS or the first message, in order."""

from __future__ import annotations

from sniffer.observation import Turn, time_at
from sniffer.smtp.blanking import BLANK, shown_command, shown_reply
from sniffer.smtp.replies import Reply
from sniffer.smtp.walk import Exchange, Walk
from sniffer.sniff_settings import SniffSettings
from sniffer.stream import Connection, StreamHead
from sniffer.times import rfc3339

_LOGINS = frozenset(("AUTH", "X-EXPS", "(auth)"))
_MESSAGES = frozenset(("DATA", "BDAT"))


def transcript(walk: Walk, connection: Connection, settings: SniffSettings) -> tuple[Turn, ...]:
    """The dialogue, clipped to the settings' limits. It ends with what answers STARTTLS or DATA."""
    limit, show = settings.dialogue_text, settings.show_addresses
    client, server, start = connection.client, connection.server, connection.start
    turns = [_heard(reply, server, start, limit, show) for reply in _opening(walk)]
    login = False
    for exchange in walk.exchanges:
        if len(turns) >= settings.dialogue_entries:
            break
        text = _command_text(exchange, login, limit, show)
        turns.append(Turn(rfc3339(time_at(client, exchange.at, start)), "client", text))
        if exchange.reply:
            turns.append(_heard(exchange.reply, server, start, limit, show))
        if exchange.verb in _LOGINS:
            login = True
        elif exchange.verb in _MESSAGES:
            return tuple(turns[: settings.dialogue_entries])
    if walk.tail:
        turns += [_heard(reply, server, start, limit, show) for reply in walk.tail[: settings.dialogue_entries]]
    return tuple(turns[: settings.dialogue_entries])


def _opening(walk: Walk) -> list[Reply]:
    return [walk.greeting, *walk.prelude] if walk.greeting else walk.prelude


def _heard(reply: Reply, server: StreamHead, start: int, limit: int, show: bool) -> Turn:
    return Turn(rfc3339(time_at(server, reply.at, start)), "server", shown_reply(reply.raw, limit, show))


def _command_text(exchange: Exchange, login: bool, limit: int, show: bool) -> str:
    """Behind AUTH, and where the capture began late, a line that is no command may be a password."""
    if not show and (exchange.verb == "(auth)" or (not exchange.known and (login or not exchange.sure))):
        return BLANK
    return shown_command(exchange.line, exchange.verb, exchange.known, limit, show)
