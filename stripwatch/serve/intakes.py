"""All ways in that configuration names: started together over one spool and one bound on memory, stopped together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping

from collector.certificate import Certificate, CertificateSettings
from collector.counters import IntakeSnapshot
from collector.errors import SettingsError
from collector.https.intake import HttpsIntake
from collector.imap.intake import imap_intake
from collector.in_flight import InFlight
from collector.maildir import maildir_intake
from collector.pickup.intake import BoxStatus, PickupIntake
from collector.pickup.mends import MENDS
from collector.sink import RecordSink
from collector.smtp.intake import SmtpIntake
from dashboards.sources import HealthCheck
from stripwatch.site import Site

Listening = SmtpIntake | HttpsIntake


class Intakes:
    """``start`` and ``stop`` once each, in one event loop."""

    def __init__(self, site: Site, sink: RecordSink) -> None:
        """Nothing is opened yet."""
        self._site = site
        self._sink = sink
        self._listening: dict[str, Listening] = {}
        self._boxes: dict[str, PickupIntake] = {}

    async def start(self) -> None:
        """Start each. Raises SettingsError for what cannot work; what runs by then is stopped by ``stop``."""
        configuration = self._site.configuration
        in_flight = InFlight(configuration.smtp.in_flight_limit)
        for name, make in self._makers(in_flight):
            try:
                intake = make()
                if isinstance(intake, PickupIntake):
                    self._boxes[name] = intake
                else:
                    self._listening[name] = intake
                await intake.start()
            except SettingsError as error:
                raise SettingsError(f"[{name}] {error}") from error

    async def stop(self) -> None:
        """Take no more, and let what is under way end for a while. Harmless when the start failed half-way."""
        await asyncio.gather(*(intake.stop() for intake in (*self._listening.values(), *self._boxes.values())))

    @property
    def addresses(self) -> dict[str, tuple[str, int]]:
        """Where each listens, by name: smtp, lmtp, https."""
        return {name: intake.address for name, intake in self._listening.items()}

    @property
    def snapshots(self) -> Mapping[str, Callable[[], IntakeSnapshot]]:
        """Each one's counters, by name."""
        return {name: intake.snapshot for name, intake in (*self._listening.items(), *self._boxes.items())}

    @property
    def boxes(self) -> Mapping[str, Callable[[], BoxStatus]]:
        """How those are that empty a box (imap, maildir)."""
        return {name: intake.status for name, intake in self._boxes.items()}

    def checks(self) -> Iterator[HealthCheck]:
        """A line of the health page for each box; one that fails is no reason to call the service unfit."""
        for name, intake in self._boxes.items():
            yield box_check(name, intake.status(), intake.snapshot())

    def _makers(self, in_flight: InFlight) -> Iterator[tuple[str, Callable[[], Listening | PickupIntake]]]:
        configuration, sink, clock = self._site.configuration, self._sink, self._site.clock
        serve, lmtp = configuration.serve, configuration.lmtp.over(configuration.smtp)
        certificate = self._certificate() if serve.smtp or serve.https else None
        if serve.smtp:
            yield "smtp", lambda: SmtpIntake(configuration.smtp, sink, clock, certificate=certificate, in_flight=in_flight)
        if lmtp is not None:
            yield "lmtp", lambda: SmtpIntake(lmtp, sink, clock, in_flight=in_flight)
        if serve.https:
            yield "https", lambda: HttpsIntake(configuration.https, sink, clock, certificate=certificate, in_flight=in_flight)
        if configuration.imap.host:
            yield "imap", lambda: imap_intake(configuration.imap, sink, clock, in_flight=in_flight)
        if configuration.maildir.folder is not None:
            yield "maildir", lambda: maildir_intake(configuration.maildir, sink, clock, in_flight=in_flight)

    def _certificate(self) -> Certificate:
        configuration = self._site.configuration
        folder = self._site.folders.certificates
        folder.mkdir(mode=0o700, exist_ok=True)
        names = (configuration.smtp.hostname,)
        serve = configuration.serve
        return Certificate(CertificateSettings(folder, names, serve.certificate, serve.key), self._site.clock)


def box_check(name: str, status: BoxStatus, snapshot: IntakeSnapshot) -> HealthCheck:
    """One box as a line of the health page."""
    figures = (("mails taken", str(snapshot.accepted)), ("mails left", str(status.left)))
    if status.state == "failing":
        mend = MENDS.get(status.reason or "", "it is tried again by itself")
        return HealthCheck(name, "warning", f"{status.reason}: {status.says}", f"{mend} ([{name}])", figures)
    if status.state == "opening":
        return HealthCheck(name, "warning", "not opened yet", "wait a little", figures)
    if status.left:
        mend = f"look at them in the box; [{name}] size_limit can be raised"
        return HealthCheck(name, "warning", f"{status.left} mails cannot be taken and were left", mend, figures)
    return HealthCheck(name, "ok", status.says, "", figures)
