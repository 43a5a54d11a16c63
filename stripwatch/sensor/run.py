"""One ``sniff -i`` from its start to SIGINT or SIGTERM."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

from ingest.spool.spool import Spool
from sniffer.live.collector_client import CollectorClient
from sniffer.live.dumpcap import Dumpcap, Tally, find_dumpcap, usable_filter
from sniffer.live.errors import LiveError
from sniffer.live.filter import capture_filter
from sniffer.live.relay import Relay
from sniffer.live.watch import WatchCounts, watch
from sniffer.settings import SECOND
from stripwatch.cli.sniffing import engine_settings, sniff_settings
from stripwatch.configuration import Configuration
from stripwatch.sensor.background import Background, Draining, Forwarding, Idle
from stripwatch.sensor.outlets import Outlet, Printed, Spooled
from stripwatch.site import Site

_log = logging.getLogger(__name__)

FLUSH_SECONDS = 1.0
"""A session that ended is out this much later, plus the second in which late packets still count to it."""
REPORT_SECONDS = 60.0
FORWARD = "forward"
"""A sensor's spool in the data folder: apart from the one that a service or we ourselves drain into a store."""
_OWN_DROPS = ("evicted", "above_hole", "fragments_dropped")


@dataclass(frozen=True, slots=True)
class Run:
    """What one run does with its sessions: print them, or with ``collector`` forward them, else store them here."""

    site: Site
    interface: str
    print: bool = False
    collector: str | None = None

    def run(self) -> None:
        """Capture until asked to end. Raises LiveError, CaptureError, SpoolError, and what the store raises at the end."""
        configuration = self.site.configuration
        program = find_dumpcap()
        wanted = usable_filter(program, self.interface, _filters(configuration))
        settings = sniff_settings(configuration)
        with ExitStack() as stack:
            outlet, background = self._parts(stack)
            buffer, every, monotonic = configuration.sniff.buffer_mib, configuration.sniff.count_seconds, self.site.clock.monotonic
            begin = partial(Dumpcap, self.interface, wanted, program=program, buffer_mib=buffer)
            relay = Relay(begin, every, FLUSH_SECONDS, monotonic)
            stack.enter_context(_until_asked(relay))
            background.start()
            stack.callback(background.stop)
            counts = WatchCounts()
            report = Report(self.interface, counts, outlet, monotonic(), hint=_hint(configuration))
            engine = engine_settings(configuration)
            try:
                for lines in watch(relay, settings, engine, counts, self.site.clock.wall):
                    if outlet.take(lines):
                        background.note()
                    report.tick(monotonic(), relay.tally, relay.counted)
            except BaseException:
                relay.abandon()
                raise
            try:
                report.last(relay.close())
            except LiveError:
                report.last(relay.tally)
                raise

    def _parts(self, stack: ExitStack) -> tuple[Outlet, Background]:
        if self.print:
            return Printed(sys.stdout.buffer), Idle()
        site = self.site
        if self.collector is None:
            return Spooled(stack.enter_context(site.spool()), site.clock, self.interface), Draining(site)
        sniff = site.configuration.sniff
        authority = sniff.forward_ca.expanduser() if sniff.forward_ca else None
        client = CollectorClient(self.collector, sniff.forward_token or "", authority=authority)
        site.make_folder()
        folder = site.folders.root / FORWARD
        forwarding = Forwarding(site, client, folder)
        spool = Spool.open(folder, limits=site.configuration.spool, clock=site.clock)
        return Spooled(stack.enter_context(spool), site.clock, self.interface), forwarding


class Report:
    """What the capture did, once a minute and at its end."""

    def __init__(self, interface: str, counts: WatchCounts, outlet: Outlet, now: float, hint: str = "") -> None:
        """``hint``: what is said after the first minute if no mail came in it."""
        self._hint = hint
        self._interface = interface
        self._counts = counts
        self._outlet = outlet
        self._next = now + REPORT_SECONDS
        self._dropped = 0

    def tick(self, now: float, tally: Tally | None, counted: float) -> None:
        """Called often; says something once a minute. The kernel's drops are those ``counted`` by then, on the same clock."""
        if now >= self._next:
            self._next = now + REPORT_SECONDS
            self._say(f"{_dropped(tally)} up to {max(0, now - counted) / 60:.0f} min ago" if tally else "", tally)
            if self._hint and not self._counts.sessions and not self._counts.open:
                _log.warning("%s: no mail so far. %s", self._interface, self._hint)
            self._hint = ""

    def last(self, tally: Tally | None) -> None:
        """The end, with dumpcap's own count."""
        self._say(_dropped(tally), tally)

    def _say(self, more: str, tally: Tally | None = None) -> None:
        counts = self._counts
        own = sum(getattr(counts.weird, name) for name in _OWN_DROPS) + self._outlet.lost
        dropped = own + (tally.dropped if tally else 0)
        odd = "".join(f", {name} {count}" for name, count in counts.weird.nonzero().items())
        _log.log(
            logging.WARNING if dropped > self._dropped else logging.INFO,
            "%s: %d packets, %d sessions, %d connections open, %.1f s behind, %d sessions lost%s%s",
            self._interface,
            counts.packets,
            counts.sessions,
            counts.open,
            counts.behind / SECOND,
            self._outlet.lost,
            more,
            odd,
        )
        self._dropped = dropped


def _dropped(tally: Tally | None) -> str:
    return f", {tally.dropped} of {tally.dropped + tally.received} packets dropped by the kernel" if tally else ""


def _hint(configuration: Configuration) -> str:
    if configuration.sniff.capture_filter:
        return "Does the capture_filter let it pass?"
    if configuration.sniff.tunnels:
        return "Does it pass here?"
    return "Does it pass here? A mirror that comes in tunnels (VXLAN, GRE, ERSPAN) needs --tunnels."


def _filters(configuration: Configuration) -> tuple[str, ...]:
    sniff = configuration.sniff
    engine = engine_settings(configuration)
    if sniff.capture_filter:
        return (sniff.capture_filter,)
    return tuple(capture_filter(engine.ports, dns=engine.dns is not None, tagged=tagged, wrapped=sniff.tunnels) for tagged in (True, False))


@contextmanager
def _until_asked(relay: Relay) -> Iterator[None]:
    """SIGINT and SIGTERM end the capture, and so, through the pipe's end, the run; a second one kills it."""
    before = {number: signal.signal(number, lambda *_: relay.stop()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
