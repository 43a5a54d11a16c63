"""Which names the dashboard answers to. A page on a name of the attacker's that is re-bound to our loopback address
sends that name in Host: bare addresses and loopback names cannot be re-bound, other names must be configured."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class HostCheck:
    """Answers 421 to a Host that isn't ours."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str]) -> None:
        self.app = app
        self.hosts = frozenset(host.lower().rstrip(".") for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not known_host(Headers(scope=scope).get("host", ""), self.hosts):
            refusal = PlainTextResponse("This name is not one of the dashboard's: add it to the setting dashboard.hosts.\n", 421)
            await refusal(scope, receive, send)
            return
        await self.app(scope, receive, send)


def known_host(header: str, hosts: frozenset[str]) -> bool:
    """True for a bare address, localhost, ``*.localhost`` and the configured names; ports do not matter."""
    try:
        name = (urlsplit(f"//{header}").hostname or "").rstrip(".")
    except ValueError:
        return False
    if name in hosts or name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
