"""What no configuration may say, whichever part reads it. Pure."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Iterator
from typing import Any

from stripwatch.configuration.errors import ConfigurationError

HIGHEST_PORT = 65535


def refuse_absurd(section: str, values: dict[str, Any]) -> None:
    """Ports beyond 65535, negative or endless numbers. Raises ConfigurationError naming the setting."""
    for name, value in _numbers(values):
        if name.endswith(("port", "ports")) and not 0 <= value <= HIGHEST_PORT:
            raise ConfigurationError(f"[{section}] {name}: {value} is no port: 0 to {HIGHEST_PORT}")
        if not (value >= 0 and math.isfinite(value)):
            raise ConfigurationError(f"[{section}] {name}: {value} is out of range: 0 or more is wanted")


def refuse_open_dashboard(host: str, password: str | None) -> None:
    """Incidents and raw reports are not for everybody. Raises ConfigurationError."""
    if password is None and not _is_loopback(host):
        raise ConfigurationError(f"[serve] dashboard_host is {host}: outside loopback it needs [dashboard] password")


def _numbers(values: dict[str, Any]) -> Iterator[tuple[str, int | float]]:
    for name, value in values.items():
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, int | float) and not isinstance(one, bool):
                yield name, one


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
