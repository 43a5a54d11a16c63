"""How the service is: one check a part, with what to do when it is not well."""

from __future__ import annotations

from datetime import date, timedelta

from dashboards.sources import Health, HealthCheck
from ingest.dead_letters.folder import DeadLetters
from ingest.drain.drain import Drain
from ingest.enrich.enricher import Enricher
from ingest.spool.spool import Spool
from stripwatch.alerts.alerter import AlertCounters
from stripwatch.version import VERSION

OLD_DATA = timedelta(days=90)
MIB = 1 << 20


def health(
    spool: Spool, drain: Drain, dead_letters: DeadLetters, enricher: Enricher, today: date, others: tuple[HealthCheck, ...] = ()
) -> Health:
    """Read the parts' own counters; asks nobody over a network. ``others``: intakes that empty a mail box, alerts."""
    checks = (_spool(spool), _drain(drain), _dead_letters(dead_letters), *others, *_places(enricher, today))
    return Health(ready=all(check.state != "error" for check in checks), checks=checks, version=VERSION)


def alerts_check(counters: AlertCounters) -> HealthCheck:
    """Whether those who are to be told of incidents can be."""
    figures = (("messages", str(counters.messages)), ("incidents told", str(counters.told)), ("not taken", str(counters.failures)))
    if counters.failing:
        says = f"{', '.join(counters.failing)} took nothing when asked last"
        return HealthCheck("alerts", "warning", says, "nothing is lost, it is tried again: see [alerts] urls and the network", figures)
    return HealthCheck("alerts", "ok", "everything that was due is told", "", figures)


def _spool(spool: Spool) -> HealthCheck:
    try:
        depth = spool.depth()
    except OSError as error:
        return HealthCheck("spool", "error", f"cannot be read: {error}", "look at the disk and the folder's rights")
    damaged = depth.quarantine_files
    figures = (
        ("records waiting", str(depth.records)),
        ("waiting", f"{depth.bytes / MIB:.1f} MiB"),
        ("full", f"{depth.full:.0%}"),
        ("kept for replay", f"{depth.retired_bytes / MIB:.1f} MiB"),
        ("damaged pieces", str(damaged)),
    )
    level = spool.level()
    if level == "full":
        return HealthCheck("spool", "error", "full: senders are told to come back", "mend the store, or make room on the disk", figures)
    if level == "warn" or damaged:
        says = "more than half full" if level == "warn" else "damaged bytes were set aside"
        return HealthCheck("spool", "warning", says, "look at the store and at quarantine/ in the spool's folder", figures)
    return HealthCheck("spool", "ok", "durable and not crowded", "", figures)


def _drain(drain: Drain) -> HealthCheck:
    counters = drain.counters
    figures = (("records drained", str(counters.records)), ("times the store did not answer", str(counters.store_failures)))
    if counters.last_failure is not None:
        return HealthCheck("store", "error", counters.last_failure, "reports wait in the spool until it answers", figures)
    return HealthCheck("store", "ok", "takes what is drained", "", figures)


def _dead_letters(dead_letters: DeadLetters) -> HealthCheck:
    status = dead_letters.status()
    figures = (
        ("letters", str(status.letters)),
        ("size", f"{status.bytes / MIB:.1f} MiB"),
        ("evicted", str(status.evicted.letters)),
        *sorted((reason, str(count)) for reason, count in status.by_reason.items()),
    )
    if status.evicted.letters:
        return HealthCheck("dead letters", "warning", "over their bound: the oldest went", "raise [dead_letters] total_bytes", figures)
    if status.letters:
        return HealthCheck("dead letters", "warning", f"{status.letters} could not be used", "stripwatch deadletter list", figures)
    return HealthCheck("dead letters", "ok", "everything that came could be used", "", figures)


def _places(enricher: Enricher, today: date) -> list[HealthCheck]:
    checks = []
    for age in enricher.ages():
        figures = (("made", age.built.isoformat() if age.built else "not said"), ("credit", age.credit))
        old = age.built is not None and today - age.built > OLD_DATA
        says = "older than 90 days" if old else "answers"
        mend = "update the package or the files" if old else ""
        checks.append(HealthCheck(f"places: {age.name}", "warning" if old else "ok", says, mend, figures))
    return checks
