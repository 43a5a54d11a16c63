"""Open streams, and when each is over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sniffer.settings import EngineSettings
from sniffer.weird import Weird
from sniffer.wireshark.conversation import Conversation
from sniffer.wireshark.facts import Packet

_SWEEP = 1024
"""Packets between looks at which streams are over."""
MOST_OPEN = 4096
"""Streams held at once; beyond it the one that was silent longest is ended (``evicted``)."""


def conversations(packets: Iterable[Packet], settings: EngineSettings, weird: Weird, from_text: bool = True) -> Iterator[Conversation]:
    """Group packets by Wireshark's stream numbers; yield each stream with payload when it is over, the rest at the end.

    A stream is over so long after its close, or after its last packet, as in the packet engine. ``from_text`` is False
    where Wireshark reads them as TLS, from wherever that begins.
    """
    live: dict[int, Conversation] = {}
    over: set[int] = set()
    for count, packet in enumerate(packets):
        if count % _SWEEP == 0:
            ended = [one for one in live.values() if _is_over(one, packet.time, settings)]
            yield from _end(ended, live, weird, packet.time)
            over.update(one.stream for one in ended if one.closed is not None)
            over = {stream for stream in over if stream > packet.stream - settings.unanswered}
        if packet.stream in over:
            weird.after_close += 1
            continue
        conversation = live.get(packet.stream)
        if conversation is None:
            conversation = live[packet.stream] = Conversation(packet, from_text)
            if len(live) > MOST_OPEN:
                weird.evicted += 1
                yield from _end([min(live.values(), key=lambda one: one.last)], live, weird, packet.time)
        conversation.add(packet)
    yield from _end(list(live.values()), live, weird)


def _is_over(conversation: Conversation, now: int, settings: EngineSettings) -> bool:
    if conversation.closed is not None:
        return now - conversation.closed > settings.linger
    return now - conversation.last > settings.idle_timeout


def _end(ended: list[Conversation], live: dict[int, Conversation], weird: Weird, now: int | None = None) -> Iterator[Conversation]:
    for conversation in ended:
        del live[conversation.stream]
        conversation.until = now
        if conversation.has_payload:
            yield conversation
        else:
            weird.no_payload += 1
