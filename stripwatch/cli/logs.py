"""The logs of one import: read one by one, joined when all of them are read."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self

from collector.files import LogFile
from stripwatch.cli.failure import complain
from stripwatch.site import Site

if TYPE_CHECKING:
    from ingest.spool.spool import Spool
    from sniffer.logs.reader import LogReader


class Logs:
    """``observer`` is whom the user names as their sensor; None leaves that to the logs. Nothing is loaded before the
    first log."""

    def __init__(self, site: Site, observer: str | None) -> None:
        self._site = site
        self._observer = observer
        self._reader: LogReader | None = None
        self._paths: list[Path] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._reader is not None:
            self._reader.close()

    def read(self, log: LogFile) -> bool:
        """False when something in it could not be used (said on stderr in one line)."""
        from sniffer.logs.errors import JoinFull

        self._paths.append(log.path)
        try:
            problem = self._read(log.stream, log.path)
        except OSError as error:
            complain(f"{log.path}: {error.strerror or error}")
            return False
        except JoinFull as error:
            complain(f"{log.path}: {error.reason}: {error}")
            return False
        if problem is not None:
            complain(f"{log.path}: {problem}")
        return problem is None

    def _read(self, stream: BinaryIO | None, path: Path) -> str | None:
        self._reader = self._reader or self._open()
        if stream is not None:
            return self._reader.read(stream)
        with path.open("rb") as file:
            return self._reader.read(file)

    def _open(self) -> LogReader:
        from sniffer.logs.limits import LogLimits
        from sniffer.logs.reader import LogReader
        from stripwatch.cli.sniffing import sniff_settings

        return LogReader(replace(sniff_settings(self._site.configuration), observer_name=self._observer), LogLimits())

    def spool(self, spool: Spool, names: dict[str, str]) -> bool:
        """The sessions of all logs into the spool, the records' ids into ``names``; False when they could not be joined."""
        from stripwatch.cli.sniffing import spool_sessions

        if self._reader is None:
            return True
        return spool_sessions(self._site, spool, self._reader.sessions(), self._name, names, "file")

    @property
    def _name(self) -> str:
        """The log, or the folder that holds them all."""
        return str(self._paths[0]) if len(self._paths) == 1 else os.path.commonpath([path.absolute() for path in self._paths])
