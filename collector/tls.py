"""asyncio's TLS layer with a smaller read buffer.

The standard one holds 256 KiB for each connection from its first moment: a thousand idle TLS sessions would cost
256 MiB. Made by hand only because both listeners must count a connection *before* its handshake.
"""

from __future__ import annotations

import asyncio
import ssl
from asyncio import sslproto

READ_BUFFER = 32 * 1024
SHUTDOWN_SECONDS = 2


class TlsLayer(sslproto.SSLProtocol):
    """Server side of TLS between a TCP transport and a protocol."""

    max_size = READ_BUFFER

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        protocol: asyncio.Protocol,
        context: ssl.SSLContext,
        waiter: asyncio.Future[None] | None,
        *,
        handshake_seconds: float,
    ) -> None:
        super().__init__(
            loop,
            protocol,
            context,
            waiter,  # type: ignore[arg-type]  # None is what asyncio's own servers pass when nobody waits
            server_side=True,
            ssl_handshake_timeout=handshake_seconds,  # type: ignore[arg-type]  # any number
            ssl_shutdown_timeout=SHUTDOWN_SECONDS,
        )


def tls_version(transport: asyncio.BaseTransport | None) -> str | None:
    """The version in use ("TLSv1.3"), None in clear."""
    tls = transport.get_extra_info("ssl_object") if transport else None
    return tls.version() if tls is not None else None
