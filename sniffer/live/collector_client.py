"""Posts a batch of sessions to a collector's ``/v1/sessions``, and says what became of it."""

from __future__ import annotations

import gzip
import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Literal, Self
from urllib.parse import urlsplit

import httpx

from sniffer.live.errors import LiveError

Fate = Literal["taken", "too_large", "again"]
_LONGEST_WAIT = 600.0


class BadCollector(LiveError):
    """The collector's address, its certificate's authority or the token cannot be used."""

    reason = "bad_collector"


@dataclass(frozen=True, slots=True)
class Answer:
    """``again`` covers all that a later try may mend, also what an operator must mend first (a wrong token)."""

    fate: Fate
    said: str = ""
    retry_after: float = 0.0
    """Seconds that the collector asks to wait."""


class CollectorClient:
    """One HTTPS client, kept open between posts. ``close`` once; also a context manager."""

    def __init__(self, url: str, token: str, *, authority: Path | None = None, seconds: float = 30.0) -> None:
        """``authority``: PEM file of the roots to trust instead of the system's. Raises BadCollector."""
        parts = urlsplit(url)
        if parts.scheme not in ("https", "http") or not parts.hostname:
            raise BadCollector(f"{url!r} is no https:// address of a collector")
        if parts.scheme == "http" and not _is_loopback(parts.hostname):
            raise BadCollector(f"{url}: sessions and the token go over https:// only")
        if not token or not token.isascii() or not token.isprintable():
            raise BadCollector("the collector wants a token: set [sniff] forward_token, or STRIPWATCH_SNIFF_TOKEN")
        self._url = url
        try:
            trust = ssl.create_default_context(cafile=str(authority) if authority else None)
        except OSError as error:  # ssl.SSLError among them
            raise BadCollector(f"{authority}: {error.strerror or error}") from error
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"}
        self._client = httpx.Client(verify=trust, timeout=seconds, headers=headers, follow_redirects=False, trust_env=False)

    def post(self, lines: bytes) -> Answer:
        """Send NDJSON, compressed. Never raises for what a network or a collector does."""
        try:
            response = self._client.post(self._url, content=gzip.compress(lines, 6, mtime=0))
        except (httpx.HTTPError, OSError) as error:
            return Answer("again", f"{type(error).__name__}: {error}".rstrip(": "))
        if response.is_success:
            return Answer("taken")
        if response.status_code == 413:
            return Answer("too_large", "413")
        return Answer(
            "again", f"{response.status_code} {response.text[:200].strip()}".strip(), _seconds(response.headers.get("retry-after"))
        )

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _seconds(text: str | None) -> float:
    """Retry-After as seconds (RFC 9110 section 10.2.3); a date counts as absent."""
    return min(float(text), _LONGEST_WAIT) if text and text.isdigit() and len(text) < 9 else 0.0
