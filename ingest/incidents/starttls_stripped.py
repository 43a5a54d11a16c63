"""Rule ``starttls_stripped``: masked offers or commands stand on the wire.

One masked session names its path: no server and no client writes ``XXXXXXXX`` of its own will, and only the verdicts
``stripped_offer`` and ``stripped_command`` count, which the sniffer gives for nothing less. A country takes a few
sessions, and only those whose masking stands between the tap and that country. How grave it is follows from the
counts and the lower bound, so one session of one never reads as "100 %".

Where the tap stands decides who masks (a reply of our own server that arrives masked was masked by our own device):

    direction   masked offer                 masked command
    outbound    between server and tap       between our client and the tap: ours
    inbound     between our server and tap:  between client and tap
                ours
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from ingest.incidents.far_ends import COUNTRY, far_ends
from ingest.incidents.finding import STRIPPING, FarEnds, Finding, Values
from ingest.incidents.groups import earliest, exists, is_, is_not, latest, text_or_none
from ingest.incidents.scene import Key, Scene, key_of
from ingest.incidents.sentence import counted, share_text
from ingest.incidents.severity import graded
from ingest.store.query import COUNT, Row
from ingest.store.schema import FROM_LOG, STRIPPED

RULE = "starttls_stripped"
DECIDED = (is_not("smtp.verdict", "incomplete", "implicit_tls"), is_not("smtp.evidence_words", FROM_LOG))
"""Sessions that could have shown it."""
MASKED = is_("smtp.verdict", *STRIPPED)
OURS = {("inbound", "stripped_offer"), ("outbound", "stripped_command")}
_PATH = ("network.path", "network.direction")
_COUNTRY = (COUNTRY, "network.direction")
_PLACES = {
    ("outbound", "stripped_offer"): "The offer was masked between the server and the tap.",
    ("outbound", "stripped_command"): "Our own client's command reached the tap masked: a device of our own does it.",
    ("inbound", "stripped_offer"): "Our own server's reply reached the tap masked: a device of our own does it.",
    ("inbound", "stripped_command"): "The command was masked between the client and the tap.",
}


def judge(scene: Scene) -> list[Finding]:
    """Findings by path and by the far end's country."""
    return [*_paths(scene), *_countries(scene)]


@dataclass(frozen=True)
class _Masking:
    """The masked sessions of one path or country, in one direction: a row a verdict."""

    rows: list[Row]
    total: int
    direction: str | None

    @cached_property
    def words(self) -> dict[str, int]:
        return {word: sum(row["count"] for row in self.rows if row["smtp.verdict"] == word) for word in STRIPPED}

    @property
    def affected(self) -> int:
        return sum(self.words.values())

    @property
    def ours(self) -> bool:
        """A device of our own explains all of it."""
        return all((self.direction, word) in OURS for word, count in self.words.items() if count)

    @property
    def times(self) -> tuple[datetime, datetime]:
        return earliest(self.rows), latest(self.rows)

    @property
    def where(self) -> dict[str, Values]:
        where: dict[str, Values] = {"smtp.verdict": tuple(word for word, count in self.words.items() if count)}
        return where if self.direction is None else {**where, "network.direction": (self.direction,)}

    def sentence(self, place: str) -> str:
        names = zip(self.words.values(), ("masked offer", "masked command"), strict=True)
        kinds = " and ".join(counted(count, name) for count, name in names if count)
        return f"STARTTLS was masked in {share_text(self.affected, self.total)} {place}: {kinds}."

    @property
    def who(self) -> str:
        seen = (_PLACES.get((self.direction or "", word), "It was masked on the way to the tap.") for word, n in self.words.items() if n)
        return " ".join(dict.fromkeys(seen))


def _paths(scene: Scene) -> list[Finding]:
    masked = _by_key(scene.groups("sessions", (*_PATH, "smtp.verdict"), (MASKED, exists("network.path"))), _PATH)
    if not masked:
        return []
    paths = {str(key[0]) for key in masked}
    rows = scene.groups("sessions", _PATH, DECIDED, among=("network.path", paths), metrics=(COUNT,))
    totals = {key_of(row, _PATH): row["count"] for row in rows}
    far = far_ends(scene, "network.path", paths, (MASKED,))
    return [_path_finding(key, _Masking(rows, totals[key], text_or_none(key[1])), far[key[0], key[-1]]) for key, rows in masked.items()]


def _countries(scene: Scene) -> list[Finding]:
    rows = scene.groups("sessions", (*_COUNTRY, "smtp.verdict"), (*DECIDED, exists(COUNTRY)))
    findings = []
    for key, verdicts in _by_key(rows, _COUNTRY).items():
        masked = [row for row in verdicts if row["smtp.verdict"] in STRIPPED and (key[1], row["smtp.verdict"]) not in OURS]
        masking = _Masking(masked, sum(row["count"] for row in verdicts), text_or_none(key[1]))
        if masking.affected >= scene.settings.country_stripped:
            findings.append(_country_finding(key, masking))
    return findings


def _path_finding(key: Key, masking: _Masking, far: FarEnds) -> Finding:
    path = str(key[0])
    first_seen, last_seen = masking.times
    return Finding(
        rule=RULE,
        scope="path",
        subject=path,
        dataset="sessions",
        where={"network.path": (path,), **masking.where},
        affected=masking.affected,
        total=masking.total,
        first_seen=first_seen,
        last_seen=last_seen,
        severity=graded(masking.affected, masking.total, "high" if masking.ours else "critical"),
        text=f"{masking.sentence(f'on {path}')} {masking.who}",
        tenant=text_or_none(key[-1]),
        direction=masking.direction,
        country=far.country,
        path=path,
        far=far.here if masking.ours else far.elsewhere,
        reported_as=STRIPPING if not masking.ours or masking.direction == "inbound" else (),
    )


def _country_finding(key: Key, masking: _Masking) -> Finding:
    country = str(key[0])
    place = {"inbound": f"from {country}", "outbound": f"to {country}"}.get(masking.direction or "", f"with {country}")
    first_seen, last_seen = masking.times
    return Finding(
        rule=RULE,
        scope="country",
        subject=country,
        dataset="sessions",
        where={COUNTRY: (country,), **masking.where},
        affected=masking.affected,
        total=masking.total,
        first_seen=first_seen,
        last_seen=last_seen,
        severity=graded(masking.affected, masking.total, "critical"),
        text=masking.sentence(place),
        tenant=text_or_none(key[-1]),
        direction=masking.direction,
        country=country,
        far=FarEnds(countries=frozenset({country})),
        reported_as=STRIPPING,
    )


def _by_key(rows: Iterable[Row], fields: tuple[str, ...]) -> dict[Key, list[Row]]:
    found: dict[Key, list[Row]] = defaultdict(list)
    for row in rows:
        found[key_of(row, fields)].append(row)
    return found
