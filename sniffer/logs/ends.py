"""Which end of a logged connection is the client."""

from __future__ import annotations

from sniffer.logs.entries import Ends


def client_first(ends: Ends, ports: frozenset[int]) -> tuple[Ends, bool]:
    """(the ends, whether they had to be turned). A connection whose beginning was missed may be told the wrong way round:
    the mail port is the server's."""
    turned = ends.source_port in ports and ends.destination_port not in ports
    return (ends.turned() if turned else ends), turned
