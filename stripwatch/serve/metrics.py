"""/metrics: the parts' own counters as Prometheus text, read when asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from collector.counters import IntakeSnapshot
from collector.pickup.intake import BoxStatus
from ingest.dead_letters.folder import DeadLetters
from ingest.documents.arrivals import GRAVEST_FIRST
from ingest.drain.drain import Drain
from ingest.spool.spool import Spool
from stripwatch.alerts.alerter import AlertCounters
from stripwatch.version import VERSION


class ServiceMetrics(Collector):
    """Everything that ``serve`` counts."""

    def __init__(
        self,
        spool: Spool,
        drain: Drain,
        dead_letters: DeadLetters,
        intakes: Mapping[str, Callable[[], IntakeSnapshot]],
        boxes: Mapping[str, Callable[[], BoxStatus]],
        alerts: AlertCounters | None = None,
    ) -> None:
        """``boxes``: those of the intakes that empty a mail box. ``alerts``: None when nobody is to be told."""
        self._spool = spool
        self._drain = drain
        self._dead_letters = dead_letters
        self._intakes = intakes
        self._boxes = boxes
        self._alerts = alerts

    def collect(self) -> Iterator[Metric]:
        info = GaugeMetricFamily("stripwatch_info", "Version of the program.", labels=["version"])
        info.add_metric([VERSION], 1)
        yield info
        yield from self._intake_metrics()
        yield from self._box_metrics()
        yield from self._spool_metrics()
        yield from self._drain_metrics()
        yield from self._alert_metrics()

    def text(self) -> bytes:
        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)

    def _intake_metrics(self) -> Iterator[Metric]:
        accepted = CounterMetricFamily("stripwatch_intake_accepted", "Records made durable and acknowledged.", labels=["intake"])
        volume = CounterMetricFamily("stripwatch_intake_accepted_bytes", "Their bytes.", labels=["intake"])
        refused = CounterMetricFamily("stripwatch_intake_refused", "Refusals by reason.", labels=["intake", "reason"])
        weird = CounterMetricFamily("stripwatch_intake_weird", "Odd behaviour that was survived.", labels=["intake", "name"])
        connections = GaugeMetricFamily("stripwatch_intake_connections", "Connections open.", labels=["intake"])
        in_flight = GaugeMetricFamily("stripwatch_intake_in_flight_bytes", "Bytes being received.", labels=["intake"])
        for name, snapshot_of in self._intakes.items():
            snapshot = snapshot_of()
            accepted.add_metric([name], snapshot.accepted)
            volume.add_metric([name], snapshot.accepted_bytes)
            connections.add_metric([name], snapshot.connections_open)
            in_flight.add_metric([name], snapshot.bytes_in_flight)
            for reason, count in snapshot.refused.items():
                refused.add_metric([name, reason], count)
            for word, count in snapshot.weird.items():
                weird.add_metric([name, word], count)
        yield from (accepted, volume, refused, weird, connections, in_flight)

    def _box_metrics(self) -> Iterator[Metric]:
        watching = GaugeMetricFamily("stripwatch_intake_watching", "1 while the mail box can be used.", labels=["intake"])
        left = GaugeMetricFamily("stripwatch_intake_left", "Mails that lie in the box and cannot be taken.", labels=["intake"])
        for name, status_of in self._boxes.items():
            status = status_of()
            watching.add_metric([name], status.state == "watching")
            left.add_metric([name], status.left)
        yield from (watching, left)

    def _alert_metrics(self) -> Iterator[Metric]:
        if self._alerts is not None:
            yield CounterMetricFamily("stripwatch_alerts_incidents", "Incidents that somebody was told of.", value=self._alerts.told)
            yield CounterMetricFamily("stripwatch_alerts_failures", "Messages that a service did not take.", value=self._alerts.failures)

    def _spool_metrics(self) -> Iterator[Metric]:
        depth = self._spool.depth()
        yield GaugeMetricFamily("stripwatch_spool_pending_records", "Records not drained yet.", value=depth.records)
        yield GaugeMetricFamily("stripwatch_spool_pending_bytes", "Their bytes.", value=depth.bytes)
        yield GaugeMetricFamily("stripwatch_spool_full_ratio", "Share of the spool's bound that is used.", value=depth.full)
        oldest = (depth.oldest_arrived_at or 0) / 1e9
        yield GaugeMetricFamily("stripwatch_spool_oldest_timestamp_seconds", "Arrival of the oldest waiting record; 0: none.", value=oldest)
        yield GaugeMetricFamily("stripwatch_spool_retired_bytes", "Kept for replay.", value=depth.retired_bytes)
        yield GaugeMetricFamily("stripwatch_spool_quarantine_files", "Damaged pieces set aside.", value=depth.quarantine_files)
        commits = self._spool.counters
        yield CounterMetricFamily("stripwatch_spool_commits", "Group commits.", value=commits.commits)
        yield CounterMetricFamily("stripwatch_spool_failed_commits", "Group commits that failed.", value=commits.failed_commits)

    def _drain_metrics(self) -> Iterator[Metric]:
        counters = self._drain.counters
        outcomes = CounterMetricFamily("stripwatch_items", "Items drained, each under exactly one outcome.", labels=["outcome"])
        for word in GRAVEST_FIRST:
            outcomes.add_metric([word], counters.outcomes.outcomes[word])
        yield outcomes
        yield CounterMetricFamily("stripwatch_store_failures", "Times the store did not answer the drain.", value=counters.store_failures)
        letters = self._dead_letters.status()
        by_reason = GaugeMetricFamily("stripwatch_dead_letters", "Dead letters kept.", labels=["reason"])
        for reason, count in letters.by_reason.items():
            by_reason.add_metric([reason], count)
        yield by_reason
        yield CounterMetricFamily("stripwatch_dead_letters_evicted", "Dead letters that the bound cost.", value=letters.evicted.letters)
