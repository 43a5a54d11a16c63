"""The weak values are those that the sniffer writes."""

from __future__ import annotations

import re

from ingest.incidents.weak_tls import WEAK
from sniffer.tls.suite_table import SUITES
from sniffer.tls.suites import suite

WEAK_CIPHER = re.compile(r"NULL|RC[24]_|3?DES|IDEA")
WEAK_EXCHANGE = re.compile(r".*_EXPORT|(EC)?DH_anon")


def test_every_weak_suite_of_the_registry_is_named() -> None:
    named = {(one.hit.field, value) for one in WEAK for value in one.hit.values}
    suites = [suite(code) for code in SUITES]
    ciphers = {part.encryption for part in suites if part.encryption and WEAK_CIPHER.match(part.encryption)}
    exchanges = {part.key_exchange for part in suites if part.key_exchange and WEAK_EXCHANGE.fullmatch(part.key_exchange)}
    assert {value for field, value in named if field == "tls.encryption"} == ciphers
    assert {value for field, value in named if field == "tls.key_exchange"} == exchanges


def test_no_value_is_named_twice() -> None:
    values = [(one.hit.field, value) for one in WEAK for value in one.hit.values]
    assert len(set(values)) == len(values)
    assert len({one.kind for one in WEAK}) == len(WEAK)
