"""Listening sockets, and a watch over the certificate they show."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from collector.certificate import Certificate
from collector.errors import CertificateError, SettingsError

log = logging.getLogger(__name__)


async def listen(factory: Callable[[], asyncio.BaseProtocol], host: str, port: int, unix_path: Path | None, backlog: int) -> asyncio.Server:
    """Listen on a unix socket, or on every address of ``host``. Raises SettingsError when that cannot be had."""
    loop = asyncio.get_running_loop()
    try:
        if unix_path is not None:
            return await loop.create_unix_server(factory, str(unix_path), backlog=backlog)
        return await loop.create_server(factory, host or None, port, backlog=backlog, reuse_address=True)
    except (OSError, OverflowError) as error:
        where = str(unix_path) if unix_path else f"{host or '*'}:{port}"
        raise SettingsError(f"cannot listen on {where}: {error}") from error


def bound(server: asyncio.Server | None) -> tuple[str, int]:
    """Where a server listens; raises RuntimeError before it does."""
    if server is None or not server.sockets:
        raise RuntimeError("not listening")
    name = server.sockets[0].getsockname()
    return (name, 0) if isinstance(name, str) else (name[0], name[1])


class Watch:
    """Looks at a certificate's files now and then: a renewed one is used without a restart."""

    def __init__(self, certificate: Certificate | None, interval: float) -> None:
        self._certificate = certificate
        self._interval = interval
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Watch from now on."""
        if self._certificate is not None:
            self._task = asyncio.create_task(self._run(self._certificate))

    async def stop(self) -> None:
        """Watch no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, certificate: Certificate) -> None:
        while True:
            await asyncio.sleep(self._interval)
            try:
                if certificate.refresh():
                    log.info("certificate loaded again")
            except CertificateError as error:
                log.error("certificate kept as it was: %s", error)
