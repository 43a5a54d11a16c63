"""A mail's header section and body, as a signature sees them, refused where another reader could see something else.

A signature covers named fields and the body. A mail parser that ends a line at a bare CR, takes the first of two
Content-Types, or reads the bytes as something other than a mail, would find a report in what nobody signed. So a mail
is judged only when all readers must agree on it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import getaddresses

from ingest.provenance.alignment import domain_of_address
from ingest.provenance.errors import MalformedMail
from ingest.reports.content import HEAD_BYTES, kind_of
from ingest.reports.limits import DEFAULT_LIMITS
from ingest.reports.mime import LIBRARY_ERRORS

FIELDS = 1_000
FROM_BYTES = 2_048
_ONCE = (b"from", b"content-type", b"content-transfer-encoding", b"content-disposition")
_END = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(rb"([A-Za-z0-9][A-Za-z0-9_.-]{0,75}):")
_FORBIDDEN = re.compile(rb"\r(?!\n)|\0")


@dataclass(frozen=True, slots=True)
class SignedMail:
    """``fields``: name as written and value as written, without its final line end; ``head`` is the same as bytes, CRLF."""

    fields: tuple[tuple[bytes, bytes], ...]
    head: bytes
    body: bytes

    def values(self, name: bytes) -> list[bytes]:
        """Values of all fields of that lower-case name, first to last."""
        return [value for field, value in self.fields if field.lower() == name]

    @property
    def from_domain(self) -> str | None:
        """The domain of the one address in From; None when there is not exactly one."""
        value = self.values(b"from")[0]
        if len(value) > FROM_BYTES:
            return None
        try:
            addresses = getaddresses([value.decode("utf-8").replace("\r\n", "")])
        except LIBRARY_ERRORS:
            return None
        return domain_of_address(addresses[0][1]) if len(addresses) == 1 else None


def read_mail(raw: bytes) -> SignedMail:
    """Raises MalformedMail with the word that says why."""
    end = _END.search(raw, 0, DEFAULT_LIMITS.header_bytes + 4)
    if end is None:
        raise MalformedMail("headers_without_end")
    head = raw[: end.start()]
    if _FORBIDDEN.search(head):
        raise MalformedMail("bare_carriage_return")
    if kind_of(raw[:HEAD_BYTES]) != "mail":
        raise MalformedMail("not_a_mail")
    fields = _fields(re.split(rb"\r?\n", head))
    names = [name.lower() for name, _ in fields]
    if any(names.count(name) > 1 for name in _ONCE):
        raise MalformedMail("repeated_header")
    if b"from" not in names:
        raise MalformedMail("no_from")
    whole = b"".join(name + b":" + value + b"\r\n" for name, value in fields)
    return SignedMail(fields=fields, head=whole, body=raw[end.end() :])


def _fields(lines: list[bytes]) -> tuple[tuple[bytes, bytes], ...]:
    gathered: list[tuple[bytes, list[bytes]]] = []
    for line in lines:
        if line[:1] in (b" ", b"\t") and gathered:
            gathered[-1][1].append(line)
            continue
        found = _FIELD.match(line)
        if found is None:
            raise MalformedMail("bad_header_line")
        gathered.append((found.group(1), [line[found.end() :]]))
    if len(gathered) > FIELDS:
        raise MalformedMail("too_many_headers")
    return tuple((name, b"\r\n".join(values)) for name, values in gathered)
