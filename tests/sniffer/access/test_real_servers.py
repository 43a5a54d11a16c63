"""POP3 and IMAP as they are: Dovecot, Python's and OpenSSL's clients, and dumpcap on loopback, read by both engines."""

from __future__ import annotations

import contextlib
import imaplib
import poplib
import shutil
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sniffer.engine import read_connections
from sniffer.session import observe, session_record
from sniffer.settings import EngineSettings
from sniffer.sniff_settings import SniffSettings
from sniffer.weird import Weird
from sniffer.wireshark.engine import read_sessions
from tests.dovecot import HAS_POP3, PASSWORD, Dovecot, running_dovecot
from tests.sniffer.handshakes import host

DUMPCAP = shutil.which("dumpcap")
USER = "reader"
MAIL = b"Subject: a mail\r\n\r\nSTLS\r\nXXXX\r\n"
pytestmark = pytest.mark.skipif(DUMPCAP is None or not HAS_POP3, reason="needs dumpcap, dovecot-imapd and dovecot-pop3d")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dovecot]:
    """With a certificate."""
    pem = tmp_path_factory.mktemp("tls") / "host.pem"
    pem.write_bytes(host().private_pem() + host().pem)
    yield from running_dovecot(certificate=pem, pop3=True)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dovecot]:
    """Without one, so that it offers nothing."""
    yield from running_dovecot(pop3=True)


@dataclass
class Wiretap:
    """What dumpcap writes while sessions go on."""

    path: Path
    ports: tuple[int, ...]

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        assert DUMPCAP
        wanted = " or ".join(f"tcp port {port}" for port in self.ports)
        running = subprocess.Popen([DUMPCAP, "-q", "-i", "lo", "-f", wanted, "-w", str(self.path)], stderr=subprocess.PIPE)
        try:
            deadline = time.monotonic() + 10
            while not self.path.exists() or not self.path.stat().st_size:
                if running.poll() is not None or time.monotonic() > deadline:
                    pytest.skip("dumpcap may not capture on lo here")
                time.sleep(0.05)
            time.sleep(0.3)
            yield
            time.sleep(1)
        finally:
            running.terminate()
            running.communicate(timeout=10)


def settings_of(*servers: Dovecot) -> SniffSettings:
    return SniffSettings(
        protocols=frozenset({"pop3", "imap"}),
        pop3_ports=frozenset(port for one in servers for port in (one.pop3_port, one.pop3s_port)),
        imap_ports=frozenset(port for one in servers for port in (one.port, one.tls_port)),
        implicit_ports=frozenset(port for one in servers for port in (one.pop3s_port, one.tls_port)),
    )


def sessions_of(path: Path, settings: SniffSettings) -> Iterator[list[dict[str, Any]]]:
    """By one engine, then by the other; each in the order of the sessions' beginnings."""
    ports = settings.pop3_ports | settings.imap_ports
    connections = read_connections(path, settings=EngineSettings(ports=ports), weird=Weird())
    packets = [session for connection in connections if (session := observe(connection, settings))]
    engines = [packets]
    if shutil.which("tshark"):
        engines.append(list(read_sessions(path, settings=settings, ports=ports, weird=Weird())))
    for found in engines:
        yield [session_record(session) for session in sorted(found, key=lambda session: session.connection.start)]


def openssl(port: int, protocol: str, farewell: bytes, *options: str) -> None:
    """One session of OpenSSL's own."""
    upgrade = ["-starttls", protocol] if protocol else []
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *upgrade, "-servername", "mx.example", "-quiet", *options]
    subprocess.run(command, input=farewell, capture_output=True, timeout=20, check=False)


def imap_in_clear(port: int) -> None:
    client = imaplib.IMAP4("127.0.0.1", port, timeout=20)
    client.login(USER, PASSWORD)
    client.append("INBOX", "", "", MAIL)
    client.select()
    client.fetch("1", "(BODY[])")
    client.logout()


