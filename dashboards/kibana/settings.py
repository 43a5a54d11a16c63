"""How ``setup kibana`` reaches Kibana."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class KibanaSettings:
    """For ``setup kibana`` alone: the service never speaks to Kibana. Either ``api_key`` or ``username`` and ``password``, or neither."""

    url: str = "http://127.0.0.1:5601"
    """Where Kibana is."""
    space: str | None = None
    """The space that gets the data views; absent: the default one."""
    api_key: str | None = field(default=None, repr=False)
    """API key, in its encoded form."""
    username: str | None = None
    """User, with `password`."""
    password: str | None = field(default=None, repr=False)
    """Its password."""
    ca_file: Path | None = None
    """PEM file of the authority that signed Kibana's certificate; absent: the system's."""
