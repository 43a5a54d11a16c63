"""A real Postfix of the tests' own: Debian's package unpacked, not installed; its queue and configuration in one folder.

It listens on loopback, and hands mail for one domain to us by its ``lmtp``, for another by its ``smtp``. Needs root, as
Postfix does; nothing outside its folder is touched, no system user is made, and no other machine is spoken to.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

UNPACKED = Path(__file__).parent.parent / ".cache" / "postfix"
PROGRAMS = UNPACKED / "usr" / "lib" / "postfix" / "sbin"
LIBRARIES = UNPACKED / "usr" / "lib" / "postfix"
OWNER = "mail"
_QUEUES = "active bounce corrupt defer deferred flush hold incoming maildrop pid private public saved trace"

_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
daemon_directory = {programs}
command_directory = {commands}
shlib_directory = {libraries}
meta_directory = {folder}/etc
mail_owner = {owner}
setgid_group = daemon
default_privs = nobody
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
import_environment = MAIL_CONFIG LD_LIBRARY_PATH={libraries}
export_environment = MAIL_CONFIG LD_LIBRARY_PATH
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = sender.example
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
default_database_type = inline
smtpd_recipient_restrictions = permit_mynetworks, reject
smtp_tls_security_level = may
smtp_dns_support_level = disabled
lmtp_dns_support_level = disabled
transport_maps = inline:{{ example.org={lmtp}, dmarc.example.net={smtp} }}
default_transport = error:no other machine
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
"""
_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
postlog unix-dgram n - n - 1 postlogd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000 1 tlsmgr
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
"""


def missing() -> str | None:
    """Why it cannot run here."""
    if os.getuid() != 0:
        return "Postfix starts only as root"
    return None if (PROGRAMS / "master").exists() else "no postfix in .cache (tests/setup.sh unpacks Debian's)"


@dataclass
class Postfix:
    lmtp: str
    """Transport for example.org: ``lmtp:unix:/path`` or ``lmtp:[127.0.0.1]:24``."""
    smtp: str
    """Transport for dmarc.example.net."""
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="sw-postfix-")))
    main: str = ""
    """More lines of main.cf."""
    port: int = 0
    _master: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self._lay_out()
        environment = {"LD_LIBRARY_PATH": str(LIBRARIES), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "MAIL_CONFIG": str(self.folder / "etc")}
        errors = (self.folder / "stderr").open("wb")
        command = [PROGRAMS / "master", "-c", str(self.folder / "etc"), "-d"]
        self._master = subprocess.Popen(command, env=environment, stderr=errors, start_new_session=True)
        deadline = time.monotonic() + 15
        while not self._greets():
            assert self._master.poll() is None and time.monotonic() < deadline, self.log()
            time.sleep(0.1)

    @property
    def group(self) -> int:
        """The process group of all its programs."""
        assert self._master is not None
        return self._master.pid

    def log(self) -> str:
        return "".join(path.read_text() for name in ("stderr", "log") if (path := self.folder / name).exists())

    def close(self) -> None:
        if self._master is not None and self._master.poll() is None:
            os.killpg(self._master.pid, signal.SIGTERM)
            self._master.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _lay_out(self) -> None:
        self.folder.chmod(0o755)
        for name in ("etc", "queue", "data"):
            (self.folder / name).mkdir()
        for name in _QUEUES.split():
            (self.folder / "queue" / name).mkdir()
            if name != "pid":
                shutil.chown(self.folder / "queue" / name, OWNER)
        shutil.chown(self.folder / "data", OWNER)
        main = _MAIN.format(
            folder=self.folder,
            programs=PROGRAMS,
            commands=UNPACKED / "usr" / "sbin",
            libraries=LIBRARIES,
            owner=OWNER,
            lmtp=self.lmtp,
            smtp=self.smtp,
        )
        (self.folder / "etc" / "main.cf").write_text(main + self.main)
        (self.folder / "etc" / "master.cf").write_text(_MASTER.format(port=self.port))

    def _greets(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as probe:
                return probe.recv(3) == b"220"
        except OSError:
            return False
