"""swaks (Debian's) as the sender: SMTP with STARTTLS, LMTP on TCP and on a unix socket."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(shutil.which("swaks") is None, reason="no swaks (Debian's swaks)")


def swaks(*arguments: str, recipients: str = "reports@example.org") -> str:
    command = ["swaks", "--from", "noreply@sender.example", "--helo", "sender.example", "--to", recipients, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def attached(tmp_path: Path) -> str:
    path = tmp_path / "report.json.gz"
    path.write_bytes(b"\x1f\x8b" + bytes(range(256)))
    return f"@{path}"


def test_smtp_with_starttls(start_smtp: Any, tmp_path: Path) -> None:
    intake = start_smtp()
    talk = swaks(
        "--server", f"127.0.0.1:{intake.address[1]}", "--tls", "--attach-type", "application/tlsrpt+gzip", "--attach", attached(tmp_path)
    )
    assert "~> MAIL FROM:<noreply@sender.example>" in talk
    (found,) = intake.records()
    assert (found.record.way, found.record.helo, found.record.tls_version) == ("smtp", "sender.example", "TLSv1.3")
    assert b"application/tlsrpt+gzip" in found.record.body


def test_lmtp_on_tcp(start_smtp: Any) -> None:
    intake = start_smtp(protocol="lmtp")
    swaks("--server", f"127.0.0.1:{intake.address[1]}", "--protocol", "LMTP", recipients="reports@example.org,b@dmarc.example.net")
    (found,) = intake.records()
    assert (found.record.way, found.record.rcpt_to) == ("lmtp", ("reports@example.org", "b@dmarc.example.net"))


def test_lmtp_on_a_unix_socket(start_smtp: Any, tmp_path: Path) -> None:
    intake = start_smtp(protocol="lmtp", unix_path=tmp_path / "lmtp.sock")
    swaks("--socket", str(tmp_path / "lmtp.sock"), "--protocol", "LMTP")
    (found,) = intake.records()
    assert (found.record.way, found.record.peer_address) == ("lmtp", None)
