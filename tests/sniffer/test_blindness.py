"""No alarm from our own blindness: every damage of bench/damage.py, at a size for each commit (`make soak` takes more)."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.blindness import Judgement, made, truth_of
from bench.damage import DAMAGES, Frame, damaged, read_frames, segment_of, write_frames
from sniffer.engine import read_connections
from sniffer.session import observe, session_record
from sniffer.settings import EngineSettings
from sniffer.sniff_settings import SniffSettings
from sniffer.weird import Weird

SESSIONS = 250


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("blindness"), SESSIONS, 3)


@pytest.fixture(scope="module")
def judged(capture: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[list[Frame]], Judgement]:
    """What is said of these frames, beside the truth."""
    truth, folder = truth_of(capture), tmp_path_factory.mktemp("damaged")

    def records(path: Path) -> Iterator[dict[str, Any]]:
        for connection in read_connections(io.BytesIO(path.read_bytes()), settings=EngineSettings(), weird=Weird()):
            if session := observe(connection, SniffSettings()):
                yield session_record(session)

    def judge(frames: list[Frame]) -> Judgement:
        path = folder / "damaged.pcap"
        write_frames(path, frames)
        return Judgement(truth, records(path))

    return judge


def test_undamaged_all_is_right(capture: Path, judged: Callable[[list[Frame]], Judgement]) -> None:
    counts = judged(read_frames(capture)).counts
    assert counts["kept"] == counts["sessions"] >= SESSIONS


@pytest.mark.parametrize("name", DAMAGES)
@pytest.mark.parametrize("seed", [1, 2])
def test_damage_never_makes_a_stripped_session(capture: Path, judged: Callable[[list[Frame]], Judgement], name: str, seed: int) -> None:
    judgement = judged(damaged(read_frames(capture), name, seed))
    assert judgement.counts["FALSE"] == 0, dict(judgement.wrong)
    assert judgement.counts["kept"] + judgement.counts["incomplete"] > 0


def test_repeats_that_overlap_change_no_verdict(capture: Path, judged: Callable[[list[Frame]], Judgement]) -> None:
    counts = judged(damaged(read_frames(capture), "overlapping")).counts
    assert (counts["kept"], counts["twice"]) == (counts["sessions"], 0)


def test_a_mask_where_the_truth_has_none_is_told(capture: Path) -> None:
    """The judge itself: the same record is a false alarm or not, by the truth."""
    record = {
        "source": {"ip": "198.18.0.1", "port": 1024},
        "destination": {"ip": "192.0.2.1", "port": 25},
        "smtp": {"verdict": "stripped_offer"},
    }
    ends = ("198.18.0.1", 1024, "192.0.2.1", 25)
    assert Judgement({ends: "masked-offer"}, [record]).counts["kept"] == 1
    assert Judgement({ends: "lookalike-tls"}, [record]).counts["FALSE"] == 1
    assert Judgement({}, [record]).counts["FALSE"] == 1
    assert Judgement({ends: "refused"}, []).counts["unseen"] == 1


def test_losses_have_their_size(capture: Path) -> None:
    frames = read_frames(capture)
    for name, share in (("loss-5%", 0.05), ("loss-20%", 0.2), ("bursts-20%", 0.2)):
        assert abs(1 - len(damaged(frames, name)) / len(frames) - share) < share / 2
    clients = [found.to_server for f in damaged(frames, "clients-only") if (found := segment_of(f.data))]
    assert clients and all(clients)
    assert max(len(frame.data) for frame in damaged(frames, "snaplen-96")) == 96
    assert damaged(frames, "everything", 5) == damaged(frames, "everything", 5)


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_a_hundred_thousand_damaged_sessions_without_a_false_alarm() -> None:
    assert subprocess.run([sys.executable, "-m", "bench.blindness"], check=False).returncode == 0
