"""Real TLS bytes: OpenSSL talks to itself over memory buffers, in every version that it still speaks."""

from __future__ import annotations

import ssl
import tempfile
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Turns = list[tuple[bool, bytes]]
VERSIONS = {"1.0": ssl.TLSVersion.TLSv1, "1.1": ssl.TLSVersion.TLSv1_1, "1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
MADE = datetime(2026, 1, 1, tzinfo=UTC)


class Authority:
    """Makes certificates; signs them itself, or by ``parent``."""

    def __init__(
        self,
        name: str,
        parent: Authority | None = None,
        *,
        ca: bool = True,
        begins: datetime = MADE,
        days: int = 730,
        names: tuple[str, ...] = (),
    ) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(parent.name if parent else self.name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(begins + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), critical=False)
        self.certificate = builder.sign((parent or self).key, hashes.SHA256())
        self.der = self.certificate.public_bytes(serialization.Encoding.DER)
        self.pem = self.certificate.public_bytes(serialization.Encoding.PEM)

    def private_pem(self) -> bytes:
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


@lru_cache(8)
def host(name: str = "mx.example") -> Authority:
    return Authority(name, ca=False, names=(name,))


def server_context(authority: Authority, version: str, ciphers: str = "ALL:@SECLEVEL=0") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(ciphers)
    _set_versions(context, version, version)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "both.pem"
        path.write_bytes(authority.private_pem() + authority.pem)
        context.load_cert_chain(path)
    return context


def _set_versions(context: ssl.SSLContext, lowest: str, highest: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # old versions are what we look for
        context.maximum_version = VERSIONS[highest]
        context.minimum_version = VERSIONS[lowest]


def client_context(version: str | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    _set_versions(context, version or "1.0", "1.3")
    return context


def changed(data: bytes, at: int, mask: int) -> bytes:
    """The bytes with some bits of one turned over."""
    return data[:at] + bytes((data[at] ^ mask,)) + data[at + 1 :] if 0 <= at < len(data) else data


def converse(
    client_side: ssl.SSLContext,
    server_side: ssl.SSLContext,
    server_name: str | None = "mx.example",
    session: ssl.SSLSession | None = None,
    on_the_way: tuple[bool, int, int] | None = None,
) -> tuple[Turns, ssl.SSLSession | None]:
    """Shake hands and exchange a line each way, or fail; (what was said, the session for resumption or None after a failure).
    ``on_the_way``: whose byte (the client's or the server's), which one and which bits of it arrive changed."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    from_client, from_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_side.wrap_bio(to_client, from_client, server_hostname=server_name, session=session)
    server = server_side.wrap_bio(to_server, from_server, server_side=True)
    said: Turns = []
    whose, at, mask = on_the_way or (None, 0, 0)

    def carry() -> None:
        for speaks, source, target in ((True, from_client, to_server), (False, from_server, to_client)):
            if data := source.read():
                begin = sum(len(before) for speaker, before in said if speaker is speaks)
                said.append((speaks, data))
                target.write(changed(data, at - begin, mask) if speaks is whose else data)

    steps: list[Callable[[], object]] = [client.do_handshake, server.do_handshake] * 4
    steps += [lambda: client.write(b"EHLO c\r\n"), lambda: server.read(99), lambda: server.write(b"250 ok\r\n"), lambda: client.read(99)]
    for step in steps:
        try:
            step()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            carry()
            return said, None
        carry()
    try:
        client.do_handshake()
        server.do_handshake()
    except ssl.SSLWantReadError:  # one waits for what the other never meant to say
        return said, None
    return said, client.session


@lru_cache(32)
def handshake(version: str, server_name: str | None = "mx.example", ciphers: str = "ALL:@SECLEVEL=0") -> tuple[tuple[bool, bytes], ...]:
    """A whole conversation at one version."""
    return tuple(converse(client_context(), server_context(host(), version, ciphers), server_name)[0])


def sides(said: Turns | tuple[tuple[bool, bytes], ...]) -> tuple[bytes, bytes]:
    """All bytes of the client, all of the server."""
    return b"".join(data for speaks, data in said if speaks), b"".join(data for speaks, data in said if not speaks)
