"""Whose mail we take. Pure."""

from __future__ import annotations

from collections.abc import Iterable


class Recipients:
    """An allow-list of addresses and domains; both parts are compared without case, as every large mail system does."""

    def __init__(self, entries: Iterable[str], *, accept_any: bool = False) -> None:
        words = [entry.strip().casefold().rstrip(".") for entry in entries]
        self._addresses = {word for word in words if "@" in word.lstrip("@")}
        self._domains = {word.lstrip("@") for word in words} - self._addresses
        self._accept_any = accept_any

    def __contains__(self, address: str) -> bool:
        folded = address.casefold().rstrip(".")
        local, at, domain = folded.rpartition("@")
        if self._accept_any:
            return True
        return bool(at and local) and (folded in self._addresses or domain in self._domains)
