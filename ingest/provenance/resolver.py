"""What the judge asks of the DNS, and the bound on what one mail may ask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

from ingest.provenance.errors import TemporaryDnsFailure, TooManyLookups

RecordKind = Literal["TXT", "A", "AAAA", "MX", "PTR"]


class Resolver(Protocol):
    """Looks names up. Safe for threads."""

    def lookup(self, name: str, kind: RecordKind, seconds: float | None = None) -> tuple[bytes, ...]:
        """The name's records, empty when it has none of that kind: TXT: each record's strings joined (RFC 7208 §3.3);
        A, AAAA: the address; MX: ``10 host``; PTR: the host. ``seconds`` shortens the resolver's own deadline.
        Raises NameNotFound or TemporaryDnsFailure."""


class Allowance:
    """A resolver for one mail: so many names, so many seconds in all. What comes too late is asked again another time;
    what asks for too much is refused for good (RFC 7208 §4.6.4 has the same bound for SPF)."""

    def __init__(self, resolver: Resolver, clock: Callable[[], float], *, lookups: int, seconds: float) -> None:
        """``clock`` gives monotonic seconds."""
        self._resolver = resolver
        self._clock = clock
        self._left = lookups
        self._end = clock() + seconds

    def lookup(self, name: str, kind: RecordKind, seconds: float | None = None) -> tuple[bytes, ...]:
        if self._left <= 0:
            raise TooManyLookups(name)
        self._left -= 1
        remaining = self._end - self._clock()
        if remaining <= 0:
            raise TemporaryDnsFailure("out of time")
        return self._resolver.lookup(name, kind, remaining if seconds is None else min(seconds, remaining))
