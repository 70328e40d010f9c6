"""Who may run a drill, and which links are results."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checklist.rules.drills import (
    RUNNER_WORDS,
    RunnerFacts,
    RunnerRule,
    is_runbook_link,
    why_not_run,
    why_not_witness,
)

RULES: tuple[RunnerRule, ...] = tuple(RUNNER_WORDS)


@pytest.mark.parametrize(
    ("rule", "facts", "words"),
    [
        ("anyone", {"in_owning_team": True, "wrote_section": True, "wrote_service": True}, None),
        ("new_to_on_call", {"in_owning_team": True, "wrote_service": True}, None),
        ("new_to_on_call", {"wrote_section": True}, "wrote answers of this section"),
        ("new_to_on_call", {"on_call": True}, "is on call for this service"),
        ("stranger", {}, None),
        ("stranger", {"in_owning_team": True}, "is in the team that owns this service"),
        ("stranger", {"wrote_service": True}, "has answered for this service before"),
    ],
)
def test_who_may_run_it(rule: RunnerRule, facts: dict[str, bool], words: str | None) -> None:
    said = why_not_run(rule, RunnerFacts("Noa", **facts))
    if words is None:
        assert said is None
    else:
        assert said is not None
        assert words in said
        assert said.startswith("Noa ")
        assert "Choose somebody" in said


@given(st.sampled_from(RULES), st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_more_ties_to_the_service_never_help(
    rule: RunnerRule, team: bool, section: bool, service: bool, on_call: bool
) -> None:
    facts = RunnerFacts("Noa", team, section, service, on_call)
    tied = RunnerFacts("Noa", True, True, True, True)
    if why_not_run(rule, facts):
        assert why_not_run(rule, tied)
    assert why_not_run("anyone", tied) is None


@given(st.integers(), st.integers())
def test_the_witness_is_somebody_else(runner: int, witness: int) -> None:
    assert bool(why_not_witness(runner, witness)) == (runner == witness)


@pytest.mark.parametrize(
    "url",
    [
        "https://wiki.example.com/runbooks/restore",
        "https://wiki.example.com/Run-Book/restore?x=1#step",
        "https://runbooks.example.com/checkout",
        "https://git.example.com/ops/PLAYBOOK.md",
        "https://wiki.example.com/ops/run%20book",
        "https://docs.example.com/checkout/?utm=1",
        "https://docs.example.com/checkout#restore",
    ],
)
def test_instructions_are_no_result(url: str) -> None:
    assert is_runbook_link(url, {"https://docs.example.com/checkout"})


@pytest.mark.parametrize(
    "url",
    [
        "https://ci.example.com/runs/77",
        "https://docs.example.com/checkout/restore-2026-11-20.log",
        "https://trunbook.example.com/x",
        "https://example.com/",
    ],
)
def test_results_are_taken(url: str) -> None:
    assert not is_runbook_link(url, {"https://docs.example.com/checkout", ""})
