"""Filters that an address carries: one short parameter name, the field it means in each dataset, its label.

A parameter may stand several times (any of the values holds). A dataset that lacks the field is not narrowed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dashboards.errors import BadRequest
from ingest.store import query as q
from ingest.store.schema import DATASETS

NONE = "none"
"""The value that means: the field is missing."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """``fields`` are tried in order: the first that a dataset has is the one it is narrowed by."""

    name: str
    label: str
    fields: tuple[str, ...]


PARAMETERS = {
    p.name: p
    for p in (
        Parameter("country", "Country", ("far_end.geo.country_iso_code", "country")),
        Parameter("path", "Path", ("network.path", "path")),
        Parameter("direction", "Direction", ("network.direction", "direction")),
        Parameter("verdict", "Verdict", ("smtp.verdict",)),
        Parameter("evidence", "Evidence", ("smtp.evidence_words",)),
        Parameter("as", "AS", ("far_end.as.number",)),
        Parameter("kind_of_as", "Kind of operator", ("far_end.as.kind",)),
        Parameter("network", "Network", ("far_end.network",)),
        Parameter("ip", "Far end", ("far_end.ip",)),
        Parameter("client", "Client", ("source.ip",)),
        Parameter("server_ip", "Server", ("destination.ip",)),
        Parameter("server", "Server name", ("destination.domain",)),
        Parameter("port", "Server port", ("destination.port",)),
        Parameter("mail_domain", "Mail domain", ("smtp.mx.domain",)),
        Parameter("dane", "TLSA records", ("smtp.mx.dane",)),
        Parameter("mta_sts", "MTA-STS record", ("smtp.mx.mta_sts",)),
        Parameter("software", "Software", ("smtp.software",)),
        Parameter("observer", "Observer", ("observer.name",)),
        Parameter("vlan", "VLAN", ("network.vlan.id",)),
        Parameter("community_id", "Community ID", ("network.community_id",)),
        Parameter("ehlo", "EHLO answered", ("smtp.ehlo",)),
        Parameter("offered", "STARTTLS offered", ("smtp.starttls.offered",)),
        Parameter("requested", "STARTTLS asked for", ("smtp.starttls.requested",)),
        Parameter("established", "TLS established", ("tls.established",)),
        Parameter("tls", "TLS version", ("tls.version",)),
        Parameter("cipher", "Cipher suite", ("tls.cipher",)),
        Parameter("key_exchange", "Key exchange", ("tls.key_exchange",)),
        Parameter("encryption", "Encryption", ("tls.encryption",)),
        Parameter("mac", "MAC", ("tls.mac",)),
        Parameter("trust", "Certificate", ("tls.certificate.trust",)),
        Parameter("match", "Certificate names", ("tls.certificate.match",)),
        Parameter("certificate", "Certificate hash", ("tls.server.hash.sha256",)),
        Parameter("mail_in_clear", "Mail in clear", ("smtp.mail_in_clear",)),
        Parameter("auth_in_clear", "AUTH in clear", ("smtp.auth.used_in_clear",)),
        Parameter("reporter", "Reporter", ("organization.name",)),
        Parameter("domain", "Domain", ("policy.domain",)),
        Parameter("kind", "Kind", ("report.kind",)),
        Parameter("provenance", "Provenance", ("provenance",)),
        Parameter("counted", "Counted", ("counted",)),
        Parameter("left_out", "Not counted", ("left_out",)),
        Parameter("conflict", "Conflict", ("conflict",)),
        Parameter("warning", "Left out or repaired", ("report.warnings",)),
        Parameter("result", "Result", ("tlsrpt.result_type",)),
        Parameter("rule", "Rule", ("rule",)),
        Parameter("state", "State", ("state",)),
        Parameter("severity", "Severity", ("severity",)),
        Parameter("agreement", "Agreement", ("agreement",)),
        Parameter("tenant", "Tenant", ("tenant",)),
    )
}

BY_FIELD = {field: p.name for p in PARAMETERS.values() for field in p.fields}
"""The parameter that narrows by a schema field: how an incident's keys become a link."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One parameter with one value, as the address has it."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Filters:
    """The choices of an address, in its order."""

    choices: tuple[Choice, ...] = ()

    def where(self, dataset: str) -> tuple[q.Filter, ...]:
        """Store filters for that dataset. Raises BadRequest for a value that the field's type cannot hold."""
        found = []
        for name in dict.fromkeys(choice.name for choice in self.choices):
            field = field_of(name, dataset)
            if field:
                found.append(_filter(dataset, name, field, self.values(name)))
        return tuple(found)

    def values(self, name: str) -> tuple[str, ...]:
        return tuple(c.value for c in self.choices if c.name == name)

    def value(self, name: str) -> str:
        """The first value of a parameter, empty when it isn't set."""
        return next(iter(self.values(name)), "")

    def without(self, choice: Choice) -> Filters:
        return Filters(tuple(c for c in self.choices if c != choice))


def read(pairs: Iterable[tuple[str, str]]) -> Filters:
    """The filters among an address's parameters; empty values (an untouched form field) and repeats are dropped."""
    found = dict.fromkeys(Choice(name, value.strip()) for name, value in pairs if name in PARAMETERS and value.strip())
    return Filters(tuple(found))


def parameter(value: q.Scalar) -> str:
    """A store value as an address carries it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def field_of(name: str, dataset: str) -> str | None:
    """The field a parameter narrows the dataset by, None when the dataset has none."""
    return next((f for f in PARAMETERS[name].fields if DATASETS[dataset].has(f)), None)


def _filter(dataset: str, name: str, field: str, values: tuple[str, ...]) -> q.Filter:
    if NONE in values:
        return q.Filter(field, "missing")
    kind = DATASETS[dataset].field(field).type
    if kind == "ip" and any("/" in value for value in values):
        return q.Filter(field, "cidr", values)
    return q.Filter(field, "eq", tuple(_scalar(name, kind, value) for value in values))


def _scalar(name: str, kind: str, text: str) -> q.Scalar:
    if kind == "boolean":
        if text not in ("true", "false"):
            raise BadRequest(f"{name}={text}: true or false")
        return text == "true"
    if kind == "integer":
        try:
            return int(text.removeprefix("AS"))
        except ValueError:
            raise BadRequest(f"{name}={text}: a number") from None
    return text
