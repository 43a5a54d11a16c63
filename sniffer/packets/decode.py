"""Records to columns: the order of the layers, tunnels (RFC 2003, 2784, 4213, 7348) and fragments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sniffer.capture.records import Ints, Records, View
from sniffer.packets import link, network, transport, udp
from sniffer.packets.columns import ENDS, Aside, Columns, Cursor, join, no_aside
from sniffer.packets.fragments import Fragment, FragmentTable
from sniffer.packets.network import Datagrams
from sniffer.packets.plain import plain_frames
from sniffer.settings import DNS_PORT, EngineSettings
from sniffer.weird import Weird

_MOST_TUNNELS = 2
_VXLAN_PORT = 4789
_TUNNELS = (network.IP_IN_IP, network.IPV6_IN_IP, network.GRE, network.UDP)


@dataclass(slots=True)
class _Window:
    """What decoding one window gathers."""

    view: View
    records: Records
    parts: list[tuple[Columns, Ints]]
    aside: Aside
    vlan: npt.NDArray[np.int16] | None = None


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
        window = _Window(View(records.buffer), records, [], no_aside())
        self.dns = []
        self.fragmented = False
        self.record = np.empty(0, np.int64)
        everything = Cursor(np.arange(len(records)), records.at, records.at + records.captured)
        for link_type, mine in _by_link(records, everything):
            if link_type == link.ETHERNET:
                mine = self._plain(window, mine)
            packets = link.packets_of(window.view, mine, link_type, len(records), self._weird)
            if packets.vlan is not None:
                window.vlan = packets.vlan if window.vlan is None else np.maximum(window.vlan, packets.vlan)
            self._packets(window, packets, 0)
        return self._finished(window) if window.parts else None

    def _plain(self, window: _Window, frames: Cursor) -> Cursor:
        """Take the plain frames; the others are returned."""
        heads = window.records.take_heads() if len(frames) == len(window.records) else None
        plain = plain_frames(window.view, frames, heads, self._ports, self._keys.fold)
        for datagrams, header in plain.found:
            part = transport.segments_of(datagrams, header, self._keys, self._weird)
            if part:
                window.parts.append(part)
        if plain.vlan is not None:
            window.vlan = np.full(len(window.records), -1, np.int16)
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
            self._reassemble(window, found.fragments, found.family)
        tcp = found.protocol == network.TCP
        mine = found if tcp.all() else found.pick(np.flatnonzero(tcp))
        part = transport.segments(window.view, mine, self._ports, self._keys, self._weird) if len(mine.cursor) else None
        if part:
            window.parts.append(part)
        if mine is not found and (tunnels := np.isin(found.protocol, _TUNNELS)).any():
            self._tunnels(window, found.pick(tunnels), depth)

    def _tunnels(self, window: _Window, found: Datagrams, depth: int) -> None:
        if self._dns and (asked := udp.datagrams_of(DNS_PORT, window.view, found)):
            self.dns.append(asked)
        cursor, protocol = found.cursor, found.protocol
        inner = link.Packets([cursor.pick(protocol == network.IP_IN_IP)], [cursor.pick(protocol == network.IPV6_IN_IP)])
        ethernet = [_vxlan(window.view, cursor.pick(protocol == network.UDP))]
        ip, bridged = _gre(window.view, cursor.pick(protocol == network.GRE))
        ethernet.append(bridged)
        inner.ip4 += ip.ip4
        inner.ip6 += ip.ip6
        for frames in ethernet:
            if len(frames):
                packets = link.packets_of(window.view, frames, link.ETHERNET, len(window.records), self._weird)
                inner.ip4 += packets.ip4
                inner.ip6 += packets.ip6
        inner.ip4 = [packets for packets in inner.ip4 if len(packets)]
        inner.ip6 = [packets for packets in inner.ip6 if len(packets)]
        if not inner.ip4 and not inner.ip6:
            return
        if depth == _MOST_TUNNELS:
            self._weird.nested_too_deep += sum(map(len, inner.ip4 + inner.ip6))
            return
        self._packets(window, inner, depth + 1)

    def _reassemble(self, window: _Window, packets: Cursor, family: int) -> None:
        read = _fragment4 if family == 4 else _fragment6
        raw = window.view.buffer.data
        times = window.records.time
        for record, at, end in zip(packets.record.tolist(), packets.at.tolist(), packets.end.tolist(), strict=True):
            found = read(bytes(raw[at:end]), int(times[record]))
            if found is None:
                continue
            fragment, ends = found
            payload = self._fragments.add(fragment, self._weird)
            if payload is not None:
                self._whole_datagram(window, record, payload, ends, family)

    def _whole_datagram(self, window: _Window, record: int, payload: bytes, ends: bytes, family: int) -> None:
        """One segment out of fragments: decoded like all others, from a buffer of its own."""
        raw = np.frombuffer(ends + payload + bytes(transport.HEADER), np.uint8)
        view, size, at = View(raw), len(ends) // 2, np.array([len(ends)])
        cursor = Cursor(np.array([record]), at, at + len(payload))
        kind = "<u4" if family == 4 else "<u8"
        words = np.frombuffer(ends, kind).reshape(2, -1).astype(np.uint64)
        folded = words[:, :1] if family == 4 else network.fold(words, self._keys.fold)[:, None]
        found = Datagrams(cursor, np.array([network.TCP], np.uint8), cursor.end, np.zeros(1, np.int64), family, folded)
        part = transport.segments(view, found, self._ports, self._keys, self._weird)
        if part is None:
            return
        columns, records = part
        aside = window.aside
        start = int(columns.data[0])
        row = np.zeros((1, ENDS), np.uint8)
        row[0, : 2 * size] = raw[: 2 * size]
        columns.data[0] = -1 - len(aside.data)
        columns.source[0] = -1 - len(aside.data)
        aside.data.append(bytes(raw[start : len(ends) + len(payload)]))
        aside.ends = np.concatenate((aside.ends, row))
        window.parts.append((columns, records))

    def _finished(self, window: _Window) -> tuple[Columns, Aside]:
        columns = join([part for part, _ in window.parts])
        record = np.concatenate([record for _, record in window.parts])
        _add_record(window, columns, record)
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


def _add_record(window: _Window, columns: Columns, record: Ints) -> None:
    """Add what belongs to the record: time, VLAN, interface."""
    columns.time = window.records.time[record]
    columns.vlan = np.full(len(record), -1, np.int16) if window.vlan is None else window.vlan[record]
    interface = window.records.interface
    columns.interface = np.zeros(len(record), np.int16) if interface is None else interface[record].astype(np.int16)


def _vxlan(view: View, cursor: Cursor) -> Cursor:
    """The Ethernet frames in VXLAN datagrams (RFC 7348): 8 bytes of UDP, 8 of VXLAN."""
    cursor = cursor.pick(cursor.having(16))
    mine = view.column(cursor.at + 2, ">u2") == _VXLAN_PORT
    return cursor.pick(mine).skip(16)


def _gre(view: View, cursor: Cursor) -> tuple[link.Packets, Cursor]:
    """IP packets and Ethernet frames in GRE (RFC 2784, 2890), version 0, without routing."""
    cursor = cursor.pick(cursor.having(16))
    flags = view.column(cursor.at, ">u2").astype(np.int64)
    kind = view.column(cursor.at + 2, ">u2")
    size = 4 + 4 * ((flags >> 15 & 1) + (flags >> 13 & 1) + (flags >> 12 & 1))
    plain = flags & 0x4007 == 0
    inner = cursor.skip(size)
    packets = link.Packets([inner.pick(plain & (kind == 0x0800))], [inner.pick(plain & (kind == 0x86DD))])
    return packets, inner.pick(plain & (kind == 0x6558))


def _fragment4(raw: bytes, time: int) -> tuple[Fragment, bytes] | None:
    """An IPv4 fragment of TCP and its two addresses; None when it is not one."""
    size = (raw[0] & 15) * 4
    total = int.from_bytes(raw[2:4], "big")
    if raw[9] != network.TCP or not size <= total:
        return None
    field = int.from_bytes(raw[6:8], "big")
    key = raw[12:20] + raw[4:6]
    return Fragment(key, (field & 0x1FFF) * 8, raw[size:total], bool(field & 0x2000), time), raw[12:20]


def _fragment6(raw: bytes, time: int) -> tuple[Fragment, bytes] | None:
    """An IPv6 fragment of TCP and its two addresses; None when it is not one."""
    stop = 40 + int.from_bytes(raw[4:6], "big")
    following, at = raw[6], 40
    while following != network.FRAGMENT:
        if at + 8 > len(raw):
            return None
        following, at = raw[at], at + (raw[at + 1] + 1) * 8
    if at + 8 > len(raw) or raw[at] != network.TCP:
        return None
    field = int.from_bytes(raw[at + 2 : at + 4], "big")
    key = raw[8:40] + raw[at + 4 : at + 8]
    return Fragment(key, field & 0xFFF8, raw[at + 8 : stop], bool(field & 1), time), raw[8:40]
