"""A real IMAP and POP3 server (Debian's dovecot-imapd, dovecot-pop3d) of the tests' own: its own folder, free ports on
loopback, any user."""

from __future__ import annotations

import contextlib
import imaplib
import os
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

BINARY = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
PASSWORD = "correct-horse"
"""Everybody's: any login name is a user with a mailbox of its own."""
OF_THE_SERVER = {"\\Recent", "$HasAttachment", "$HasNoAttachment"}
HAS_POP3 = BINARY is not None and Path("/usr/lib/dovecot/pop3-login").exists()

_COMMON = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = {protocols}
listen = 127.0.0.1
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
first_valid_uid = 1
first_valid_gid = 1
mail_fsync = never
ssl = {ssl}
{capability}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
{pop3}
"""

_SINCE_2_4 = """
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
{common}
mail_driver = maildir
mail_path = ~/Maildir
auth_allow_cleartext = {clear}
passdb static {{
  password = {password}
}}
userdb static {{
  fields {{
    uid = {uid}
    gid = {gid}
    home = {folder}/mail/%{{user}}
  }}
}}
"""

_BEFORE_2_4 = """
{common}
mail_location = maildir:~/Maildir
disable_plaintext_auth = {no_clear}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
"""

_TLS_SINCE_2_4 = """
ssl_server_cert_file = {pem}
ssl_server_key_file = {pem}
ssl_min_protocol = TLSv1.2
"""

_TLS_BEFORE_2_4 = """
ssl_cert = <{pem}
ssl_key = <{pem}
ssl_min_protocol = TLSv1.2
"""

_POP3 = """
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {port}
  }}
  inet_listener pop3s {{
    port = {tls_port}
  }}
}}
"""


def _is_new(binary: str) -> bool:
    """Of the second of its two languages of configuration."""
    said = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(part) for part in said.split()[0].split(".")[:2]) >= (2, 4)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@dataclass
class Dovecot:
    """Started by ``start``, also again after ``stop``; its mails stay."""

    certificate: Path | None = None
    """PEM with certificate and key: STARTTLS on ``port`` and TLS on ``tls_port``."""
    capability: str = ""
    """What it claims to be able to do instead of the truth; a client keeps to it."""
    clear_login: bool = True
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="sw-dovecot-")))
    port: int = field(default_factory=_free_port)
    tls_port: int = field(default_factory=_free_port)
    pop3: bool = False
    """Also POP3, on ``pop3_port`` and with a certificate on ``pop3s_port``."""
    pop3_port: int = field(default_factory=_free_port)
    pop3s_port: int = field(default_factory=_free_port)
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert BINARY is not None
        me = pwd.getpwuid(os.getuid())
        root = me.pw_uid == 0
        owner = pwd.getpwnam("mail") if root else me  # neither its login nor its mails may be root's
        for name in ("run", "state", "mail"):
            (self.folder / name).mkdir(exist_ok=True)
        self.folder.chmod(0o755)
        if root:
            os.chown(self.folder / "mail", owner.pw_uid, owner.pw_gid)
        new = _is_new(BINARY)
        common = _COMMON.format(
            folder=self.folder,
            protocols="imap pop3" if self.pop3 else "imap",
            pop3=_POP3.format(port=self.pop3_port, tls_port=self.pop3s_port if self.certificate else 0) if self.pop3 else "",
            internal="dovecot" if root else me.pw_name,
            group="dovecot" if root else str(me.pw_gid),
            login="dovenull" if root else me.pw_name,
            ssl="yes" if self.certificate else "no",
            capability=f"imap_capability = {self.capability}" if self.capability else "",
            port=self.port,
            tls_port=self.tls_port if self.certificate else 0,
        )
        if self.certificate:
            common += (_TLS_SINCE_2_4 if new else _TLS_BEFORE_2_4).format(pem=self.certificate)
        text = (_SINCE_2_4 if new else _BEFORE_2_4).format(
            common=common,
            folder=self.folder,
            password=PASSWORD,
            clear="yes" if self.clear_login else "no",
            no_clear="no" if self.clear_login else "yes",
            uid=owner.pw_uid,
            gid=owner.pw_gid,
        )
        (self.folder / "dovecot.conf").write_text(text)
        errors = (self.folder / "stderr").open("wb")
        self._process = subprocess.Popen([BINARY, "-F", "-c", str(self.folder / "dovecot.conf")], stderr=errors, start_new_session=True)
        deadline = time.monotonic() + 15
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 5) as probe:
                    if probe.recv(4) == b"* OK":
                        return
            except OSError:
                pass
            assert self._process.poll() is None, (self.folder / "stderr").read_text()
            assert time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        if self._process is not None:
            group = self._process.pid
            self._process.terminate()
            self._process.wait(20)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGTERM)  # what serves a client outlives the server else
            self._process = None

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass(frozen=True)
class Account:
    """One user's mailbox, as another mail program sees it."""

    server: Dovecot
    user: str

    def client(self) -> imaplib.IMAP4:
        client = imaplib.IMAP4("127.0.0.1", self.server.port, timeout=20)
        if self.server.certificate is not None:
            client.starttls(ssl._create_unverified_context())
        client.login(self.user, PASSWORD)
        return client

    def put(self, *mails: bytes, folder: str = "INBOX", flags: str = "") -> None:
        client = self.client()
        for mail in mails:
            answer, text = client.append(folder, flags, "", mail)
            assert answer == "OK", text
        client.logout()

    def mails(self, folder: str = "INBOX") -> list[tuple[bytes, set[str]]]:
        """Each mail's bytes and flags (but those of the server's own), in order; [] for a folder that is not there."""
        client = self.client()
        try:
            answer, (count,) = client.select(folder, readonly=True)
            if answer != "OK":
                return []
            return [_mail(client, str(number)) for number in range(1, int(count or b"0") + 1)]
        finally:
            client.logout()


def account_on(server: Dovecot) -> Account:
    """A mailbox that no other test uses."""
    return Account(server, f"u{uuid.uuid4().hex[:10]}")


def running_dovecot(**options: Any) -> Iterator[Dovecot]:
    """A server for the length of a fixture. Where there is none the test skips, or fails with STRIPWATCH_REQUIRE_DOVECOT=1."""
    if BINARY is None:
        message = "no dovecot here (Debian's dovecot-imapd)"
        if os.environ.get("STRIPWATCH_REQUIRE_DOVECOT") == "1":
            pytest.fail(message, pytrace=False)
        pytest.skip(message)
    server = Dovecot(**options)
    try:
        server.start()
        yield server
    finally:
        server.close()


def _mail(client: imaplib.IMAP4, number: str) -> tuple[bytes, set[str]]:
    _, answer = client.fetch(number, "(FLAGS)")
    flags = {flag.decode() for flag in imaplib.ParseFlags(answer[0])} - OF_THE_SERVER
    _, answer = client.fetch(number, "(BODY.PEEK[])")
    return answer[0][1], flags
