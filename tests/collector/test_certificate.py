from __future__ import annotations

import ssl
import stat
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from collector.certificate import Certificate, CertificateSettings, self_signed
from collector.errors import CertificateError

DAY = 86_400 * 10**9


@dataclass
class SetClock:
    now: int

    def wall(self) -> int:
        return self.now

    def monotonic(self) -> float:
        return self.now / 1e9


@pytest.fixture
def clock() -> SetClock:
    return SetClock(time.time_ns())


def shown(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_self_made_one_is_kept_private_and_used_again(tmp_path: Path, clock: SetClock) -> None:
    settings = CertificateSettings(tmp_path / "made" / "here", ("mx.example.org", "reports.example.org"))
    assert Certificate(settings, clock).self_made
    path = tmp_path / "made" / "here" / "self-made.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    first = shown(path)
    names = first.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    assert names == ["mx.example.org", "reports.example.org"]
    Certificate(settings, clock)
    assert shown(path) == first
    assert [each.name for each in path.parent.iterdir()] == ["self-made.pem"]


def test_self_made_one_is_renewed_before_it_expires(tmp_path: Path, clock: SetClock) -> None:
    certificate = Certificate(CertificateSettings(tmp_path), clock)
    first = shown(tmp_path / "self-made.pem")
    clock.now += 300 * DAY
    assert not certificate.refresh()
    clock.now += 40 * DAY
    assert certificate.refresh()
    second = shown(tmp_path / "self-made.pem")
    assert second.not_valid_after_utc > first.not_valid_after_utc
    assert second.not_valid_before_utc <= datetime.fromtimestamp(clock.now / 1e9, UTC)


def test_damaged_self_made_one_is_made_anew(tmp_path: Path, clock: SetClock) -> None:
    (tmp_path / "self-made.pem").write_bytes(b"half a file")
    assert Certificate(CertificateSettings(tmp_path), clock).self_made
    assert shown(tmp_path / "self-made.pem")


def _own(folder: Path, name: str) -> CertificateSettings:
    (folder / "own.pem").write_bytes(self_signed((name,), datetime.now(UTC) - timedelta(days=1)))
    return CertificateSettings(folder, certificate_file=folder / "own.pem")


def test_own_one_is_loaded_again_when_it_changes_and_kept_when_it_breaks(tmp_path: Path, clock: SetClock) -> None:
    certificate = Certificate(_own(tmp_path, "old.example"), clock)
    assert not certificate.self_made
    assert not certificate.refresh()
    _own(tmp_path, "new.example")
    assert certificate.refresh()
    (tmp_path / "own.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\nhalf")
    with pytest.raises(CertificateError):
        certificate.refresh()
    assert _served_name(certificate.context) == "new.example"


def test_certificate_without_its_key_is_refused(tmp_path: Path, clock: SetClock) -> None:
    one, other = (self_signed((name,), datetime.now(UTC)) for name in ("one.example", "other.example"))
    (tmp_path / "certificate.pem").write_bytes(one)
    (tmp_path / "key.pem").write_bytes(other)
    for key in ("key.pem", "missing.pem"):
        with pytest.raises(CertificateError) as refused:
            Certificate(CertificateSettings(tmp_path, certificate_file=tmp_path / "certificate.pem", key_file=tmp_path / key), clock)
        assert refused.value.reason == "certificate_unusable"
        assert key in str(refused.value)


def test_folder_that_cannot_be_written_is_named(tmp_path: Path, clock: SetClock) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CertificateError, match="self-made"):
        Certificate(CertificateSettings(tmp_path / "file"), clock)


def test_running_listener_shows_the_new_one(tmp_path: Path, start_smtp: Any, certificate: Certificate) -> None:
    intake = start_smtp(certificate_interval=0.05)
    path = tmp_path / "certificate" / "self-made.pem"
    path.write_bytes(self_signed(("renewed.example",), datetime.now(UTC)))
    end = time.monotonic() + 5
    while _offered(intake) != "renewed.example" and time.monotonic() < end:
        time.sleep(0.05)
    assert _offered(intake) == "renewed.example"


def _offered(intake: Any) -> str:
    with intake.connect() as wire:
        wire.reply()
        wire.ask(b"EHLO x")
        wire.ask(b"STARTTLS")
        wire.start_tls()
        return _name(wire.socket.getpeercert(binary_form=True))


def _served_name(context: ssl.SSLContext) -> str:
    """A handshake in memory."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    server_side, client_side = context.wrap_bio(up, down, server_side=True), client.wrap_bio(down, up)
    for _ in range(4):
        for side in (client_side, server_side):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return _name(client_side.getpeercert(binary_form=True) or b"")


def _name(der: bytes) -> str:
    return str(x509.load_der_x509_certificate(der).subject.rfc4514_string()).removeprefix("CN=")
