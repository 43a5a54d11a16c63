"""A connection to an IMAP server that is safe to log in on, and the login."""

from __future__ import annotations

import socket
import ssl

from imapclient import IMAPClient, SocketTimeout

from collector.errors import BoxError
from collector.imap.failures import translated
from collector.imap.settings import ImapSettings


def connect(settings: ImapSettings) -> IMAPClient:
    """Connect, with TLS as configured, and log in. Raises BoxError; the password is never sent before TLS stands."""
    password = _password(settings)
    context = _context(settings)
    timeout = SocketTimeout(settings.connect_seconds, settings.read_seconds)
    implicit = settings.tls == "implicit"
    with translated("connection_failed"):
        client = IMAPClient(settings.host, settings.true_port, ssl=implicit, ssl_context=context if implicit else None, timeout=timeout)
    try:
        if settings.tls == "starttls":
            _start_tls(client, context)
        with translated("login_failed"):
            client.socket().setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            client.login(settings.user, password)
    except BoxError:
        hang_up(client)
        raise
    return client


def hang_up(client: IMAPClient) -> None:
    """Close without a word; never raises."""
    try:
        client.shutdown()
    except OSError:
        return


def _start_tls(client: IMAPClient, context: ssl.SSLContext) -> None:
    with translated("starttls_refused"):
        if not client.has_capability("STARTTLS"):
            raise BoxError("starttls_not_offered", "the server does not offer STARTTLS, or somebody takes the offer away", patient=True)
        client.starttls(context)


def _context(settings: ImapSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(settings.ca_file.expanduser()) if settings.ca_file else None)
    except (OSError, ssl.SSLError) as error:
        raise BoxError("ca_file_unreadable", f"{settings.ca_file}: {error}", patient=True) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _password(settings: ImapSettings) -> str:
    if settings.password_file is None:
        return settings.password or ""
    try:
        lines = settings.password_file.expanduser().read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BoxError("password_unreadable", f"{settings.password_file}: {error}", patient=True) from error
    if not lines or not lines[0]:
        raise BoxError("password_unreadable", f"{settings.password_file} is empty", patient=True)
    return lines[0]
