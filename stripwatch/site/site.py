"""The parts of one installation, made from its configuration on demand: what a command doesn't use it doesn't import."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.spool.clock import SYSTEM_CLOCK, Clock
from stripwatch.configuration import Configuration, ConfigurationError
from stripwatch.site.folders import Folders

if TYPE_CHECKING:
    from ingest.dead_letters.folder import DeadLetters
    from ingest.drain.judgement import Judge
    from ingest.enrich.enricher import Enricher
    from ingest.enrich.place import PlaceSource
    from ingest.spool.reader import SpoolReader
    from ingest.spool.spool import Spool
    from ingest.store.protocol import Store


@dataclass(slots=True)
class Site:
    """Makes parts; keeps none. Each method may raise what its part raises, and ConfigurationError for a bad setting."""

    configuration: Configuration
    clock: Clock = field(default=SYSTEM_CLOCK)

    @property
    def folders(self) -> Folders:
        return Folders(self.configuration.data.folder.expanduser())

    def now(self) -> datetime:
        """Now, aware, UTC."""
        return datetime.fromtimestamp(self.clock.wall() / 1e9, UTC)

    def make_folder(self) -> None:
        """The data folder, readable by its owner alone. Raises ConfigurationError when it cannot be made."""
        try:
            self.folders.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise ConfigurationError(f"[data] folder {self.folders.root}: {error.strerror}") from error

    def spool(self) -> Spool:
        from ingest.spool.spool import Spool

        self.make_folder()
        return Spool.open(self.folders.spool, limits=self.configuration.spool, clock=self.clock)

    def reader(self) -> SpoolReader:
        """The one drain's reader. Raises DrainLocked while another process drains."""
        from ingest.spool.reader import SpoolReader

        self.make_folder()
        return SpoolReader.open(self.folders.spool, limits=self.configuration.spool, clock=self.clock)

    def dead_letters(self) -> DeadLetters:
        from ingest.dead_letters.folder import DeadLetters

        self.make_folder()
        return DeadLetters(self.folders.dead_letters, limits=self.configuration.dead_letters)

    def store(self) -> Store:
        """The store, for writing. Raises StoreLocked, StoreDamaged or StoreUnavailable."""
        if self.configuration.store == "elasticsearch":
            from ingest.store.elasticsearch_store.store import ElasticsearchStore

            return ElasticsearchStore(self.configuration.elasticsearch)
        from ingest.store.duckdb_store.store import DuckStore

        self.make_folder()
        settings = self.configuration.duckdb
        return DuckStore(self.folders.duckdb, memory_limit=settings.memory_limit, threads=settings.threads)

    def enricher(self) -> Enricher:
        """Raises ConfigurationError naming the file that cannot be read."""
        from ingest.enrich.enricher import Enricher
        from ingest.enrich.errors import PlaceDataError
        from ingest.enrich.maxmind import MaxMindFiles
        from ingest.enrich.packaged import PackagedPlaces
        from ingest.enrich.prefixes import PrefixTable

        sources: list[PlaceSource] = []
        try:
            table = self.configuration.networks.table
            if table is not None:
                sources.append(PrefixTable.from_csv(_lines(table), str(table)))
            if self.configuration.places.maxmind:
                sources.append(MaxMindFiles([path.expanduser() for path in self.configuration.places.maxmind]))
        except PlaceDataError as error:
            raise ConfigurationError(str(error)) from error
        if self.configuration.places.packaged:
            sources.append(PackagedPlaces())
        return Enricher(sources)

    def judge(self) -> Judge:
        """Decides how far each report is trusted. Raises ConfigurationError for a name server that is no address."""
        from ingest.provenance.dns_resolver import DnsResolver
        from ingest.provenance.judge import MailJudge
        from ingest.provenance.known_keys import KnownKeys
        from ingest.provenance.settings import JudgeSettings

        reports = self.configuration.reports
        try:
            resolver = DnsResolver(reports.nameservers, reports.dns_seconds)
        except ValueError as error:
            raise ConfigurationError(f"[reports] nameservers: {error}") from error
        settings = JudgeSettings(counted=frozenset(reports.counted), domains=reports.domains)
        return MailJudge(resolver, settings, KnownKeys(self.folders.known_keys))

    def tenant_of(self) -> Callable[[str | None], str | None]:
        """Domain → tenant, subdomains included. Sessions (None) belong to a tenant only when there is just one."""
        tenants = {domain.lower().rstrip("."): tenant for domain, tenant in self.configuration.reports.tenants.items()}
        only = next(iter(tenants.values())) if len(set(tenants.values())) == 1 else None

        def tenant(domain: str | None) -> str | None:
            if domain is None:
                return only
            labels = domain.lower().rstrip(".").split(".")
            return next((tenants[name] for i in range(len(labels)) if (name := ".".join(labels[i:])) in tenants), None)

        return tenant


def _lines(path: Path) -> list[str]:
    try:
        return path.expanduser().read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"[networks] table {path}: {error}") from error
