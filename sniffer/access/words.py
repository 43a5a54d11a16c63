"""What the observer has to know of a protocol's words."""

from __future__ import annotations

import msgspec

from sniffer.observation import Protocol
from sniffer.upgrade import Tongue


class Words(msgspec.Struct, frozen=True, gc=False):
    """One protocol's own names for the same things."""

    protocol: Protocol
    upgrade: str
    """STLS, or STARTTLS."""
    tongue: Tongue
    logins: frozenset[str]
    """Commands by which a client shows that it goes on without TLS, besides the farewell."""
    credentials: frozenset[str]
    """Commands whose argument is the secret itself."""
    challenged: frozenset[str]
    """Commands by SASL: a mechanism, perhaps an initial response, then challenges (RFC 4422)."""
    farewell: str
