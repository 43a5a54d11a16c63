"""Sessions come out as they end, by packets or by the clock; at the stream's end all of them do."""

from __future__ import annotations

import json
import os
import time
from itertools import islice

from sniffer.live.pipe import TimedPipe
from sniffer.live.watch import WatchCounts, watch
from sniffer.settings import SECOND, EngineSettings
from sniffer.sniff_settings import SniffSettings

SETTINGS = SniffSettings()


def talk(wire):
    begun = wire.Dialogue(time=time.time_ns()).open().say(1, b"220 mx ESMTP\r\n")
    return begun.say(0, b"EHLO me\r\n").say(1, b"250-mx\r\n250 STARTTLS\r\n").say(0, b"MAIL FROM:<a@b>\r\n").say(1, b"250 ok\r\n")


def test_an_ended_session_comes_out_without_another_packet(wire):
    reading, writing = os.pipe()
    os.write(writing, wire.pcapng(talk(wire).close().frames))
    counts = WatchCounts()
    batches = watch(TimedPipe(reading, 0.1, time.monotonic), SETTINGS, EngineSettings(), counts, time.time_ns)
    began = time.monotonic()
    (line,) = next(batch for batch in batches if batch)
    assert time.monotonic() - began < 10
    assert json.loads(line)["smtp"]["verdict"] == "cleartext_offered"
    assert (counts.sessions, counts.open) == (1, 0)
    os.close(writing)
    assert [batch for batch in batches if batch] == []
    os.close(reading)


def test_an_open_session_waits_for_silence_by_the_clock(wire):
    reading, writing = os.pipe()
    os.write(writing, wire.pcapng(talk(wire).frames))
    counts = WatchCounts()
    shift = 0
    batches = watch(TimedPipe(reading, 0.01, time.monotonic), SETTINGS, EngineSettings(), counts, lambda: time.time_ns() + shift)
    assert not any(islice(batches, 20))
    assert counts.open == 1
    shift = 400 * SECOND
    assert any(islice(batches, 20))
    assert counts.open == 0
    os.close(writing)
    os.close(reading)


def test_a_clock_set_back_ends_nothing_early(wire):
    reading, writing = os.pipe()
    counts = WatchCounts()
    shift = 3600 * SECOND
    batches = watch(TimedPipe(reading, 0.01, time.monotonic), SETTINGS, EngineSettings(), counts, lambda: time.time_ns() + shift)
    next(batches)
    shift = 0
    next(batches)
    os.write(writing, wire.pcapng(talk(wire).frames))
    assert not any(islice(batches, 20))
    assert counts.open == 1
    os.close(writing)
    assert [len(batch) for batch in batches if batch] == [1]
    os.close(reading)
