"""Records to columns: the order of the layers, and fragments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sniffer.capture.records import PAD, Ints, Octets, Records, View
from sniffer.packets import link, network, transport, tunnels, udp
from sniffer.packets.columns import ENDS, Aside, Columns, Cursor, join, no_aside
from sniffer.packets.fragments import Fragment, FragmentTable
from sniffer.packets.network import Datagrams
from sniffer.packets.plain import plain_frames
from sniffer.settings import DNS_PORT, EngineSettings
from sniffer.weird import Weird

_MOST_TUNNELS = 2
_FRAGMENTS = 4096
"""Of which the whole datagrams are decoded at one go: each is copied."""


@dataclass(slots=True)
class _Window:
    """What decoding one window gathers."""

    view: View
    time: Ints
    """The records'."""
    parts: list[tuple[Columns, Ints]]
    aside: Aside
    dns: list[Datagrams]
    """Of port 53, which are read of what is in the capture's own buffer: not of datagrams out of fragments."""
    vlan: npt.NDArray[np.int16] | None = None


class _Whole(NamedTuple):
    """A datagram out of fragments, the last of which was in that record."""

    record: int
    protocol: int
    ends: bytes
    """Its addresses."""
    payload: bytes


def _window(buffer: Octets, time: Ints) -> _Window:
    return _Window(View(buffer), time, [], no_aside(), [])


class Decoder:
    """Decodes window after window; fragments wait between them."""

    def __init__(self, settings: EngineSettings, seeds: tuple[int, int, int, int], weird: Weird, noting: bool = False) -> None:
        self._ports = transport.PortTable(settings.ports | {DNS_PORT} if settings.dns else settings.ports, settings.any_port)
        self._dns = settings.dns is not None
        self.dns: list[Datagrams] = []
        """UDP datagrams of port 53 in the window that was decoded last, each at its UDP header; offsets are its buffer's."""
        self._noting = noting
        self.record = np.empty(0, np.int64)
        """Which record of that window each of the segments is in, if that is to be noted."""
        self.fragmented = False
        """That window had IP fragments: a segment may be of several records, and of earlier windows' too."""
        self._keys = transport.FlowKey(seeds)
        self._fragments = FragmentTable(settings.fragment_memory, settings.fragment_timeout)
        self._weird = weird

    @property
    def waits(self) -> bool:
        """True while fragments wait for the rest of their datagram."""
        return len(self._fragments) > 0

    def decode(self, records: Records) -> tuple[Columns, Aside] | None:
        """The TCP segments of interest in capture order; None when there are none."""
        window = _window(records.buffer, records.time)
        self.dns = window.dns
        self.fragmented = False
        self.record = np.empty(0, np.int64)
        everything = Cursor(np.arange(len(records)), records.at, records.at + records.captured)
        for link_type, mine in _by_link(records, everything):
            if link_type == link.ETHERNET:
                mine = self._plain(window, records, mine)
            packets = link.packets_of(window.view, mine, link_type, len(records), self._weird)
            if packets.vlan is not None:
                window.vlan = packets.vlan if window.vlan is None else np.maximum(window.vlan, packets.vlan)
            self._packets(window, packets, 0)
        return self._finished(window, records.interface) if window.parts else None

    def _plain(self, window: _Window, records: Records, frames: Cursor) -> Cursor:
        """Take the plain frames; the others are returned."""
        heads = records.take_heads() if len(frames) == len(records) else None
        plain = plain_frames(window.view, frames, heads, self._ports, self._keys.fold)
        for datagrams, header in plain.found:
            part = transport.segments_of(datagrams, header, self._keys, self._weird)
            if part:
                window.parts.append(part)
        if plain.vlan is not None:
            window.vlan = np.full(len(records), -1, np.int16)
            window.vlan[frames.record] = plain.vlan
        return plain.rest

    def _packets(self, window: _Window, packets: link.Packets, depth: int) -> None:
        for cursor in packets.ip4:
            self._datagrams(window, network.ip4(window.view, cursor, self._weird), depth)
        for cursor in packets.ip6:
            self._datagrams(window, network.ip6(window.view, cursor, self._keys.fold, self._weird), depth)

    def _datagrams(self, window: _Window, found: Datagrams, depth: int) -> None:
        if found.fragments is not None:
            self.fragmented = True
            for start in range(0, len(found.fragments), _FRAGMENTS):
                some = found.fragments.pick(np.arange(start, min(start + _FRAGMENTS, len(found.fragments))))
                whole = self._reassemble(window, some, found.family)
                if whole:
                    self._whole_datagrams(window, whole, found.family, depth)
        tcp = found.protocol == network.TCP
        mine = found if tcp.all() else found.pick(np.flatnonzero(tcp))
        part = transport.segments(window.view, mine, self._ports, self._keys, self._weird) if len(mine.cursor) else None
        if part:
            window.parts.append(part)
        if mine is not found and (others := tunnels.are_tunnels(found)).any():
            self._tunnels(window, found.pick(others), depth)

    def _tunnels(self, window: _Window, found: Datagrams, depth: int) -> None:
        if self._dns and (asked := udp.datagrams_of(DNS_PORT, window.view, found)):
            window.dns.append(asked)
        inner = tunnels.packets_in(window.view, found, len(window.time), self._weird)
        window.vlan = tunnels.outermost(window.vlan, inner.vlan)
        if not inner.ip4 and not inner.ip6:
            return
        if depth == _MOST_TUNNELS:
            self._weird.nested_too_deep += sum(map(len, inner.ip4 + inner.ip6))
            return
        self._packets(window, inner, depth + 1)

    def _reassemble(self, window: _Window, packets: Cursor, family: int) -> list[_Whole]:
        """The datagrams that these fragments complete."""
        read = _fragment4 if family == 4 else _fragment6
        raw = window.view.buffer.data
        whole = []
        for record, at, end in zip(packets.record.tolist(), packets.at.tolist(), packets.end.tolist(), strict=True):
            found = read(bytes(raw[at:end]), int(window.time[record]))
            if found is None:
                continue
            fragment, protocol, ends = found
            if protocol != network.TCP and not self._is_tunnel(fragment, protocol):
                continue
            payload = self._fragments.add(fragment, self._weird)
            if payload is not None:
                whole.append(_Whole(record, protocol, ends, payload))
        return whole

    def _is_tunnel(self, fragment: Fragment, protocol: int) -> bool:
        """Where ports tell it, only the first fragment can, and it comes first: none but a tunnel's are kept."""
        if protocol == network.UDP and fragment.offset:
            return fragment.key in self._fragments
        return tunnels.is_tunnel(protocol, fragment.data)

    def _whole_datagrams(self, window: _Window, whole: list[_Whole], family: int, depth: int) -> None:
        """Datagrams out of fragments: decoded like all others, as the records of a window of their own, from whose buffer
        the segments are copied."""
        record = np.array([one.record for one in whole])
        raw = np.frombuffer(b"".join([piece for one in whole for piece in (one.ends, one.payload)]) + bytes(PAD), np.uint8)
        both, size = len(whole[0].ends), np.array([len(one.payload) for one in whole])
        stop = np.cumsum(size + both)
        start = stop - size
        ends = np.frombuffer(b"".join([one.ends for one in whole]), "<u4" if family == 4 else "<u8").astype(np.uint64)
        pairs = ends.reshape(len(whole), 2, -1).swapaxes(0, 1)
        folded = pairs[:, :, 0] if family == 4 else np.stack([network.fold(end, self._keys.fold) for end in pairs])
        protocol = np.array([one.protocol for one in whole], np.uint8)
        inner = _window(raw, window.time[record])
        self._datagrams(inner, Datagrams(Cursor(np.arange(len(whole)), start, stop), protocol, stop, start - both, family, folded), depth)
        if inner.vlan is not None:
            tags = np.full(len(window.time), -1, np.int16)
            tags[record] = inner.vlan
            window.vlan = tunnels.outermost(window.vlan, tags)
        for columns, mine in inner.parts:
            _set_aside(columns, raw, inner.aside, window.aside)
            window.parts.append((columns, record[mine]))

    def _finished(self, window: _Window, interface: Ints | None) -> tuple[Columns, Aside]:
        columns = join([part for part, _ in window.parts])
        record = np.concatenate([record for _, record in window.parts])
        _add_record(window, interface, columns, record)
        if len(window.parts) > 1:
            order = np.argsort(record, kind="stable")
            columns, record = columns.pick(order), record[order]
        if self._noting:
            self.record = record
        return columns, window.aside


