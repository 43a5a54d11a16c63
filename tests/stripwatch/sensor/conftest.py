"""A real conversation on loopback, and ``stripwatch sniff -i lo`` as a process that watches it."""

from __future__ import annotations

import shutil
import smtplib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.serving import environ

ANSWERS = {"EHLO": "250-mx.example.org\r\n250-XXXXXXXX\r\n250 SIZE 1000\r\n", "DATA": "354 go on\r\n", "QUIT": "221 bye\r\n"}


class StrippedServer:
    """An SMTP server whose offer is masked, as behind an inspecting firewall. One client at a time."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._listening.accept()
            except OSError:
                return
            with peer, peer.makefile("rwb") as lines:
                self._talk(lines)

    def _talk(self, lines) -> None:
        def say(text: str) -> None:
            lines.write(text.encode())
            lines.flush()

        say("220 mx.example.org ESMTP Postfix\r\n")
        in_message = False
        for line in lines:
            if in_message:
                in_message = line != b".\r\n"
                if not in_message:
                    say("250 ok\r\n")
                continue
            verb = line[:4].decode().upper()
            in_message = verb == "DATA"
            say(ANSWERS.get(verb, "250 ok\r\n"))
            if verb == "QUIT":
                return

    def close(self) -> None:
        self._listening.close()


@pytest.fixture
def server() -> Iterator[StrippedServer]:
    running = StrippedServer()
    yield running
    running.close()


@pytest.fixture
def send(server: StrippedServer) -> Callable[[], None]:
    def call() -> None:
        with smtplib.SMTP("127.0.0.1", server.port) as client:
            client.sendmail("a@sample.example", ["b@example.org"], "Subject: hello\r\n\r\nHello.\r\n")

    return call


@pytest.fixture(scope="session")
def can_capture() -> None:
    program = shutil.which("dumpcap")
    if program is None:
        pytest.skip("live capture: dumpcap is not installed")
    done = subprocess.run([program, "-q", "-i", "lo", "-a", "duration:1", "-w", "/dev/null"], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"live capture: dumpcap may not capture on lo: {done.stderr.strip().splitlines()[-1:]}")


class Sniffing:
    """``sniff -i lo`` from its start to its end; ready when the capture runs."""

    def __init__(self, data: Path, port: int, *arguments: str, **settings: str) -> None:
        env = environ(data, SNIFF_SMTP_PORTS=str(port), SNIFF_OBSERVER="tap", **settings)
        command = [sys.executable, "-m", "stripwatch", "sniff", "-i", "lo", *arguments]
        self.process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.out = self.err = ""
        self._await_ready()

    def _await_ready(self) -> None:
        """The kernel lists a packet socket of ours once dumpcap is at work; a moment later its filter is set."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            done = subprocess.run(["ps", "-ww", "--ppid", str(self.process.pid), "-o", "args="], capture_output=True, text=True)
            if "-w -" in done.stdout:
                time.sleep(1.0)
                return
            time.sleep(0.1)
        self.process.terminate()
        raise AssertionError(f"no capture: {self.process.communicate(timeout=30)}")

    def line(self) -> bytes:
        """The next line of standard output."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def end(self, number: int) -> int:
        """Send a signal, wait, and give the exit status; ``out`` and ``err`` are complete then."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=60)
        self.out, self.err = out.decode(), err.decode()
        return self.process.returncode


@pytest.fixture
def sniff(can_capture: None, server: StrippedServer, tmp_path: Path) -> Iterator[Callable[..., Sniffing]]:
    running: list[Sniffing] = []

    def start(*arguments: str, **settings: str) -> Sniffing:
        running.append(Sniffing(tmp_path / "data", server.port, *arguments, **settings))
        return running[-1]

    yield start
    for one in running:
        if one.process.poll() is None:
            one.end(9)
