"""Windows to records: what is left over, grown and raised."""

from __future__ import annotations

import io

import pytest

from sniffer.capture import pcap
from sniffer.capture.reader import pcap_records, read_records
from sniffer.capture.source import from_stream
from sniffer.errors import CutShort, NotACapture


def packets(raw, chunk):
    return [
        bytes(part.buffer[at : at + size])
        for part in read_records(from_stream(io.BytesIO(raw)), chunk)
        for at, size in zip(part.at.tolist(), part.captured.tolist(), strict=True)
    ]


@pytest.mark.parametrize("form", ["pcap", "pcapng"])
@pytest.mark.parametrize("chunk", [1, 50, 4096])
def test_records_larger_than_a_window_are_read_whole(wire, form, chunk):
    frames = [(place, bytes([place]) * size) for place, size in enumerate((0, 5000, 1, 60, 262_144))]
    assert packets(getattr(wire, form)(frames), chunk) == [data for _, data in frames]


def test_the_place_of_a_cut_is_told(wire):
    raw = wire.pcap([(1, b"x" * 60), (2, b"y" * 60)])
    with pytest.raises(CutShort, match="at byte 100"):
        packets(raw[:-1], 4096)


def test_reading_up_to_a_place(wire):
    raw = wire.pcap([(place, b"z" * 84) for place in range(50)])
    fmt = pcap.read_header(raw[:24])
    for chunk in (200, 1 << 20):
        source = from_stream(io.BytesIO(raw))
        source.window(24)
        source.consume(24)
        parts = list(pcap_records(source, fmt, chunk, 24 + 2000))
        assert sum(map(len, parts)) == 20
        assert parts[-1].end == 24 + 2000


def test_foreign_bytes(wire):
    with pytest.raises(NotACapture):
        packets(b"GIF89a" + bytes(100), 4096)
