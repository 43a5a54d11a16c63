"""Wireshark's dumpcap as a child process: it holds the privilege and does nothing but capture."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sniffer.live.errors import BadCaptureFilter, CaptureEnded, CaptureForbidden, LiveError, NoDumpcap, NoSuchInterface

SNAPLEN = 262144
_STATISTICS = re.compile(r"Packets received/dropped on interface .*: (\d+)/(\d+)")
_ELSEWHERE = ("/usr/bin", "/usr/sbin", "/usr/local/bin")
_NO_VLAN = "no VLAN support"
_COMPILE_SECONDS = 20.0
_STOP_SECONDS = 5.0
_SAID = 65536
"""Bytes of dumpcap's last words that are looked at."""


@dataclass(frozen=True, slots=True)
class Tally:
    """dumpcap's own count at its end: packets that passed the filter, and those of them that the kernel dropped."""

    received: int
    dropped: int


def find_dumpcap() -> str:
    """Its path. Raises NoDumpcap, or CaptureForbidden where it is installed but this user may not run it."""
    found = shutil.which("dumpcap")
    if found:
        return found
    for folder in (*os.get_exec_path(), *_ELSEWHERE):
        path = Path(folder) / "dumpcap"
        if path.is_file():
            raise CaptureForbidden(str(path))
    raise NoDumpcap


def usable_filter(program: str, interface: str, filters: tuple[str, ...]) -> str:
    """The first of ``filters`` that libpcap takes on this interface (some link types know no VLAN tags).

    Raises NoSuchInterface, CaptureForbidden, BadCaptureFilter: the earliest moment at which these can be known.
    """
    said = _refusal([program, "-i", interface, "-L"])  # opens it; -d alone does not
    if said:
        raise problem(said, program, interface)
    for wanted in filters:
        said = _refusal([program, "-i", interface, "-f", wanted, "-d"])
        if not said:
            return wanted
        if _NO_VLAN not in said:
            break
    raise problem(said, program, interface)


def _refusal(command: list[str]) -> str:
    """What dumpcap says when it refuses; empty when it does not."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=_COMPILE_SECONDS)
    return done.stderr or "it ended without a word" if done.returncode else ""


def problem(said: str, program: str, interface: str) -> LiveError:
    """What dumpcap complains of, as one of our errors."""
    lowered = said.lower()
    if "no device named" in lowered or "no such device exists" in lowered or "no interfaces on which" in lowered:
        return NoSuchInterface(interface)
    if "permission" in lowered or "not permitted" in lowered:
        return CaptureForbidden(program)
    if "valid capture filter" in lowered:
        return BadCaptureFilter(_line(said, "filter") or "libpcap does not take the capture filter")
    return CaptureEnded(f"dumpcap: {_line(said, '') or 'it ended without a word'}")


def _line(said: str, word: str) -> str:
    """The first line that holds ``word`` and is not about what goes well."""
    lines = (line.strip() for line in said.splitlines())
    return next((line for line in lines if word in line and line and not line.startswith(("Capturing on", "File: ", "Packets "))), "")


class Dumpcap:
    """One running capture. ``pipe`` is read to its end; then ``close`` gives the tally."""

    def __init__(self, interface: str, wanted: str, *, program: str, buffer_mib: int, promiscuous: bool = True) -> None:
        """Start it; raises CaptureForbidden when it cannot be run. What it lacks at its start shows when its pipe ends."""
        command = [program, "-q", "-i", interface, "-f", wanted, "-s", str(SNAPLEN), "-B", str(buffer_mib), "-n", "-w", "-"]
        if not promiscuous:
            command.append("-p")
        self.interface = interface
        self._program = program
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 — closed by close()
        try:
            # a session of its own: Ctrl-C at a terminal reaches us alone, and we end it when we are ready
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._said, start_new_session=True
            )
        except PermissionError as error:
            self._said.close()
            raise CaptureForbidden(program) from error
        self._asked = False

    @property
    def pipe(self) -> int:
        """Descriptor of the pcapng stream."""
        assert self._process.stdout is not None
        return self._process.stdout.fileno()

    def stop(self) -> None:
        """Ask it to end: it writes out what it holds. It forgets what comes while it is starting, so ask more than once.
        Safe in a signal handler."""
        self._asked = True
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, whatever it holds."""
        self._asked = True
        self._process.kill()

    def close(self) -> Tally | None:
        """After the pipe's end: its count, once. Raises the LiveError that ended it when nobody asked it to; None when it was
        killed before it could count."""
        if self._said.closed:
            return None
        assert self._process.stdout is not None
        self._process.stdout.close()
        try:
            status = self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        said = self._last_words()
        if not self._asked:
            raise problem(said, self._program, self.interface) if status else CaptureEnded(f"dumpcap: {_line(said, '') or 'it ended'}")
        found = _STATISTICS.search(said)
        return Tally(int(found[1]), int(found[2])) if found else None

    def _last_words(self) -> str:
        with self._said as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _SAID))
            return file.read().decode("utf-8", "replace")
