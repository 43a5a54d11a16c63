"""Every word that a verdict can carry has a meaning that the pages show."""

from __future__ import annotations

import re
from pathlib import Path

import ingest.provenance
from dashboards.shapes.words import SIGNATURES

ROOM = Path(ingest.provenance.__file__).parent
_RAISED = re.compile(r"(?:_Refused|BadKey|MalformedMail)\(\s*\"([a-z_]+)\"")
_GIVEN = {"valid", "spf_pass", "no_signature", "dns_failure", "unaligned", "key_service", "contact_unaligned", "submitter_unaligned"}
_OTHER = {"from_unusable", "weak_hash", "malformed_signature", "key_missing", "too_many_lookups"}


def test_every_finding_has_a_meaning_and_every_meaning_a_finding() -> None:
    raised = {word for path in ROOM.glob("*.py") for word in _RAISED.findall(path.read_text())}
    assert raised | _GIVEN | _OTHER == set(SIGNATURES)
