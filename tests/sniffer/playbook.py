"""SMTP sessions as scripts: each line is a turn, ``C text`` or ``S text``; ``|`` stands between the lines of one turn.

``C~ text`` sends without a line end, ``C\\n text`` with bare LF, ``C= 1603…`` raw bytes in hex. Each turn comes a
millisecond after the one before it.
"""

from __future__ import annotations

from collections.abc import Iterable

from sniffer.session import Session, observe
from sniffer.sniff_settings import SniffSettings
from sniffer.stream import Connection, End, StreamHead

START = 1_790_000_000_000_000_000
STEP = 1_000_000
Turns = list[tuple[bool, bytes]]
SETTINGS = SniffSettings()


def turns(script: str) -> Turns:
    """(client speaks, bytes) each."""
    found: Turns = []
    for line in script.strip().splitlines():
        mode, _, text = line.strip().partition(" ")
        side, mode = mode[0], mode[1:]
        data = {
            "": lambda text=text: "".join(f"{part}\r\n" for part in text.split("|")).encode("latin-1"),
            "~": lambda text=text: text.replace("|", "\r\n").encode("latin-1"),
            "\\n": lambda text=text: "".join(f"{part}\n" for part in text.split("|")).encode("latin-1"),
            "=": lambda text=text: bytes.fromhex(text),
        }[mode]()
        found.append((side == "C", data))
    return found


def head(
    said: Iterable[tuple[int, bytes]], end: End = "fin", from_start: bool = True, captured: bool = True, keep: int | None = None
) -> StreamHead:
    """A direction of (time, bytes) pieces; ``keep`` cuts it after so many bytes."""
    data, marks = b"", []
    for at, piece in said:
        marks.append((len(data), at))
        data += piece
    cut = data[:keep]
    kept = tuple(mark for mark in marks if mark[0] < len(cut))
    return StreamHead(cut, kept, from_start, end, len(data), len(marks) + 2, captured)


def connection(
    said: Turns,
    *,
    port: int = 25,
    client_end: End = "fin",
    server_end: End = "fin",
    client_keep: int | None = None,
    server_keep: int | None = None,
    from_start: bool = True,
    client_captured: bool = True,
    server_captured: bool = True,
    reset_by: str | None = None,
) -> Connection:
    """The connection of these turns, as an engine would hand it over."""
    timed = [(START + place * STEP, from_client, data) for place, (from_client, data) in enumerate(said, 1)]
    sides = []
    for is_client, end, keep, captured in (
        (True, client_end, client_keep, client_captured),
        (False, server_end, server_keep, server_captured),
    ):
        pieces = [(at, data) for at, from_client, data in timed if from_client == is_client]
        sides.append(head(pieces if captured else [], end if captured else "open", from_start and captured, captured, keep))
    return Connection(
        "192.0.2.1",
        40000,
        "198.51.100.25",
        port,
        START,
        START + (len(said) + 1) * STEP,
        *sides,
        client_isn=7,
        reset_by=reset_by,  # type: ignore[arg-type]
    )


def session(script: str | Turns, settings: SniffSettings = SETTINGS, **ends: object) -> Session:
    """Observe a script; it has to be mail."""
    said = turns(script) if isinstance(script, str) else script
    found = observe(connection(said, **ends), settings)  # type: ignore[arg-type]
    assert found is not None
    return found


def words(found: Session) -> list[str]:
    """The evidence's words in their order."""
    return [sign.word for sign in found.judgement.evidence]
