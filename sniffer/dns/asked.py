"""UDP answers and the questions they answer, matched a window at a time in columns.

Most of port 53 is of no interest here: questions become keys, and only answers to a key that was seen are looked at
one by one. A key is made of both ends, the message's number and the question, without case.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sniffer.addresses import text
from sniffer.capture.records import Bools, Ints, View
from sniffer.dns import question
from sniffer.packets.network import Datagrams
from sniffer.packets.udp import HEADER
from sniffer.settings import DNS_PORT, DnsSettings
from sniffer.weird import Weird

_QUESTION = 104
"""Bytes of the question that are compared; longer ones are passed over."""
_LAYOUT = np.dtype(
    [("source", ">u2"), ("destination", ">u2"), ("size", ">u2"), ("sum", ">u2"),
     ("id", ">u2"), ("flags", ">u2"), ("counts", ">u2", (4,)), ("question", "u1", (_QUESTION,))]
)  # fmt: skip
SEED = 8 * (_QUESTION // 8 + 4)
"""Bytes of randomness that a matcher is given."""
_UNREAD = 16
"""Windows without an answer whose questions are kept unread; one more, and they are read."""
_LEAST = HEADER + question.HEADER + 6
_PREFIXES = {question.TLSA: (b"\x03_25\x04_tcp",), question.TXT: (b"\x05_smtp\x04_tls", b"\x08_mta-sts")}
U64 = npt.NDArray[np.uint64]


class Message(NamedTuple):
    """An answer whose question was seen before it."""

    time: int
    server: str
    """Who answered."""
    key: int
    """The question's; the same for all answers to it."""
    asked: int
    """How often it was asked before."""
    data: bytes


class _Heads(NamedTuple):
    """Datagrams by their first bytes, in columns; nothing is read of them yet."""

    record: Ints
    at: Ints
    stop: Ints
    time: Ints
    head: npt.NDArray[np.void]
    ends: U64
    """Shape (2, n)."""
    response: Bools
    source: Ints
    address: int

    def pick(self, rows: npt.NDArray[Any] | slice) -> _Heads:
        """Some rows, by index, mask or slice."""
        return _Heads(
            self.record[rows],
            self.at[rows],
            self.stop[rows],
            self.time[rows],
            self.head[rows],
            self.ends[:, rows],
            self.response[rows],
            self.source[rows],
            self.address,
        )


class _Packets(NamedTuple):
    """Those that matter, in columns."""

    record: Ints
    at: Ints
    size: Ints
    time: Ints
    key: U64
    response: Bools
    source: Ints
    address: int


