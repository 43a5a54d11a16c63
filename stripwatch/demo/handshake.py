"""Real TLS bytes without a network: OpenSSL talks to itself over memory buffers."""

from __future__ import annotations

import ssl
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Turn = tuple[bool, bytes]
"""(True when the client speaks, the bytes it sends at once)."""
PAYLOAD = b"EHLO client.example\r\nMAIL FROM:<>\r\n" + b"x" * 900


@dataclass(frozen=True, slots=True)
class Handshake:
    """A whole encrypted conversation: hello to close, with some application data both ways."""

    turns: tuple[Turn, ...]


@lru_cache(64)
def handshake(server_name: str, version: str, certificate_from: datetime) -> Handshake:
    """A handshake at TLS ``version`` ("1.2", "1.3") with a self-signed certificate for ``server_name``."""
    client_in, server_in = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = _client_context(version).wrap_bio(client_in, server_in, server_hostname=server_name)
    server_out = ssl.MemoryBIO()
    server = _server_context(server_name, version, certificate_from).wrap_bio(server_in, server_out, server_side=True)
    turns: list[Turn] = []
    client_done = server_done = False
    while not (client_done and server_done):
        client_done = client_done or _stepped(client)
        _carry(server_in, turns, True)
        server_done = server_done or _stepped(server)
        _carry(server_out, turns, False, client_in)
    for _ in range(2):
        client.write(PAYLOAD)
        _carry(server_in, turns, True)
        server.write(b"250 2.0.0 Ok\r\n" * 3)
        _carry(server_out, turns, False, client_in)
    return Handshake(tuple(turns))


def _stepped(side: ssl.SSLObject) -> bool:
    try:
        side.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


def _carry(out: ssl.MemoryBIO, turns: list[Turn], from_client: bool, into: ssl.MemoryBIO | None = None) -> None:
    """Note what a side wrote. The client writes straight into the server's buffer, so its bytes are put back."""
    data = out.read()
    if data:
        turns.append((from_client, data))
        (into or out).write(data)


def _client_context(version: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = _VERSIONS[version]
    return context


@lru_cache(64)
def _server_context(server_name: str, version: str, certificate_from: datetime) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = _VERSIONS[version]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "server.pem"
        path.write_bytes(_certificate(server_name, certificate_from))
        context.load_cert_chain(path)
    return context


def _certificate(server_name: str, valid_from: datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, server_name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid_from)
        .not_valid_after(valid_from + timedelta(days=365))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(server_name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private + certificate.public_bytes(serialization.Encoding.PEM)


_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
