"""Rule ``certificate_changed``: a server shows a certificate that does not fit it, and is known to show another.

So it looks where somebody answers in the server's stead and leaves STARTTLS alone. A certificate does not fit when it names
neither the MX nor the domain, or is self-signed, in most of the sessions that it could be judged in. Like is compared with
like: sessions whose clients asked the server for the same name (SNI), as one server has many certificates. A server whose
certificates never fitted is not looked at, and what TLS 1.3 hides counts neither for nor against. Whoever keeps the server
may have changed it too: where its own past on the path is all there is to compare with, the severity is medium at most.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from ingest.incidents.finding import MISMATCH, Finding
from ingest.incidents.groups import TIMES, earliest, exists, is_, latest
from ingest.incidents.scene import Key, Scene, key_of
from ingest.incidents.server_memory import (
    ADDRESS,
    PATH,
    SERVER,
    Found,
    History,
    Removal,
    finding,
    gathered,
    histories,
    path_of,
    server_of,
    told_apart,
)
from ingest.incidents.severity import Severity
from ingest.store.query import COUNT, Row

RULE = "certificate_changed"
_CERTIFICATE, _TRUST, _MATCH = "tls.server.hash.sha256", "tls.certificate.trust", "tls.certificate.match"
_ASKED_FOR = "tls.client.server_name"
_SERVER, _PATH = (*SERVER, _ASKED_FOR), (*PATH, _ASKED_FOR)
_SHOWN = exists(_CERTIFICATE)
_MISFITS = (is_(_TRUST, "self_signed"), is_(_MATCH, "neither"))
_FITS = ("mx", "domain")
Certificates = frozenset[str]
"""Their hashes."""


def judge(scene: Scene) -> list[Finding]:
    """Findings by server and path."""
    known = _known(scene)
    unfit = {key: certificates for key, rows in known.items() if (certificates := _unfit(scene, rows))}
    if not unfit:
        return []
    recent, past = _sessions(scene, unfit)
    paths, servers = (histories(_told(recent, by, unfit), _told(past, by, unfit), by) for by in (_PATH, _SERVER))
    found = told_apart(scene, _suspects(scene, paths), paths, servers)
    shown = _shown(found, recent, unfit)
    self_signed = {row[_CERTIFICATE] for rows in known.values() for row in rows if row[_TRUST] == "self_signed"}
    where = is_(_CERTIFICATE, *sorted(frozenset[str]().union(*shown.values())))
    return [_finding(one, shown[one.server.key], self_signed) for one in gathered(scene, found, (where,))]


def _known(scene: Scene) -> dict[Key, list[Row]]:
    """What the servers showed that lately showed a certificate that does not fit, by the name that was asked for."""
    lately = [row for misfit in _MISFITS for row in scene.groups("sessions", SERVER, (_SHOWN, misfit), since=scene.lead_begin)]
    addresses = {str(row[ADDRESS]) for row in lately}
    by = (*_SERVER, _CERTIFICATE, _TRUST, _MATCH)
    rows = scene.groups("sessions", by, (_SHOWN,), among=(ADDRESS, addresses), since=scene.memory_begin, metrics=(COUNT,))
    found: dict[Key, list[Row]] = defaultdict(list)
    for row in rows:
        found[key_of(row, _SERVER)].append(row)
    return found


def _unfit(scene: Scene, rows: Sequence[Row]) -> Certificates:
    """Those of one server that do not fit; none where it did not show enough of them, or not enough others."""
    balance: dict[str, int] = defaultdict(int)
    for row in rows:
        if row[_TRUST] == "self_signed" or row[_MATCH] == "neither":
            balance[row[_CERTIFICATE]] -= row["count"]
        elif row[_MATCH] in _FITS:
            balance[row[_CERTIFICATE]] += row["count"]
    unfit = frozenset(certificate for certificate, rest in balance.items() if rest < 0)
    hits = sum(row["count"] for row in rows if row[_CERTIFICATE] in unfit)
    misses = sum(row["count"] for row in rows) - hits
    return unfit if hits >= scene.settings.min_sample and misses >= scene.settings.min_reference else frozenset()


def _sessions(scene: Scene, unfit: Mapping[Key, Certificates]) -> list[list[Row]]:
    """Sessions of these servers by path, name asked for and certificate: hour by hour, and all before the lead."""
    by, where, among = (*_PATH, _CERTIFICATE), (_SHOWN, exists("network.path")), (ADDRESS, {str(key[0]) for key in unfit})
    recent = scene.groups("sessions", by, where, among=among, since=scene.lead_begin, interval="hour", metrics=TIMES)
    past = scene.groups("sessions", by, where, among=among, since=scene.memory_begin, until=scene.lead_begin, metrics=TIMES)
    return [[row for row in rows if key_of(row, _SERVER) in unfit] for rows in (recent, past)]


def _told(rows: Iterable[Row], by: Sequence[str], unfit: Mapping[Key, Certificates]) -> list[Row]:
    """The rows of all certificates in one, with the metrics ``hits count first last``: a hit does not fit."""
    alike: dict[Key, list[Row]] = defaultdict(list)
    for row in rows:
        alike[*key_of(row, by), row.get("@timestamp")].append(row)
    return [_in_one(some, by, unfit) for some in alike.values()]


def _in_one(rows: Sequence[Row], by: Sequence[str], unfit: Mapping[Key, Certificates]) -> Row:
    hits = [row for row in rows if row[_CERTIFICATE] in unfit[key_of(row, _SERVER)]]
    return {
        **{name: rows[0].get(name) for name in (*by, "tenant", "@timestamp")},
        "hits": sum(row["count"] for row in hits),
        "count": sum(row["count"] for row in rows),
        "first": earliest(hits) if hits else None,
        "last": latest(hits) if hits else None,
    }


def _suspects(scene: Scene, paths: Mapping[Key, History]) -> list[Key]:
    least = scene.settings.min_sample
    return [key for key, history in paths.items() if sum(bucket.share.hits for bucket in history.buckets) >= least]


def _shown(found: Iterable[Found], recent: Iterable[Row], unfit: Mapping[Key, Certificates]) -> dict[Key, Certificates]:
    """The certificates that do not fit, by path."""
    keys = {key for key, *_ in found}
    shown: dict[Key, set[str]] = defaultdict(set)
    for row in recent:
        key = key_of(row, _PATH)
        if key in keys and row[_CERTIFICATE] in unfit[server_of(key)]:
            shown[path_of(key)].add(row[_CERTIFICATE])
    return {key: frozenset(certificates) for key, certificates in shown.items()}


def _finding(removal: Removal, certificates: Certificates, self_signed: set[str]) -> Finding:
    kind = "a self-signed certificate" if certificates & self_signed else "a certificate that names neither its MX nor its domain"
    text = removal.told(f"showed {kind}", "another one")
    most: Severity = "high" if removal.across_paths else "medium"
    return finding(RULE, {_CERTIFICATE: tuple(sorted(certificates))}, removal.server, most, text, MISMATCH)
