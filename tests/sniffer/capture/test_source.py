"""Windows of files, pipes and compressed streams."""

from __future__ import annotations

import gzip
import io
import random

import pytest
import zstandard

from sniffer.capture import source as sources
from sniffer.capture.records import PAD

RAW = random.Random(5).randbytes(300_000)


def drain(source, size, step):
    """All bytes of a source, taken ``step`` at a time, and the last window."""
    found = b""
    while True:
        window = source.window(size)
        assert len(window.buffer) >= window.size + PAD
        assert window.base == len(found)
        if window.final:
            return found + bytes(window.buffer[: window.size]), window
        assert window.size >= size
        found += bytes(window.buffer[:step])
        source.consume(step)


@pytest.mark.parametrize(("size", "step"), [(1000, 1000), (4096, 100), (70_000, 69_999), (10**6, 1)])
def test_every_source_gives_the_same_bytes(tmp_path, size, step):
    path = tmp_path / "raw"
    for raw, opened in (
        (RAW[:20_000], RAW[:20_000]),
        (gzip.compress(RAW[:20_000]), RAW[:20_000]),
        (gzip.compress(RAW[:9000]) + gzip.compress(RAW[9000:20_000]), RAW[:20_000]),
        (zstandard.compress(RAW[:9000]) + zstandard.compress(RAW[9000:20_000]), RAW[:20_000]),
    ):
        path.write_bytes(raw)
        with sources.opened(path) as source:
            assert drain(source, size, step)[0] == opened
        assert drain(sources.from_stream(io.BytesIO(raw)), size, step)[0] == opened


def test_a_stream_that_gives_little_at_a_time():
    class Trickle(io.RawIOBase):
        def __init__(self):
            self.at = 0

        def readinto(self, buffer):
            part = RAW[self.at : self.at + min(len(buffer), 37)]
            buffer[: len(part)] = part
            self.at += len(part)
            return len(part)

        def read(self, size=-1):
            part = RAW[self.at : self.at + min(size, 3)]
            self.at += len(part)
            return part

    assert drain(sources.from_stream(Trickle()), 5000, 4000)[0] == RAW


@pytest.mark.parametrize("raw", [gzip.compress(RAW)[:-20_000], zstandard.compress(RAW) + b"junk" * 9])
def test_broken_compression_keeps_what_came_before(raw):
    found, window = drain(sources.from_stream(io.BytesIO(raw)), 10_000, 10_000)
    assert RAW.startswith(found)
    assert len(found) > 100_000
    assert window.broken is not None
    assert window.broken.reason == "damaged_compression"


def test_a_bomb_is_inflated_by_the_window():
    bomb = gzip.compress(bytes(50 << 20))
    source = sources.from_stream(io.BytesIO(bomb))
    assert source.window(1 << 20).size == 1 << 20
