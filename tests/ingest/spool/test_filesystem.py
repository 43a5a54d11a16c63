"""The real seam: what the rest relies on the operating system for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.spool.drain_lock import DrainLock
from ingest.spool.durable_file import read_whole, write_durably
from ingest.spool.errors import DrainLocked
from ingest.spool.filesystem import REAL_FILESYSTEM as REAL

ROOT = Path(__file__).resolve().parents[3]


def test_files_are_private_and_names_exclusive(tmp_path):
    REAL.make_folder(tmp_path / "a" / "b")
    REAL.make_folder(tmp_path / "a" / "b")
    path = tmp_path / "a" / "b" / "file"
    descriptor = REAL.create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert not os.get_inheritable(descriptor)
    with pytest.raises(FileExistsError):
        REAL.create(path)
    assert REAL.write(descriptor, b"0123456789") == 10
    REAL.fdatasync(descriptor)
    assert REAL.read(descriptor, 4, 3) == b"3456"
    REAL.truncate(descriptor, 5)
    assert REAL.write(descriptor, b"X") == 1
    REAL.close(descriptor)
    assert path.read_bytes() == b"01234X", "appends at the end, also after a cut"
    assert REAL.size(path) == 6


def test_listing_gives_files_only(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"abc")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert REAL.list(tmp_path) == [("file", 3)]
    assert REAL.list(tmp_path / "missing") == []


def test_a_lock_excludes_other_descriptors_and_dies_with_its_holder(tmp_path):
    path = tmp_path / "file"
    holder, other = REAL.create(path), REAL.open(path)
    assert REAL.lock(holder)
    assert not REAL.lock(other)
    REAL.unlock(holder)
    assert REAL.lock(other)
    REAL.close(other)
    assert REAL.lock(holder)
    REAL.close(holder)


def test_a_written_file_is_whole_or_not_there(tmp_path):
    path = tmp_path / "file"
    (tmp_path / "file.tmp").write_bytes(b"litter of a crash, longer than the content")
    write_durably(REAL, path, b"one")
    write_durably(REAL, path, b"two")
    assert read_whole(REAL, path, 100) == b"two"
    assert read_whole(REAL, path, 2) == b"tw"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
    with pytest.raises(FileNotFoundError):
        read_whole(REAL, tmp_path / "missing", 10)


def test_the_drain_lock_excludes_another_process_and_outlives_nobody(tmp_path):
    code = (
        "import sys; from pathlib import Path; from ingest.spool.drain_lock import DrainLock\n"
        "DrainLock(Path(sys.argv[1])).acquire(); print('held', flush=True); sys.stdin.read()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert child.stdout.readline() == b"held\n"
    with pytest.raises(DrainLocked):
        DrainLock(tmp_path).acquire()
    child.kill()
    child.wait()
    with DrainLock(tmp_path) as lock:
        assert lock.held
        lock.acquire()
    assert not lock.held