def _by_link(records: Records, everything: Cursor) -> list[tuple[int, Cursor]]:
    if records.interface is None:
        return [(records.interfaces[0].link_type, everything)]
    links = np.array([interface.link_type for interface in records.interfaces])[records.interface]
    kinds = np.unique(links).tolist()
    if len(kinds) == 1:
        return [(kinds[0], everything)]
    return [(kind, everything.pick(np.flatnonzero(links == kind))) for kind in kinds]


def _add_record(window: _Window, interface: Ints | None, columns: Columns, record: Ints) -> None:
    """Add what belongs to the record: time, VLAN, interface."""
    columns.time = window.time[record]
    columns.vlan = np.full(len(record), -1, np.int16) if window.vlan is None else window.vlan[record]
    columns.interface = np.zeros(len(record), np.int16) if interface is None else interface[record].astype(np.int16)


def _set_aside(columns: Columns, raw: Octets, inner: Aside, aside: Aside) -> None:
    """Move segments in ``raw``, or in what was set aside of it, to what is set aside of the window."""
    data, source = columns.data, columns.source
    columns.data = columns.source = -1 - len(aside.data) - np.arange(len(columns))
    for at, size in zip(data.tolist(), columns.captured.tolist(), strict=True):
        aside.data.append(raw[at : at + size].tobytes() if at >= 0 else inner.data[-1 - at])
    ends = raw[np.maximum(source, 0)[:, None] + np.arange(ENDS)]
    ends[columns.family == 4, 8:] = 0
    ends[source < 0] = inner.ends[-1 - source[source < 0]]
    aside.ends = np.concatenate((aside.ends, ends))


def _fragment4(raw: bytes, time: int) -> tuple[Fragment, int, bytes] | None:
    """An IPv4 fragment, its protocol and its two addresses; None when it can't be one."""
    size = (raw[0] & 15) * 4
    total = int.from_bytes(raw[2:4], "big")
    if not size <= total:
        return None
    field = int.from_bytes(raw[6:8], "big")
    key = raw[12:20] + raw[4:6] + raw[9:10]
    return Fragment(key, (field & 0x1FFF) * 8, raw[size:total], bool(field & 0x2000), time), raw[9], raw[12:20]


def _fragment6(raw: bytes, time: int) -> tuple[Fragment, int, bytes] | None:
    """The same for IPv6."""
    stop = 40 + int.from_bytes(raw[4:6], "big")
    following, at = raw[6], 40
    while following != network.FRAGMENT:
        if at + 8 > len(raw):
            return None
        following, at = raw[at], at + (raw[at + 1] + 1) * 8
    if at + 8 > len(raw):
        return None
    field = int.from_bytes(raw[at + 2 : at + 4], "big")
    key = raw[8:40] + raw[at + 4 : at + 8] + raw[at : at + 1]
    return Fragment(key, field & 0xFFF8, raw[at + 8 : stop], bool(field & 1), time), raw[at], raw[8:40]
