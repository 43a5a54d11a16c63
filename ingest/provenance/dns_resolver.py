"""The resolver that asks real servers, with dnspython: a deadline for each name, a bounded cache, and a rest for servers
that do not answer, so that a DNS that is down costs a drain seconds and not hours.

Never used inside an intake: what a mail's sender can make slow must not keep a mail from being acknowledged.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from ipaddress import ip_address

import dns.exception
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver

from ingest.provenance.answer_cache import AnswerCache, Kept
from ingest.provenance.errors import NameNotFound, TemporaryDnsFailure
from ingest.provenance.resolver import RecordKind

PORT = 53
LONGEST_KEPT = 3600.0
"""Seconds: a key that was taken back is trusted no longer than this."""
SHORTEST_KEPT = 5.0
ABSENT_KEPT = 60.0
"""Seconds that a missing name is remembered: short, as a key may be published a little late."""
FAILURE_KEPT = 10.0
REST_AFTER = 3
"""So many names in a row without any answer, and the servers are left alone for ``REST`` seconds."""
REST = 20.0
RECORD_BYTES = 4096
"""Longer records are no DKIM key and no SPF policy that anybody should read."""
RECORDS = 50
CACHE_ENTRIES = 4096


def nameserver(text: str) -> tuple[str, int]:
    """``192.0.2.53``, ``192.0.2.53:5353``, ``[2001:db8::53]:5353`` or ``2001:db8::53``. Raises ValueError."""
    host, port = text.strip(), str(PORT)
    if host.startswith("["):
        host, _, rest = host[1:].partition("]")
        port = rest.removeprefix(":") or port
    elif host.count(":") == 1:
        host, _, port = host.partition(":")
    if not (port.isascii() and port.isdigit()) or not 0 < int(port) < 65536:
        raise ValueError(f"{text!r} has no port between 1 and 65535")
    return str(ip_address(host)), int(port)


class DnsResolver:
    """A Resolver over UDP, and TCP where an answer is too long for UDP."""

    def __init__(self, nameservers: Sequence[str] = (), seconds: float = 5.0, clock: Callable[[], float] = time.monotonic) -> None:
        """``nameservers``: address or address:port; none: the system's. Raises ValueError for one that is neither."""
        self._servers = [dns.nameserver.Do53Nameserver(*nameserver(text)) for text in nameservers]
        self._seconds = seconds
        self._clock = clock
        self._cache = AnswerCache(CACHE_ENTRIES)
        self._lock = threading.Lock()
        self._silent = 0
        self._resting_until = float("-inf")
        self._system: dns.resolver.Resolver | None = None

    def lookup(self, name: str, kind: RecordKind, seconds: float | None = None) -> tuple[bytes, ...]:
        key = (name.rstrip(".").lower(), kind)
        kept = self._cache.get(key, self._clock())
        if kept is None:
            kept = self._asked(key[0], kind, self._seconds if seconds is None else min(seconds, self._seconds))
            self._cache.put(key, kept)
        if kept.outcome == "absent":
            raise NameNotFound(key[0])
        if kept.outcome == "failed":
            raise TemporaryDnsFailure(key[0])
        return kept.values

    def _asked(self, name: str, kind: RecordKind, seconds: float) -> Kept:
        if self._clock() < self._resting_until:
            raise TemporaryDnsFailure("the servers did not answer and are left alone for a while")
        try:
            answer = self._resolver().resolve(
                dns.name.from_text(name, idna_codec=None), kind, lifetime=seconds, search=False, raise_on_no_answer=False
            )
        except dns.resolver.NXDOMAIN:
            return self._heard("absent", ABSENT_KEPT)
        except (dns.resolver.NoNameservers, dns.resolver.NoResolverConfiguration):
            return self._heard("failed", FAILURE_KEPT)
        except dns.exception.Timeout:
            return self._unheard()
        except (dns.exception.DNSException, UnicodeError, ValueError):  # a name that cannot exist, or an answer that makes no sense
            return self._heard("absent", ABSENT_KEPT)
        if answer.rrset is None:
            return self._heard("answered", ABSENT_KEPT)
        values = tuple(text for record in list(answer.rrset)[:RECORDS] if len(text := _text(kind, record)) <= RECORD_BYTES)
        return self._heard("answered", min(max(float(answer.rrset.ttl), SHORTEST_KEPT), LONGEST_KEPT), values)

    def _heard(self, outcome: str, seconds: float, values: tuple[bytes, ...] = ()) -> Kept:
        with self._lock:
            self._silent = 0
        return Kept(values, self._clock() + seconds, outcome)

    def _unheard(self) -> Kept:
        with self._lock:
            self._silent += 1
            if self._silent >= REST_AFTER:
                self._silent = REST_AFTER - 1  # after the rest, one name without an answer is enough
                self._resting_until = self._clock() + REST
        return Kept((), self._clock() + FAILURE_KEPT, "failed")

    def _resolver(self) -> dns.resolver.Resolver:
        if self._system is None:
            resolver = dns.resolver.Resolver(configure=not self._servers)
            if self._servers:
                resolver.nameservers = list(self._servers)
            self._system = resolver
        return self._system


def _text(kind: RecordKind, record: object) -> bytes:
    """The record as ``Resolver.lookup`` gives it."""
    if kind == "TXT":
        return b"".join(getattr(record, "strings", ()))
    if kind in ("A", "AAAA"):
        return str(getattr(record, "address", "")).encode()
    if kind == "MX":
        return f"{getattr(record, 'preference', 0)} {str(getattr(record, 'exchange', '')).rstrip('.')}".encode()
    return str(getattr(record, "target", "")).rstrip(".").encode()
