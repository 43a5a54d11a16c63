"""The listeners' certificate: the operator's own from files, else a self-signed one that is kept and renewed.

A self-signed certificate is enough for mail: STARTTLS between servers is opportunistic (RFC 7435), and RFC 8460
section 3 lets reporters deliver despite certificate failures. For HTTPS reporters may ignore them (section 5.4),
but not all do: an operator who wants posted reports brings a real one.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from collector.errors import CertificateError
from ingest.spool.clock import Clock

SELF_MADE_DAYS = 365
RENEW_DAYS = 30
"""A self-made certificate is replaced this long before it expires."""


@dataclass(frozen=True, slots=True)
class CertificateSettings:
    """Where the certificate comes from: both files of the operator's own, or the folder for a self-made one."""

    folder: Path
    """Data folder; ``self-made.pem`` (certificate and key, mode 0600) is kept here."""
    names: tuple[str, ...] = ("localhost",)
    """DNS names of a self-made certificate, the first one is its subject."""
    certificate_file: Path | None = None
    """PEM chain, the server's own certificate first."""
    key_file: Path | None = None
    """PEM key; absent when the certificate file holds it too."""


class Certificate:
    """One TLS context that follows its files: ``refresh`` loads what changed, and running sessions keep what they have."""

    def __init__(self, settings: CertificateSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self.self_made = settings.certificate_file is None
        self.context = _context()
        self._stamp: tuple[tuple[int, int], ...] | None = None
        self.refresh()

    def refresh(self) -> bool:
        """Load the files if they changed, renewing a self-made one in time; True when something was loaded.

        Raises CertificateError and goes on with what was loaded before.
        """
        certificate, key = self._files()
        if self.self_made:
            self._renew(certificate)
        try:
            stamp = tuple((status.st_mtime_ns, status.st_ino) for status in (certificate.stat(), key.stat()))
            if stamp == self._stamp:
                return False
            _context().load_cert_chain(certificate, key)  # a mismatched pair must not touch the live context
            self.context.load_cert_chain(certificate, key)
        except (OSError, ssl.SSLError) as error:
            raise CertificateError(f"cannot use certificate {certificate} with key {key}: {error}") from error
        self._stamp = stamp
        return True

    def _files(self) -> tuple[Path, Path]:
        own = self._settings.certificate_file
        if own is not None:
            return own, self._settings.key_file or own
        made = self._settings.folder / "self-made.pem"
        return made, made

    def _renew(self, path: Path) -> None:
        now = datetime.fromtimestamp(self._clock.wall() / 1e9, UTC)
        if not _still_good(path, now):
            try:
                _write_private(path, self_signed(self._settings.names, now))
            except OSError as error:
                raise CertificateError(f"cannot write the self-made certificate {path}: {error}") from error


def self_signed(names: tuple[str, ...], now: datetime) -> bytes:
    """A fresh P-256 key and a certificate for these DNS names, both PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=SELF_MADE_DAYS))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    return context


def _still_good(path: Path, now: datetime) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        return False
    return certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - timedelta(days=RENEW_DAYS)


def _write_private(path: Path, content: bytes) -> None:
    """Temporary file, fsync, rename: another process never reads half a key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # mkstemp makes it 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
