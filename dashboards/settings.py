"""What can be set about the dashboard."""

from __future__ import annotations

from typing import Literal

import msgspec

Last = Literal["24h", "7d", "30d", "90d", "all"]


class DashboardSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The pages."""

    password: str | None = None
    """When set, every page but `/healthz` and `/readyz` wants it: as HTTP Basic (any user name) or as a bearer token."""
    hosts: tuple[str, ...] = ()
    """Names, besides loopback names and bare addresses, under which the dashboard may be asked for (DNS rebinding)."""
    default_range: Last = "30d"
    """Time range of a page whose address names none, if there is data in it."""
    title: str = "stripwatch"
    """What stands at the top of each page."""
    page_size: int = 50
    """Rows of a list."""
    ranking_size: int = 15
    """Rows of a ranking that are shown at once; the rest unfold."""
