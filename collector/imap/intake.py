"""The IMAP intake."""

from __future__ import annotations

from collector.imap.box import ImapBox
from collector.imap.settings import ImapSettings
from collector.in_flight import InFlight
from collector.pickup.intake import PickupIntake
from collector.sink import RecordSink
from ingest.spool.clock import SYSTEM_CLOCK, Clock


def imap_intake(
    settings: ImapSettings, sink: RecordSink, clock: Clock = SYSTEM_CLOCK, *, in_flight: InFlight | None = None
) -> PickupIntake:
    """An intake that empties one IMAP folder. Raises SettingsError for settings that cannot work."""
    settings.check()
    return PickupIntake("imap", lambda: ImapBox.open(settings, clock), settings.pickup, sink, in_flight)
