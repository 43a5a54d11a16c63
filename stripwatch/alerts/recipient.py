"""One address that is told, by Apprise."""

from __future__ import annotations

import logging
from typing import Any

from ingest.identity import digest
from stripwatch.configuration.errors import ConfigurationError

_log = logging.getLogger(__name__)


class Recipient:
    """``name`` tells it apart without its secrets; ``service`` is what it is, as people call it."""

    def __init__(self, url: str, number: int) -> None:
        """Raises ConfigurationError, which names the address by its ``number`` in the list: it may hold a password."""
        from apprise import Apprise

        logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its own lines may hold addresses
        self._apprise: Any = Apprise()
        if not self._apprise.add(url):
            raise ConfigurationError(f"[alerts] urls: number {number} is no address that Apprise knows")
        self.name = digest("recipient", url)
        self.service = str(self._apprise[0].service_name)

    def tell(self, title: str, body: str) -> bool:
        """Whether the service took it; it is asked once, and has seconds to answer."""
        try:
            return bool(self._apprise.notify(title=title, body=body, body_format="text"))
        except Exception as error:  # noqa: BLE001 - a hundred services' code: whatever it raises, the message was not taken
            _log.warning("alerts: %s failed with %s", self.service, type(error).__name__)
            return False
