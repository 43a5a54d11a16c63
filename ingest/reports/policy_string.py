"""``policy-string`` of a TLS report (RFC 8460 §4.5): an MTA-STS policy line by line, or TLSA records."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ingest.reports.model import StsPolicy, TlsaRecord
from ingest.reports.names import count, domain_name, word

_TLSA = re.compile(r"(\d{1,3})\s+(\d{1,3})\s+(\d{1,3})\s+([0-9A-Fa-f\s]+)", re.ASCII)


def sts_policy(lines: Sequence[str]) -> StsPolicy | None:
    """The policy of RFC 8461 §3.2; None when no line is a field of one."""
    fields: dict[str, str] = {}
    mx: list[str] = []
    for line in lines:
        key, colon, value = line.partition(":")
        key = key.strip().lower()
        if not colon:
            continue
        if key == "mx":
            host = domain_name(value)
            if host is not None:
                mx.append(host)
        else:
            fields.setdefault(key, value.strip())
    if not mx and not fields.keys() & {"version", "mode", "max_age"}:
        return None
    return StsPolicy(
        version=fields.get("version"),
        mode=word(fields.get("mode")),
        mx=tuple(mx),
        max_age=count(fields.get("max_age")),
    )


def tlsa_records(lines: Sequence[str]) -> tuple[TlsaRecord, ...]:
    """Records in presentation form (RFC 6698 §2.2), with or without owner name, TTL and type before the numbers. One a line
    (RFC 8460 §4.5), or several with semicolons between them (its §4)."""
    records: list[TlsaRecord] = []
    for record in (record for line in lines for record in line.split(";")):
        text = record.upper().rpartition("TLSA")[2] if "TLSA" in record.upper() else record
        match = _TLSA.fullmatch(text.replace("(", "").replace(")", "").strip())
        if match:
            usage, selector, matching_type = int(match[1]), int(match[2]), int(match[3])
            if max(usage, selector, matching_type) <= 255:
                records.append(TlsaRecord(usage, selector, matching_type, "".join(match[4].split()).lower()))
    return tuple(records)
