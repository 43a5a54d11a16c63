"""From captures to session lines, by the engine that is asked for, and from there into the spool."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from sniffer.engine import Series
from sniffer.errors import CaptureError
from sniffer.lines import SessionLines
from sniffer.networks import Networks
from sniffer.session import session_json
from sniffer.settings import BEGINNING, DnsSettings, EngineSettings, ports_of
from sniffer.sniff_settings import SniffSettings
from sniffer.weird import Weird
from stripwatch.cli.failure import complain
from stripwatch.configuration import Configuration
from stripwatch.site import Site

if TYPE_CHECKING:
    from ingest.spool.record import SpoolRecord, Way
    from ingest.spool.spool import Spool
    from sniffer.tls.trust import TrustStore

GROUP_SESSIONS = 1000
GROUP_BYTES = 8 << 20
Capture = Path | BinaryIO


class Reading:
    """Mail sessions of captures, one capture after the other, as lines of JSON."""

    def __init__(self, site: Site, *, weird: Weird | None = None) -> None:
        """``weird`` counts what was odd in all of them."""
        configuration = site.configuration
        self._settings = sniff_settings(configuration)
        self._engine = engine_settings(configuration)
        self._pyshark = configuration.sniff.engine == "pyshark"
        self._weird = weird if weird is not None else Weird()
        self._line = SessionLines(self._settings)
        self._series = Series(self._engine, self._weird)

    def lines(self, capture: Capture, jobs: int = 1) -> Iterator[bytes]:
        """Each session as it ends; those still open at the capture's end come with a next one that follows it, or as the rest.
        A second job is only used for files, and reads one by itself, as pyshark does.

        Raises CaptureError, or NoTshark, at the end of what could be read.
        """
        if self._pyshark:
            from sniffer.wireshark.engine import read_sessions

            engine = self._engine
            return map(session_json, read_sessions(capture, settings=self._settings, ports=engine.ports, weird=self._weird, dns=engine.dns))
        if jobs > 1 and isinstance(capture, Path):
            from sniffer.jobs import map_connections

            return filter(None, map_connections(capture, self._line, settings=self._engine, weird=self._weird, jobs=jobs))
        return filter(None, map(self._line, self._series.read(capture)))

    def rest(self) -> Iterator[bytes]:
        """Sessions that are still open behind the last capture."""
        return filter(None, map(self._line, self._series.finish()))


def session_lines(site: Site, capture: Capture) -> Iterator[bytes]:
    """Each session of one capture, as ``Reading`` gives them."""
    reading = Reading(site)
    yield from reading.lines(capture)
    yield from reading.rest()


def engine_settings(configuration: Configuration) -> EngineSettings:
    """What the packet engine needs of the configuration."""
    sniff = configuration.sniff
    ports = ports_of(frozenset(sniff.protocols), frozenset(sniff.smtp_ports))
    return EngineSettings(ports=ports, beginning=BEGINNING, dns=DnsSettings() if sniff.dns else None)


def sniff_settings(configuration: Configuration) -> SniffSettings:
    """What the observers need of the configuration; certificates are judged by the system's own roots."""
    sniff = configuration.sniff
    ours = configuration.networks.ours
    return SniffSettings(
        observer_name=sniff.observer,
        protocols=frozenset(sniff.protocols),
        smtp_ports=frozenset(sniff.smtp_ports),
        own_networks=Networks(ours) if ours else None,
        mail_domains=configuration.reports.domains,
        roots=system_roots,
        show_addresses=sniff.keep_addresses,
    )


@cache
def system_roots() -> TrustStore | None:
    """The system's own bundle of roots; None (certificates are not checked) where there is none."""
    import ssl
    import warnings

    from sniffer.tls.trust import TrustStore

    bundle = ssl.get_default_verify_paths().cafile
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of oddities of single roots, which are the system's business
            return TrustStore.from_pem(Path(bundle).read_bytes()) if bundle else None
    except (OSError, ValueError):
        return None


def spool_sessions(site: Site, spool: Spool, lines: Iterable[bytes], name: str, names: dict[str, str], way: Way = "sniffer") -> bool:
    """Sessions to the spool as they end, in groups; False when the capture is damaged (said on stderr in one line).
    The records' ids go to ``names``, with the capture's name."""
    group: list[bytes] = []
    size = 0
    try:
        for line in lines:
            group.append(line)
            size += len(line)
            if len(group) >= GROUP_SESSIONS or size >= GROUP_BYTES:
                names[spool.append(_record(site, group, name, way))] = name
                group, size = [], 0
    except CaptureError as error:
        complain(f"{name}: {error.reason}: {error}")
        return False
    finally:
        if group:
            names[spool.append(_record(site, group, name, way))] = name
    return True


def _record(site: Site, lines: list[bytes], name: str, way: Way) -> SpoolRecord:
    from ingest.spool.record import SpoolRecord

    return SpoolRecord(way=way, content="sessions", arrived_at=site.clock.wall(), body=b"".join(lines), file_path=name)
