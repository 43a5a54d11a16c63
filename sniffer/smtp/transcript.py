"""The dialogue for people: commands and replies before TLS or the first message, in order."""

from __future__ import annotations

from sniffer.observation import Turn, time_at
from sniffer.smtp.blanking import BLANK, shown_command, shown_reply
from sniffer.smtp.replies import Reply
from sniffer.smtp.walk import Exchange, Walk
from sniffer.sniff_settings import SniffSettings
from sniffer.stream import Connection
from sniffer.times import rfc3339


def transcript(walk: Walk, connection: Connection, settings: SniffSettings) -> tuple[Turn, ...]:
    """The dialogue, clipped to the settings' limits. It ends with what answers STARTTLS or DATA."""
    turns: list[Turn] = []
    most = settings.dialogue_entries
    limit, show = settings.dialogue_text, settings.show_addresses
    server, start = connection.server, connection.start

    def hear(reply: Reply) -> None:
        turns.append(Turn(rfc3339(time_at(server, reply.at, start)), "server", shown_reply(reply.raw, limit, show)))

    if walk.greeting:
        hear(walk.greeting)
    for reply in walk.prelude:
        hear(reply)
    login = False
    for exchange in walk.exchanges:
        if len(turns) >= most:
            break
        text = _command_text(exchange, login, limit, show)
        turns.append(Turn(rfc3339(time_at(connection.client, exchange.at, start)), "client", text))
        if exchange.reply:
            hear(exchange.reply)
        login = login or exchange.verb in ("AUTH", "X-EXPS", "(auth)")
        if exchange.verb in ("DATA", "BDAT"):
            return tuple(turns[:most])
    for reply in walk.tail:
        if len(turns) >= most:
            break
        hear(reply)
    return tuple(turns[:most])


def _command_text(exchange: Exchange, login: bool, limit: int, show: bool) -> str:
    """Behind AUTH, and where the capture began late, a line that is no command may be a password."""
    if not show and not exchange.known and (login or not exchange.sure):
        return BLANK
    if not show and exchange.verb == "(auth)":
        return BLANK
    return shown_command(exchange.verb, exchange.line, exchange.known, limit, show)