class Asked:
    """Questions of the last seconds, and the answers to them."""

    def __init__(self, settings: DnsSettings, seed: bytes, weird: Weird) -> None:
        self._settings = settings
        self.weird = weird
        self._factors = np.frombuffer(seed, "<u8") | np.uint64(1)
        self._keys: U64 = np.empty(0, np.uint64)
        self._times: Ints = np.empty(0, np.int64)
        self._unread: list[_Heads] = []
        """Of windows without an answer: their questions are read when one comes in time."""

    def answers(self, view: View, times: Ints, datagrams: list[Datagrams]) -> list[Message]:
        """The answers of a window in capture order. ``times``: of its records."""
        heads = [_heads(view, found, times) for found in datagrams]
        oldest = int(times.max()) - self._settings.answer_timeout
        unread = self._unread + heads
        if len(unread) <= _UNREAD and not any(one.response.any() for one in heads):
            most = self._settings.questions // _UNREAD
            self._unread = [one.pick(one.time >= oldest).pick(slice(-most, None)) for one in unread]
            return []
        self._unread = []
        parts = [part for one in unread if (part := self._packets(one)) is not None]
        keys = np.concatenate([self._keys, *(part.key[~part.response] for part in parts)])
        when = np.concatenate([self._times, *(part.time[~part.response] for part in parts)])
        order = np.argsort(keys, kind="stable")
        found: list[tuple[int, Message]] = []
        for part in parts:
            found += self._matched(view, part, keys[order], when[order])
        recent = when >= oldest
        self._keys, self._times = keys[recent][-self._settings.questions :], when[recent][-self._settings.questions :]
        return [message for _, message in sorted(found, key=lambda one: one[0])]

    def _matched(self, view: View, part: _Packets, keys: U64, when: Ints) -> list[tuple[int, Message]]:
        rows = np.flatnonzero(part.response)
        first, last = np.searchsorted(keys, part.key[rows], "left"), np.searchsorted(keys, part.key[rows], "right")
        raw = view.buffer
        found: list[tuple[int, Message]] = []
        for row, start, stop in zip(rows.tolist(), first.tolist(), last.tolist(), strict=True):
            record, at, size, source = part.record.item(row), part.at.item(row), part.size.item(row), part.source.item(row)
            time = part.time.item(row)
            before = time - when[start:stop]
            count = int(np.count_nonzero((before >= 0) & (before <= self._settings.answer_timeout)))
            if not count:
                self.weird.dns_unasked += 1
                continue
            server = text(raw[source : source + part.address].tobytes())
            data = raw[at + HEADER : at + size].tobytes()
            found.append((record, Message(time, server, int(part.key[row]), count, data)))
        return found

    def _packets(self, found: _Heads) -> _Packets | None:
        """The queries, and the answers that say something, of names and types that matter to mail."""
        head, response = found.head, found.response
        size, flags = head["size"].astype(np.int64), head["flags"].astype(np.int64)
        whole = (size >= _LEAST) & (found.at + size <= found.stop)
        port = np.where(response, head["source"], head["destination"])
        silent = flags & question.TRUNCATED | ~np.isin(flags & question.RCODE, question.USABLE)
        good = whole & (port == DNS_PORT) & (head["counts"][:, 0] == 1) & (flags & question.OPCODE == 0) & ~(response & (silent != 0))
        name = head["question"]
        name = name + ((name - np.uint8(65)) < 26).astype(np.uint8) * np.uint8(32)
        zero = np.argmax(name == 0, axis=1)
        good &= (zero > 0) & (zero < _QUESTION - 4) & (zero + _LEAST - 1 <= size)
        good[good] = _matter(name[good], zero[good])
        rows = np.flatnonzero(good)
        if not len(rows):
            return None
        mine = found.pick(rows)
        key = self._key(mine, name[rows], zero[rows])
        return _Packets(mine.record, mine.at, size[rows], mine.time, key, mine.response, mine.source, mine.address)

    def _key(self, found: _Heads, name: npt.NDArray[np.uint8], zero: Ints) -> U64:
        factors, head, ends, response = self._factors, found.head, found.ends, found.response
        words = np.where(np.arange(_QUESTION) <= zero[:, None] + 4, name, np.uint8(0)).view("<u8").astype(np.uint64)
        words ^= words >> np.uint64(32)
        key: U64 = (words * factors[: _QUESTION // 8]).sum(axis=1, dtype=np.uint64)
        client, server = np.where(response, ends[1], ends[0]), np.where(response, ends[0], ends[1])
        port = np.where(response, head["destination"], head["source"]).astype(np.uint64)
        number = port << np.uint64(16) | head["id"].astype(np.uint64)
        for word, factor in zip((client, server, number), factors[_QUESTION // 8 :], strict=False):
            key += (word ^ word >> np.uint64(32)) * factor
        return key


def _heads(view: View, found: Datagrams, times: Ints) -> _Heads:
    cursor = found.cursor
    head = view.rows(cursor.at, _LAYOUT)
    response = head["flags"] & question.RESPONSE != 0
    address = 4 if found.family == 4 else 16
    stop = np.minimum(cursor.end, found.stop)
    return _Heads(cursor.record, cursor.at, stop, times[cursor.record], head, found.ends, response, found.source, address)


def _matter(name: npt.NDArray[np.uint8], zero: Ints) -> Bools:
    """Which questions matter: addresses, MX, and the policies of mail. ``zero``: where the name ends."""
    rows = np.arange(len(name))
    kind = name[rows, zero + 1].astype(np.int64) << 8 | name[rows, zero + 2]
    group = name[rows, zero + 3].astype(np.int64) << 8 | name[rows, zero + 4]
    good = np.isin(kind, (question.A, question.AAAA, question.MX))
    for policy, prefixes in _PREFIXES.items():
        mine = np.flatnonzero(kind == policy)
        for prefix in prefixes if len(mine) else ():
            good[mine] |= (name[mine, : len(prefix)] == np.frombuffer(prefix, np.uint8)).all(axis=1)
    matter: Bools = good & (group == 1)
    return matter
