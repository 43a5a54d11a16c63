"""Which sensor a bearer token (RFC 6750) belongs to. Pure."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable


class Tokens:
    """Secrets by name, kept and compared as hashes, each of them, in constant time."""

    def __init__(self, secrets: Iterable[tuple[str, str]]) -> None:
        """``secrets``: (name, plain secret or ``sha256:`` and its hash in hex)."""
        self._hashes = [(name, _hash(secret)) for name, secret in secrets]

    def owner(self, authorization: str | None) -> str | None:
        """The name that belongs to an Authorization header, None for any other."""
        scheme, _, token = (authorization or "").strip().partition(" ")
        if scheme.casefold() != "bearer" or not token.strip():
            return None
        given = hashlib.sha256(token.strip().encode("utf-8", "surrogateescape")).digest()
        found = None
        for name, known in self._hashes:  # all of them, whichever it is
            if hmac.compare_digest(known, given):
                found = name
        return found


def _hash(secret: str) -> bytes:
    if secret.startswith("sha256:"):
        return bytes.fromhex(secret.removeprefix("sha256:"))
    return hashlib.sha256(secret.encode()).digest()
