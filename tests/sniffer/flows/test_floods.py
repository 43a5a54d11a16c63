"""Floods, streamed into the command line: memory stays under the cap, and real sessions are judged rightly right after.

`make soak` takes them at full size: ten million SYNs, a million half-open connections, 100,000 holes of 1 GiB.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.floods import FLOODS, RATE, Outcome, ordinary_mail, run, sessions_after
from sniffer.settings import EngineSettings

CAP = EngineSettings().flow_memory >> 20


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The reader with ordinary mail only: the baseline."""
    return run(iter(()), ordinary_mail(tmp_path_factory.mktemp("ordinary")))


def withstood(name: str, share: float, alone: Outcome, folder: Path) -> None:
    flood = FLOODS[name]
    count = int(flood.count * share)
    found = run(flood.made(count), sessions_after(count * flood.packets_each / RATE, folder))
    assert found.right, dict(found.judgement.counts)
    assert 0 < found.peak <= alone.peak + CAP


@pytest.mark.parametrize("name", FLOODS)
def test_a_small_flood(name: str, alone: Outcome, tmp_path: Path) -> None:
    withstood(name, 0.01, alone, tmp_path)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", FLOODS)
def test_a_whole_flood(name: str, alone: Outcome, tmp_path: Path) -> None:
    withstood(name, 1.0, alone, tmp_path)
