"""Rule ``cleartext_after_failure``: a TLS handshake fails, and minutes later the same client mails the same server in
clear.

Breaking the handshake is how an attacker strips a client that falls back (an opportunistic one, RFC 7435). What
counts is ``tls_failed`` followed within the fallback time by a session in which a message went over in clear; the
latter's time says which window it belongs to.
``clear_after_accept`` alone (a decrypting mirror's capture) is no failure and never counts.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

from ingest.incidents.far_ends import COUNTRY, NETWORK
from ingest.incidents.finding import STRIPPING, FarEnds, Finding, Values
from ingest.incidents.groups import is_, is_not, lots, text_or_none
from ingest.incidents.scene import Key, Scene, key_of
from ingest.incidents.sentence import share_text
from ingest.incidents.severity import graded
from ingest.store.protocol import Document, select_all
from ingest.store.query import COUNT, Filter, Selection

RULE = "cleartext_after_failure"
MIRROR = "clear_after_accept"
FAILED = (is_("smtp.verdict", "tls_failed"), is_not("smtp.evidence_words", MIRROR))
CLEAR = (is_("smtp.mail_in_clear", True), is_not("smtp.verdict", "tls_failed"))
_PAIR = ("source.ip", "destination.ip", "network.direction")
_FIELDS = ("@timestamp", *_PAIR, "tenant", COUNTRY, NETWORK)
PAGE = 2_000
Sessions = dict[Key, list[Document]]


def judge(scene: Scene) -> list[Finding]:
    """Findings by pair of hosts."""
    begin = scene.window.begin
    earlier = begin - timedelta(minutes=scene.settings.fallback_minutes)
    wanted = _pairs(scene, earlier, *FAILED) & _pairs(scene, begin, *CLEAR)
    if not wanted:
        return []
    failed = _sessions(scene, wanted, earlier, *FAILED)
    clear = _sessions(scene, wanted, begin, *CLEAR)
    return [finding for key in sorted(wanted, key=str) if (finding := _judge_pair(scene, key, failed[key], clear[key])) is not None]


def _pairs(scene: Scene, since: datetime, *where: Filter) -> set[Key]:
    return {key_of(row, _PAIR) for row in scene.groups("sessions", _PAIR, where, since=since, metrics=(COUNT,))}


def _sessions(scene: Scene, wanted: set[Key], since: datetime, *where: Filter) -> Sessions:
    """The sessions of the wanted pairs, the oldest first."""
    found: Sessions = defaultdict(list)
    for lot in lots(sorted({str(key[0]) for key in wanted})):
        selection = Selection(
            dataset="sessions",
            since=since,
            until=scene.window.end,
            where=(*where, is_("source.ip", *lot)),
            fields=_FIELDS,
            ascending=True,
            limit=PAGE,
        )
        for document in select_all(scene.store, selection):
            found[tuple(document.fields.get(name) for name in (*_PAIR, "tenant"))].append(document)
    return found


def _judge_pair(scene: Scene, key: Key, failed: list[Document], clear: list[Document]) -> Finding | None:
    times = [document.time for document in clear]
    limit = timedelta(minutes=scene.settings.fallback_minutes)
    pairs = [(failure.time, after) for failure in failed if (after := _next(times, failure.time, limit)) is not None]
    return _finding(scene, key, pairs, failed) if pairs else None


def _next(times: list[datetime], failure: datetime, limit: timedelta) -> datetime | None:
    """The first session in clear after a failure, when it is soon enough."""
    place = bisect_right(times, failure)
    return times[place] if place < len(times) and times[place] - failure <= limit else None


def _finding(scene: Scene, key: Key, pairs: list[tuple[datetime, datetime]], failed: list[Document]) -> Finding:
    client, server, direction = str(key[0]), str(key[1]), text_or_none(key[2])
    where: dict[str, Values] = {"source.ip": (client,), "destination.ip": (server,), "smtp.verdict": ("tls_failed",)}
    text = f"TLS failed and mail went over in clear within {scene.settings.fallback_minutes} minutes after"
    far = FarEnds(frozenset(_texts(failed, COUNTRY)), frozenset(_texts(failed, NETWORK)))
    return Finding(
        rule=RULE,
        scope="pair",
        subject=f"{client} → {server}",
        dataset="sessions",
        where=where if direction is None else {**where, "network.direction": (direction,)},
        affected=len(pairs),
        total=len(failed),
        first_seen=_millisecond(pairs[0][0]),
        last_seen=_millisecond(pairs[-1][0]),
        severity=graded(len(pairs), len(failed), "high"),
        text=f"{text} {share_text(len(pairs), len(failed), 'failed handshake')} from {client} to {server}.",
        tenant=text_or_none(key[-1]),
        direction=direction,
        country=far.country,
        far=far,
        reported_as=STRIPPING,
    )


def _millisecond(time: datetime) -> datetime:
    """As figures from a store are."""
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


def _texts(documents: list[Document], name: str) -> Iterator[str]:
    return (document.fields[name] for document in documents if name in document.fields)
