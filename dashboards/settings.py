"""What can be set about the dashboard."""

from __future__ import annotations

from typing import Literal

import msgspec

Last = Literal["24h", "7d", "30d", "90d", "all"]


class DashboardSettings(msgspec.Struct, frozen=True, kw_only=True):
    """``password``: when set, every page but ``/healthz`` and ``/readyz`` wants it, as HTTP Basic (any user name) or as
    a bearer token. ``hosts``: names, besides loopback names and bare addresses, under which the dashboard may be asked
    for (guards against DNS rebinding). ``default_range`` holds when an address names none and there is data in it."""

    password: str | None = None
    hosts: tuple[str, ...] = ()
    default_range: Last = "30d"
    title: str = "stripwatch"
    page_size: int = 50
    ranking_size: int = 15
    """Rows of a ranking that are shown at once; the rest unfold."""
