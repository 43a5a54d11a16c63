"""How to reach the cluster and what our indices are called."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ElasticsearchSettings:
    """``hosts`` are URLs with scheme, host and port. Either ``api_key`` or ``username`` and ``password``, or neither."""

    hosts: tuple[str, ...] = ("http://127.0.0.1:9200",)
    """URLs with scheme, host and port (`STRIPWATCH_ELASTICSEARCH_URL` is a second name of its variable)."""
    prefix: str = "stripwatch"
    """Begins the name of every index and template."""
    api_key: str | None = None
    """API key, in its encoded form."""
    username: str | None = None
    """User, with `password`."""
    password: str | None = None
    """Its password."""
    ca_file: Path | None = None
    """PEM file of the authority that signed the cluster's certificate; the system's own when None."""
    request_timeout: float = 30.0
    """Seconds that one request may take."""
    shards: int = 1
    """Primary shards of a month's index."""
    replicas: int | None = None
    """None: one where the cluster has a second node (``auto_expand_replicas``)."""
    manage_templates: bool = True
    """False for writers whose key may not touch templates: an administrator has run ``setup elasticsearch`` once."""
    batch_documents: int = 1_000
    """Documents of a bulk request."""
    batch_bytes: int = 5_000_000
    """A bulk request has at most so many documents and bytes; a larger document travels alone."""
