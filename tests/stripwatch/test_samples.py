"""The samples' own checkers, on the command as a user runs it. Both engines are compared elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SAMPLES = os.environ.get("STRIPWATCH_SAMPLES")
STRIPWATCH = str(Path(sys.executable).with_name("stripwatch"))

pytestmark = pytest.mark.skipif(not SAMPLES, reason="STRIPWATCH_SAMPLES names no folder of samples")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("checker", ["check_pcaps.py", "check_reports.py"])
def test_every_sample_is_right(checker: str) -> None:
    tool = Path(SAMPLES or "") / "tools" / checker
    done = subprocess.run([sys.executable, tool, "-t", "120", STRIPWATCH], capture_output=True, text=True, timeout=580)
    print(done.stdout)
    assert done.returncode == 0, done.stdout
