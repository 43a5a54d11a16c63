"""Deterministic identity: the same thing always gets the same id, so writing twice is harmless.

A report is its organisation, policy domain, report id and time range; its rows are its identity, its content and their
place. Two contents under one report identity are a conflict: both are kept, their rows never mix.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime

_DIGEST_BYTES = 16


def digest(*parts: str) -> str:
    """32 hex digits of BLAKE2b over the parts; lengths go in too, so that ("ab", "c") is not ("a", "bc")."""
    state = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        state.update(len(data).to_bytes(8, "big"))
        state.update(data)
    return state.hexdigest()


def report_uid(kind: str, org_name: str, policy_domain: str, report_id: str, begin: datetime, end: datetime) -> str:
    """Identity of a report. Names compare without case and outer space, as reporters vary both between deliveries."""
    return digest(kind, _folded(org_name), _folded(policy_domain).rstrip("."), report_id.strip(), _second(begin), _second(end))


def conflict_uid(uid: str, content_hash: str) -> str:
    """Identity of a report whose plain identity is taken by other content."""
    return f"{uid}-{content_hash[:16].lower()}"


def plain_uid(uid: str) -> str:
    """The identity that a report claims, whether it is stored under it or, in a conflict, beside it."""
    return uid.partition("-")[0]


def row_id(uid: str, content_hash: str, part: str, place: int) -> str:
    """Identity of the row at ``place`` (from 0) of a report. The content's hash stands in it: rows of two
    conflicting reports never mix, whoever writes first. ``part`` tells rows of different kinds apart."""
    return f"{uid}.{content_hash[:8].lower()}.{part}{place}"


def session_id(session: Mapping[str, object]) -> str:
    """Identity of a session whose sensor gave none: its observer, flow and first packet's time."""
    flow = ("source.ip", "source.port", "destination.ip", "destination.port", "@timestamp", "observer.name")
    return digest(*(str(session.get(name, "")) for name in flow))


def _folded(text: str) -> str:
    return text.strip().casefold()


def _second(time: datetime) -> str:
    return str(int(time.timestamp()))
