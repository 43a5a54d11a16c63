import threading
from pathlib import Path

import pytest

from ingest.spool.errors import DrainLocked
from ingest.spool.reader import SpoolReader
from ingest.store.errors import StoreLocked
from stripwatch.serve import pipeline


def test_a_lock_that_is_held_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    first = SpoolReader.open(tmp_path)
    timer = threading.Timer(0.5, first.close)
    timer.start()
    second = pipeline._awaited(lambda: SpoolReader.open(tmp_path), patient=True)
    timer.join()
    second.close()


@pytest.mark.parametrize("locked", [DrainLocked, StoreLocked])
def test_a_lock_that_stays_is_told(locked: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "LOCK_SECONDS", 0.6)
    looks = []

    def held() -> None:
        looks.append(1)
        raise locked("another process has it")

    with pytest.raises(locked):
        pipeline._awaited(held, patient=True)
    assert len(looks) == 4
    with pytest.raises(locked):
        pipeline._awaited(held, patient=False)
    assert len(looks) == 5
