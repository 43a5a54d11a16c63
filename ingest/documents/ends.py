"""The ends of a connection or report row: country, AS, operator, and which end is the far one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ingest.enrich.enricher import Enricher


def place_fields(prefix: str, address: str, enricher: Enricher) -> dict[str, Any]:
    """``prefix.geo.*`` and ``prefix.as.*`` of an address; what is not known is absent."""
    place = enricher.place(address)
    fields: dict[str, Any] = {}
    if place.country is not None:
        fields[f"{prefix}.geo.country_iso_code"] = place.country
    if place.as_number is not None:
        fields[f"{prefix}.as.number"] = place.as_number
    if place.operator is not None:
        fields[f"{prefix}.as.organization.name"] = place.operator
    return fields


def far_end_fields(address: str, enricher: Enricher) -> dict[str, Any]:
    """Everything under ``far_end.``: the address, its place, its kind of organisation and its /24 or /48."""
    fields = {"far_end.ip": address, **place_fields("far_end", address, enricher)}
    kind = enricher.place(address).kind
    if kind is not None:
        fields["far_end.as.kind"] = kind
    network = enricher.network(address)
    if network is not None:
        fields["far_end.network"] = network
    return fields


def far_end_address(fields: Mapping[str, Any]) -> str:
    """The source when inbound, the destination when outbound, the client otherwise (CONTRACT: the far end)."""
    outbound = fields.get("network.direction") == "outbound"
    return str(fields["destination.ip" if outbound else "source.ip"])


def path_text(fields: Mapping[str, Any]) -> str:
    """The way a session took, as one stable line: observer, interface and VLAN, source AS → destination and its AS.

    The destination stands by address, not by the name in its banner: masking a banner must not change the path.
    """
    tap = [str(fields.get("observer.name", "tap"))]
    if "observer.ingress.interface.name" in fields:
        tap.append(str(fields["observer.ingress.interface.name"]))
    if "network.vlan.id" in fields:
        tap.append(f"vlan {fields['network.vlan.id']}")
    return f"{' '.join(tap)}: {_as_text(fields, 'source', 'AS ?')} → {_destination(fields)}"


def _destination(fields: Mapping[str, Any]) -> str:
    number = _as_text(fields, "destination", "")
    return f"{fields['destination.ip']} ({number})" if number else str(fields["destination.ip"])


def _as_text(fields: Mapping[str, Any], prefix: str, unknown: str) -> str:
    number = fields.get(f"{prefix}.as.number")
    return f"AS{number}" if number is not None else unknown
