"""One life of ``stripwatch serve`` as a child process, for tests that need the real thing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def environ(folder: Path, **settings: str) -> dict[str, str]:
    """An environment with nothing of ours but a data folder and ``settings`` (without the prefix)."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("STRIPWATCH_")}
    ours = {"DATA_FOLDER": str(folder), "PLACES_PACKAGED": "false", **settings}
    return clean | {f"STRIPWATCH_{name}": value for name, value in ours.items()}


LOOPBACK = {
    "SMTP_HOST": "127.0.0.1",
    "SMTP_PORT": "0",
    "SMTP_RECIPIENTS": "example.org",
    "HTTPS_HOST": "127.0.0.1",
    "HTTPS_PORT": "0",
    "SERVE_DASHBOARD_PORT": "0",
    "SERVE_EVALUATE_SECONDS": "0.2",
}


class Serving:
    """Started when made; ``ports`` by part. ``end`` once."""

    def __init__(self, folder: Path, **settings: str) -> None:
        command = [sys.executable, "-m", "stripwatch", "serve"]
        env = environ(folder, **LOOPBACK, **settings)
        self.process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.ports: dict[str, int] = {}
        self.lines: list[str] = []
        self._await_ready()

    def _await_ready(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if line == "ready\n":
                return
            name, _, rest = line.partition(" ")
            if name in ("smtp", "lmtp", "https", "dashboard") and ":" in rest:
                self.ports[name] = int(rest.strip().rsplit(":", 1)[1])
        raise AssertionError("serve did not start:\n" + "".join(self.lines))

    def end(self, number: int) -> int:
        """Send a signal, wait, and give the exit status."""
        self.process.send_signal(number)
        status = self.process.wait(30)
        assert self.process.stdout is not None
        self.lines += self.process.stdout.readlines()
        self.process.stdout.close()
        return status
