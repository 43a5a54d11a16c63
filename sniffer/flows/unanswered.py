"""Packets of connections that have no payload yet, held as columns and not as flows.

Scans and SYN floods are almost all of these: kept this way ten million of them cost a few megabytes, and they join
their connection's later packets by being put in front of the next window.
"""

from __future__ import annotations

import numpy as np

from sniffer.capture.records import Bools, Ints, Octets, View
from sniffer.flows.groups import Groups
from sniffer.packets.columns import ENDS, FIN, RST, Aside, Columns, join
from sniffer.settings import EngineSettings
from sniffer.weird import Weird

MOST_PACKETS = 16
"""A connection with more packets than this, and still without payload, becomes a flow like others."""
_ENDS = np.dtype((np.void, ENDS))


class Unanswered:
    """The rows held between windows."""

    def __init__(self, settings: EngineSettings, weird: Weird) -> None:
        self._settings = settings
        self._weird = weird
        self._columns: Columns | None = None
        self._ends = np.empty((0, ENDS), np.uint8)

    def before(self, columns: Columns, aside: Aside) -> tuple[Columns, Aside]:
        """The held rows, then a window's."""
        held = self._columns
        if held is None:
            return columns, aside
        held.source = -1 - len(aside.ends) - np.arange(len(held))
        self._columns = None
        return join([held, columns]), Aside(np.concatenate((aside.ends, self._ends)), aside.data)

    def hold(self, facts: Groups, flows: Bools, buffer: Octets, aside: Aside, now: int) -> None:
        """Keep the rows of some flows, without those whose time is over, up to the cap."""
        keep = flows & ~self._over(facts, flows, now)
        rows = np.flatnonzero(np.repeat(keep, np.diff(facts.flow)))
        rows = rows[np.argsort(facts.row[rows])]
        if len(rows) > self._settings.unanswered:
            dropped = len(rows) - self._settings.unanswered
            self._weird.evicted += dropped
            rows = rows[dropped:]
        self._columns = facts.columns.pick(rows) if len(rows) else None
        if self._columns:
            self._columns.data = np.zeros(len(rows), np.int64)  # none has payload, and where it would stand is gone
        self._ends = _ends_of(facts.columns.source[rows], buffer, aside)

    def _over(self, facts: Groups, flows: Bools, now: int) -> Bools:
        columns, starts = facts.columns, facts.flow[:-1]
        silent = now - facts.latest
        one_sided = np.diff(facts.half_of) == 1
        fins = np.add.reduceat((columns.flags & FIN != 0).astype(np.int64), starts)
        closed = (np.bitwise_or.reduceat(columns.flags, starts) & RST != 0) | ((fins > 1) & ~one_sided)
        settings = self._settings
        over: Bools = (silent > settings.idle_timeout) | (closed & (silent > settings.linger))
        unanswered = one_sided & (silent > settings.syn_timeout)
        over |= unanswered
        self._weird.syn_timeout += int(np.count_nonzero(unanswered & flows))
        self._weird.no_payload += int(np.count_nonzero(over & flows))
        return over

    def keys(self) -> list[int]:
        """The connections they belong to."""
        return [] if self._columns is None else np.unique(self._columns.key).tolist()

    def forget(self) -> None:
        """The capture is over: none of these became a session."""
        if self._columns is not None:
            self._weird.no_payload += len(np.unique(self._columns.key))
        self._columns = None


def _ends_of(source: Ints, buffer: Octets, aside: Aside) -> Octets:
    ends = np.empty((len(source), ENDS), np.uint8)
    here = source >= 0
    ends[here] = View(buffer).rows(source[here], _ENDS).view(np.uint8).reshape(-1, ENDS)
    ends[~here] = aside.ends[-1 - source[~here]]
    return ends
