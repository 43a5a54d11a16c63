"""Opening the file, and telling apart why it does not open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from ingest.store.errors import StoreDamaged, StoreError, StoreLocked, StoreUnavailable

_LOCKED = "could not set lock on file"
_PASSING = ("permission denied", "no space left", "too many open files", "disk quota", "read-only file system", "no such file or directory")


def open_file(path: Path, memory_limit: str, threads: int | None) -> Any:
    """A connection to the file, made when it is not there.

    Raises StoreLocked when another process holds it, StoreUnavailable for what may pass (a full disk, rights),
    StoreDamaged naming the file for everything else: a log that cannot be replayed, a file that is no database.
    """
    config: dict[str, Any] = {
        "memory_limit": memory_limit,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "enable_external_access": False,
    }
    if threads is not None:
        config["threads"] = threads
    try:
        return duckdb.connect(str(path), config=config)
    except (duckdb.Error, RuntimeError) as error:
        raise _opening_error(path, str(error)) from error


def log_path(path: Path) -> Path:
    """DuckDB's write-ahead log beside the file."""
    return path.with_name(path.name + ".wal")


def set_aside(path: Path, mark: str) -> list[Path]:
    """Rename the file and its log to ``name.mark``, so that a new file can be built by replay; where they lie now."""
    return [old.rename(old.with_name(f"{old.name}.{mark}")) for old in (path, log_path(path)) if old.exists()]


def _opening_error(path: Path, text: str) -> StoreError:
    line = text.splitlines()[0] if text else "no reason given"
    lowered = text.lower()
    if _LOCKED in lowered:
        return StoreLocked(f"{path} is held by another process: {line}")
    if any(word in lowered for word in _PASSING):
        return StoreUnavailable(f"{path} cannot be opened: {line}")
    return StoreDamaged(f"{path} cannot be opened, set it and {log_path(path).name} aside and rebuild by replay: {line}")
