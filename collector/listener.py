"""Listening sockets, and a watch over the certificate they show."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import socket
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
        raise SettingsError(f"cannot listen on {where}: {_words(error)}") from error


def bind(host: str, port: int) -> list[socket.socket]:
    """Sockets bound to every address of ``host``; the caller listens. Raises SettingsError when one cannot be had."""
    sockets: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in dict.fromkeys(found):
            each = socket.socket(family, kind, protocol)
            sockets.append(each)
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                each.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            each.bind(address)
            each.setblocking(False)
    except (OSError, OverflowError) as error:
        for each in sockets:
            each.close()
        raise SettingsError(f"cannot listen on {host or '*'}:{port}: {_words(error)}") from error
    return sockets


def _words(error: OSError | OverflowError) -> str:
    """The system's own words: asyncio puts the address before them once more."""
    if isinstance(error, OSError) and error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return str(getattr(error, "strerror", None) or error)


def share(unix_path: Path, mode: str, group: str | None) -> None:
    """Give a unix socket its rights: ``mode`` octal, and a group. Raises SettingsError."""
    try:
        if group is not None:
            shutil.chown(unix_path, group=group)
        unix_path.chmod(int(mode, 8))
    except (OSError, LookupError) as error:
        raise SettingsError(f"cannot give {unix_path} to group {group} with mode {mode}: {error}") from error


def bound(server: asyncio.Server) -> tuple[str, int]:
    """Where a server listens: host and port; a unix socket's path and 0."""
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