def pop3_in_clear(port: int) -> None:
    client = poplib.POP3("127.0.0.1", port, timeout=20)
    client.capa()
    client.user(USER)
    client.pass_(PASSWORD)
    client.retr(1)
    client.quit()


def imap_refused(port: int) -> None:
    client = imaplib.IMAP4("127.0.0.1", port, timeout=20)
    with contextlib.suppress(imaplib.IMAP4.error):
        client._simple_command("STARTTLS")
    client.logout()


def pop3_refused(port: int) -> None:
    client = poplib.POP3("127.0.0.1", port, timeout=20)
    with contextlib.suppress(poplib.error_proto):
        client._shortcmd("STLS")
    client.quit()


def distrusting(client: imaplib.IMAP4 | poplib.POP3) -> None:
    """Asks for TLS and turns the certificate down."""
    with contextlib.suppress(ssl.SSLError):
        client.starttls(ssl.create_default_context()) if isinstance(client, imaplib.IMAP4) else client.stls(ssl.create_default_context())
    client.sock.close()


def test_every_kind_of_session(server: Dovecot, bare: Dovecot, tmp_path: Path) -> None:
    tap = Wiretap(
        tmp_path / "lo.pcapng",
        tuple(port for one in (server, bare) for port in (one.port, one.tls_port, one.pop3_port, one.pop3s_port)),
    )
    kinds: list[tuple[str, str, Callable[[], None]]] = [
        ("imap", "tls", lambda: openssl(server.port, "imap", b"a LOGOUT\r\n")),
        ("pop3", "tls", lambda: openssl(server.pop3_port, "pop3", b"QUIT\r\n")),
        ("imap", "tls", lambda: openssl(server.port, "imap", b"a LOGOUT\r\n", "-tls1_2")),
        ("pop3", "tls", lambda: openssl(server.pop3_port, "pop3", b"QUIT\r\n", "-tls1_2")),
        ("imap", "implicit_tls", lambda: openssl(server.tls_port, "", b"a LOGOUT\r\n")),
        ("pop3", "implicit_tls", lambda: openssl(server.pop3s_port, "", b"QUIT\r\n")),
        ("imap", "cleartext_offered", lambda: imap_in_clear(server.port)),
        ("pop3", "cleartext_offered", lambda: pop3_in_clear(server.pop3_port)),
        ("imap", "cleartext_not_offered", lambda: imap_in_clear(bare.port)),
        ("pop3", "cleartext_not_offered", lambda: pop3_in_clear(bare.pop3_port)),
        ("imap", "starttls_refused", lambda: imap_refused(bare.port)),
        ("pop3", "starttls_refused", lambda: pop3_refused(bare.pop3_port)),
        ("imap", "tls_failed", lambda: distrusting(imaplib.IMAP4("127.0.0.1", server.port, timeout=20))),
        ("pop3", "tls_failed", lambda: distrusting(poplib.POP3("127.0.0.1", server.pop3_port, timeout=20))),
    ]
    with tap.listening():
        for _, _, talk in kinds:
            talk()
            time.sleep(0.05)
    for found in sessions_of(tap.path, settings_of(server, bare)):
        told = [(record["event"]["dataset"].removesuffix(".session"), record["smtp"]["verdict"]) for record in found]
        assert told == [(protocol, verdict) for protocol, verdict, _ in kinds]
        assert PASSWORD not in str(found)
        for record in found:
            smtp, verdict = record["smtp"], record["smtp"]["verdict"]
            in_clear = verdict.startswith("cleartext")
            if verdict != "implicit_tls":
                assert smtp["software"] == "Dovecot"
                assert (smtp["auth"]["used_in_clear"], smtp["mail_in_clear"]) == (in_clear, in_clear)
        assert {record["tls"]["version"] for record in found[2:4]} == {"1.2"}
        assert {record["tls"]["server"]["subject"] for record in found[2:4]} == {"CN=mx.example"}
