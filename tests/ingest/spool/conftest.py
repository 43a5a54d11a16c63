"""A disk that is simulated: it counts every call, fails the one it is told to, and forgets on a crash what was not synced."""

from __future__ import annotations

import errno
import itertools
import os
import random
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ingest.spool.limits import SpoolLimits
from ingest.spool.record import SpoolRecord

PAGE = 4096


@dataclass
class Inode:
    """A file's contents as programs see them, and as the platter holds them."""

    data: bytearray = field(default_factory=bytearray)
    durable: bytearray = field(default_factory=bytearray)
    dirty: set[int] = field(default_factory=set)
    last_write: tuple[int, int] = (0, 0)

    def copy(self) -> Inode:
        return Inode(bytearray(self.data), bytearray(self.durable), set(self.dirty), self.last_write)

    def touch(self, start: int, end: int) -> None:
        self.dirty.update(range(start // PAGE, max(end - 1, start) // PAGE + 1))

    def persist(self, pages: set[int], size: int) -> None:
        """Make the named pages durable, and the size; a page that was never made durable reads as zeros."""
        del self.durable[size:]
        self.durable.extend(bytes(size - len(self.durable)))
        for page in pages:
            piece = self.data[page * PAGE : min((page + 1) * PAGE, size)]
            self.durable[page * PAGE : page * PAGE + len(piece)] = piece


class SimulatedDisk:
    """The seam's calls on memory. Names become durable in the order they were changed, as a journal does it."""

    def __init__(self) -> None:
        self.names: dict[Path, Inode] = {}
        self.durable_names: dict[Path, Inode] = {}
        self.journal: list[tuple[str, Path, Path | None]] = []
        self.calls: list[str] = []
        self.fail_at: int | None = None
        self.failure = "EIO"
        self.fail_name: str | None = None
        self.injected = 0
        self.capacity = 1 << 40
        self.before_change = lambda: None
        self._open: dict[int, Inode] = {}
        self._locks: dict[int, int] = {}
        self._numbers = itertools.count(3)
        self._mutex = threading.RLock()

    # ------------------------------------------------------------------ faults

    def fail_next(self, name: str, failure: str = "EIO") -> None:
        """Fail the next call of that name."""
        self.fail_name, self.failure = name, failure

    def _call(self, name: str) -> str | None:
        """Count the call; the failure to inject into it, if it is its turn."""
        self.calls.append(name)
        if name == self.fail_name:
            self.fail_name, self.fail_at = None, len(self.calls) - 1
        if self.fail_at is None or len(self.calls) - 1 != self.fail_at:
            return None
        if self.failure == "short" and name != "write":
            return None
        self.injected += 1
        if self.failure == "short":
            return "short"
        if name == "fdatasync":
            return self.failure
        raise OSError(getattr(errno, self.failure), "injected")

    # ------------------------------------------------------------------ the seam

    def make_folder(self, folder):
        with self._mutex:
            self._call("make_folder")

    def create(self, path):
        with self._mutex:
            self.before_change()
            self._call("create")
            if path in self.names:
                raise FileExistsError(errno.EEXIST, "exists", str(path))
            self.names[path] = Inode()
            self.journal.append(("create", path, None))
            return self._descriptor(self.names[path])

    def open(self, path):
        with self._mutex:
            self._call("open")
            return self._descriptor(self._inode(path))

    def _descriptor(self, inode):
        number = next(self._numbers)
        self._open[number] = inode
        return number

    def _inode(self, path):
        if path not in self.names:
            raise FileNotFoundError(errno.ENOENT, "missing", str(path))
        return self.names[path]

    def close(self, descriptor):
        with self._mutex:
            inode = self._open.pop(descriptor)
            if self._locks.get(id(inode)) == descriptor:
                del self._locks[id(inode)]

    def write(self, descriptor, data):
        with self._mutex:
            self.before_change()
            inode = self._open[descriptor]
            size = len(data)
            if self._call("write") == "short":
                size //= 2
            used = sum(len(found.data) for found in {id(found): found for found in self.names.values()}.values())
            if size and used >= self.capacity:
                raise OSError(errno.ENOSPC, "full")
            size = min(size, self.capacity - used)
            start = len(inode.data)
            inode.data += data[:size]
            inode.touch(start, start + size)
            inode.last_write = (start, start + size)
            return size

    def read(self, descriptor, size, offset):
        with self._mutex:
            self._call("read")
            return bytes(self._open[descriptor].data[offset : offset + size])

    def fdatasync(self, descriptor):
        with self._mutex:
            self.before_change()
            inode = self._open[descriptor]
            failure = self._call("fdatasync")
            pages, inode.dirty = inode.dirty, set()
            if failure:  # Linux: the pages are marked clean and never written; the next fdatasync lies
                raise OSError(getattr(errno, failure), "injected")
            inode.persist(pages, len(inode.data))

    def truncate(self, descriptor, size):
        with self._mutex:
            self.before_change()
            self._call("truncate")
            inode = self._open[descriptor]
            del inode.data[size:]
            inode.dirty = {page for page in inode.dirty if page * PAGE < size} | ({max(size - 1, 0) // PAGE})

    def rename(self, source, target):
        with self._mutex:
            self.before_change()
            self._call("rename")
            self.names[target] = self._inode(source)
            del self.names[source]
            self.journal.append(("rename", source, target))

    def unlink(self, path):
        with self._mutex:
            self.before_change()
            self._call("unlink")
            self._inode(path)
            del self.names[path]
            self.journal.append(("unlink", path, None))

    def list(self, folder):
        with self._mutex:
            self._call("list")
            start = f"{folder}/"  # pathlib's own comparisons are slow, and this runs a hundred thousand times
            inside = ((str(path).removeprefix(start), inode) for path, inode in self.names.items() if str(path).startswith(start))
            return [(name, len(inode.data)) for name, inode in inside if "/" not in name]

    def size(self, path):
        with self._mutex:
            self._call("size")
            return len(self._inode(path).data)

    def sync_folder(self, folder):
        with self._mutex:
            self.before_change()
            self._call("sync_folder")
            self.journal_done(len(self.journal))

    def free(self, folder):
        with self._mutex:
            self._call("free")
            return self.capacity - sum(len(inode.data) for inode in self.names.values())

    def lock(self, descriptor):
        with self._mutex:
            return self._locks.setdefault(id(self._open[descriptor]), descriptor) == descriptor

    def unlock(self, descriptor):
        with self._mutex:
            if self._locks.get(id(self._open[descriptor])) == descriptor:
                del self._locks[id(self._open[descriptor])]

    # ------------------------------------------------------------------ crashes

    def journal_done(self, count):
        """The first ``count`` changes of names are durable."""
        for kind, path, target in self.journal[:count]:
            if kind == "rename":
                if path in self.durable_names:
                    self.durable_names[target] = self.durable_names.pop(path)
            elif kind == "unlink":
                self.durable_names.pop(path, None)
            else:
                self.durable_names[path] = self._created(path)
        del self.journal[:count]

    def _created(self, path):
        """The inode that was made under ``path``, wherever later changes have taken it."""
        at = path
        for kind, source, target in self.journal[[entry[:2] for entry in self.journal].index(("create", path)) :]:
            if kind == "rename" and source == at:
                at = target
            elif kind == "unlink" and source == at:
                return Inode()
        return self.names.get(at, Inode())

    def snapshot(self):
        """This moment, to crash later from."""
        with self._mutex:
            held = SimulatedDisk()
            copies = {id(inode): inode.copy() for names in (self.names, self.durable_names) for inode in names.values()}
            held.names = {path: copies[id(inode)] for path, inode in self.names.items()}
            held.durable_names = {path: copies[id(inode)] for path, inode in self.durable_names.items()}
            held.journal = list(self.journal)
            return held

    def crash(self, variant: str, seed: int) -> SimulatedDisk:
        """The disk after the power failed at this moment.

        ``drop``: nothing unsynced survives. ``pages``: any pages of it, any part of the names. ``torn``: all of it, but of
        the last write to each file only a part. ``names``: all names, nothing of the data ("rename before data").
        ``all``: everything.
        """
        dice = random.Random(seed)
        held = self.snapshot()
        count = {"drop": 0, "pages": dice.randint(0, len(held.journal))}.get(variant, len(held.journal))
        held.journal_done(count)
        after = SimulatedDisk()
        survivors = {}
        for path, inode in held.durable_names.items():
            if id(inode) not in survivors:
                survivors[id(inode)] = Inode(bytearray(_survives(inode, variant, dice)))
            after.names[path] = survivors[id(inode)]
        for path, inode in after.names.items():
            inode.durable = bytearray(inode.data)
            after.durable_names[path] = inode
        return after


def _survives(inode: Inode, variant: str, dice: random.Random) -> bytes:
    if variant == "all":
        return bytes(inode.data)
    if variant == "torn" and inode.dirty:
        start, end = inode.last_write
        return bytes(inode.data[: dice.randint(start, end)])
    if variant == "pages" and inode.dirty:
        kept = {page for page in inode.dirty if dice.random() < 0.5}
        size = dice.choice([len(inode.durable), len(inode.data), dice.randint(*sorted((len(inode.durable), len(inode.data))))])
        inode.persist(kept, size)
    return bytes(inode.durable)


class SteadyClock:
    """A clock that tests move by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.epoch = 1_700_000_000 * 10**9

    def wall(self) -> int:
        return self.epoch

    def monotonic(self) -> float:
        self.now += 1e-6
        return self.now


def make_record(number: int, size: int = 40) -> SpoolRecord:
    body = f"record {number} ".encode() + random.Random(number).randbytes(size)
    return SpoolRecord(way="smtp", content="mail", arrived_at=1_700_000_000_000_000_000 + number, body=body, rcpt_to=("a@example.org",))


@pytest.fixture
def disk():
    return SimulatedDisk()


@pytest.fixture
def simulated():
    """The class, for tests that need many disks."""
    return SimulatedDisk


@pytest.fixture
def clock():
    return SteadyClock()


@pytest.fixture
def record():
    """number, size → a record that says its number."""
    return make_record


@pytest.fixture
def small():
    """Limits that make every path short: segments roll after a few records, nothing waits."""
    return SpoolLimits(segment_bytes=2_000, min_free_bytes=0, probe_seconds=0.0, measure_seconds=0.0, tidy_seconds=0.0, reserve_bytes=512)


@pytest.fixture
def seed():
    return int(os.environ.get("STRIPWATCH_TEST_SEED", "1"))
