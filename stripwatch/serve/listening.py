"""Private listeners: uvicorn on a loopback address or on a unix socket, inside the service's own event loop."""

from __future__ import annotations

import asyncio
import socket
import stat
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from collector.https.server import GuestServer
from stripwatch.configuration import ConfigurationError


class Listener:
    """One application on one socket. ``start`` and ``stop`` once each."""

    def __init__(self, app: FastAPI, bound: socket.socket) -> None:
        self._socket = bound
        config = uvicorn.Config(
            app, loop="none", lifespan="off", log_level="warning", access_log=False, server_header=False, proxy_headers=False
        )
        self._server = GuestServer(config)
        self._task: asyncio.Task[None] | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, or the socket's path and 0."""
        name = self._socket.getsockname()
        return (name, 0) if isinstance(name, str) else (name[0], name[1])

    async def start(self) -> None:
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        await self._server.listening.wait()

    async def stop(self, seconds: float) -> None:
        """Let requests under way finish for a while."""
        self._server.should_exit = True
        if self._task is not None:
            done, _ = await asyncio.wait([self._task], timeout=seconds)
            if not done:
                self._server.force_exit = True
                await self._task


def tcp_socket(host: str, port: int) -> socket.socket:
    """A listening socket. Raises ConfigurationError when the address cannot be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        bound = socket.socket(family, kind, protocol)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        raise ConfigurationError(f"[serve] dashboard_host {host} port {port}: {error.strerror or error}") from error
    bound.listen(128)
    return bound


def unix_socket(path: Path) -> socket.socket:
    """A listening socket that only its owner may use; what a dead process left there is replaced."""
    if path.exists() and stat.S_ISSOCK(path.stat().st_mode):
        path.unlink()
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    bound.bind(str(path))
    path.chmod(0o600)
    bound.listen(64)
    return bound
