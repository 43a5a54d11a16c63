"""The command line as a user runs it: a process, with a data folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def run(data: Path) -> Run:
    def call(*arguments: str | Path, stdin: bytes | None = None, **environ: str) -> subprocess.CompletedProcess[str]:
        env = {name: value for name, value in os.environ.items() if not name.startswith("STRIPWATCH_")}
        env |= {"STRIPWATCH_DATA_FOLDER": str(data), "STRIPWATCH_PLACES_PACKAGED": "false", **environ}
        done = subprocess.run(
            [sys.executable, "-m", "stripwatch", *map(str, arguments)], input=stdin or b"", capture_output=True, env=env, timeout=90
        )
        out, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        assert "Traceback" not in err, err
        return subprocess.CompletedProcess(done.args, done.returncode, out, err)

    return call
