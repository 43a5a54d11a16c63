"""Records come out of a pipe in time, whole, and in memory that does not grow."""

from __future__ import annotations

import os
import threading
import time

import pytest

from sniffer.errors import CutShort, NotACapture
from sniffer.live.pipe import TimedPipe


@pytest.fixture
def ends():
    reading, writing = os.pipe()
    opened = {reading, writing}

    def close(descriptor):
        if descriptor in opened:
            opened.remove(descriptor)
            os.close(descriptor)

    yield reading, writing, close
    while opened:
        close(next(iter(opened)))


def packets(wire, count, size=60):
    return [wire.enhanced(at, bytes([at % 256]) * size) for at in range(count)]


def test_a_record_comes_out_though_the_window_is_nearly_empty(wire, ends):
    reading, writing, _ = ends
    windows = TimedPipe(reading, 0.1, time.monotonic).windows()
    os.write(writing, wire.section() + wire.interface() + packets(wire, 1)[0])
    began = time.monotonic()
    (records,) = next(windows)
    assert len(records) == 1
    assert time.monotonic() - began < 2
    assert next(windows) == []
    assert next(windows) == []


def test_blocks_cut_anywhere_come_out_once_and_in_order(wire, ends):
    reading, writing, close = ends
    stream = wire.section() + wire.interface() + b"".join(packets(wire, 40))

    def write():
        for at in range(0, len(stream), 37):
            os.write(writing, stream[at : at + 37])
            if at % 5 == 0:
                time.sleep(0.002)
        close(writing)

    writer = threading.Thread(target=write)
    writer.start()
    seen = [int(t) for window in TimedPipe(reading, 0.01, time.monotonic).windows() for records in window for t in records.time]
    writer.join()
    assert [t // 1000 for t in seen] == list(range(40))


def test_a_block_larger_than_the_window_enlarges_it(wire, ends):
    reading, writing, close = ends
    stream = wire.section() + wire.interface() + wire.enhanced(1, bytes(3000)) + wire.enhanced(2, bytes(10))

    def write():
        os.write(writing, stream)
        close(writing)

    writer = threading.Thread(target=write)
    writer.start()
    seen = [len(records) for window in TimedPipe(reading, 0.05, time.monotonic, size=256).windows() for records in window]
    writer.join()
    assert sum(seen) == 2


def test_a_quiet_pipe_keeps_its_buffer(ends, wire):
    reading, writing, _ = ends
    pipe = TimedPipe(reading, 0.0, time.monotonic, size=256)
    windows = pipe.windows()
    os.write(writing, wire.section()[:20])
    for _ in range(50):
        assert next(windows) == []
    assert len(pipe.fill()) < 256 + 256


def test_what_is_no_pcapng_and_what_is_cut_short(wire, ends):
    reading, writing, close = ends
    os.write(writing, wire.section() + wire.interface() + packets(wire, 1)[0][:-3])
    close(writing)
    with pytest.raises(CutShort):
        list(TimedPipe(reading, 0.01, time.monotonic).windows())
    reading, writing = os.pipe()
    os.write(writing, b"not a capture at all")
    os.close(writing)
    with pytest.raises(NotACapture):
        list(TimedPipe(reading, 0.01, time.monotonic).windows())
    os.close(reading)
