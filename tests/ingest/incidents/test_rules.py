from __future__ import annotations

import pytest

from ingest.incidents.rules import MODULES, RULES
from tests.ingest.incidents.test_evaluation import CASES


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_golden_cases_that_fire_and_that_stay_silent(rule: str) -> None:
    names = [case.name for case in CASES if case.parent.name == rule]
    assert {name.startswith("silent_") for name in names} == {True, False}


def test_every_rule_s_module_bears_its_name() -> None:
    assert [module.__name__.rsplit(".", 1)[-1] for module in MODULES] == list(RULES)


def test_no_golden_case_is_of_an_unknown_rule() -> None:
    assert {case.parent.name for case in CASES} == set(RULES)
