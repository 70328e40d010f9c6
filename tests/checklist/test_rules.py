"""Applicability and the fit check, as properties."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checklist.facts import FACTS, Fact
from checklist.rules import RuleError, applies, check_rule, describe_rule, facts_in, fit_check, holds
from checklist.rules.applicability import MAX_DEPTH
from checklist.rules.fit import FIT_FACTS, fit_contradictions

PAYMENTS = {"fact": "handles_payments", "is": True}
HEALTH = {"fact": "handles_health_data", "is": True}
FITTING: dict[str, Any] = {
    "regulated": False,
    "customer_facing": True,
    "handles_health_data": False,
    "self_managed_database": False,
    "team_size": 12,
    "cloud": "aws",
    "stage": "seed",
}


def values(fact: Fact) -> st.SearchStrategy[Any]:
    known: st.SearchStrategy[Any] = {
        "bool": st.booleans(),
        "int": st.integers(1, 60),
        "choice": st.sampled_from([value for value, _ in fact.choices] or [""]),
    }[fact.kind]
    return known


all_facts = st.fixed_dictionaries({fact.name: st.none() | values(fact) for fact in FACTS})
full_facts = st.fixed_dictionaries({fact.name: values(fact) for fact in FACTS})
leaves = st.one_of(
    st.sampled_from([PAYMENTS, HEALTH, {"fact": "cloud", "is": "aws"}]),
    st.builds(lambda n: {"fact": "team_size", "at_least": n}, st.integers(1, 60)),
    st.builds(lambda n: {"fact": "service_count", "at_most": n}, st.integers(1, 60)),
)
rules = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda rule: {"not": rule}, inner),
        st.builds(lambda branch: {"all": branch}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda branch: {"any": branch}, st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=4,
).filter(lambda rule: depth_of(rule) <= MAX_DEPTH - 2)


def depth_of(rule: dict[str, Any]) -> int:
    inner = [rule["not"]] if "not" in rule else rule.get("all") or rule.get("any") or []
    return 1 + max((depth_of(branch) for branch in inner), default=0)


@given(rules, full_facts)
def test_not_inverts_and_full_facts_decide(rule: dict[str, Any], facts: dict[str, Any]) -> None:
    assert holds(rule, facts) is (not holds({"not": rule}, facts))


@given(rules, rules, all_facts)
def test_de_morgan(left: dict[str, Any], right: dict[str, Any], facts: dict[str, Any]) -> None:
    negated = {"not": {"all": [left, right]}}
    assert holds(negated, facts) is holds({"any": [{"not": left}, {"not": right}]}, facts)


@given(rules, all_facts, full_facts)
def test_stating_more_never_flips_a_decision(
    rule: dict[str, Any], facts: dict[str, Any], more: dict[str, Any]
) -> None:
    decided = holds(rule, facts)
    stated = {name: more[name] if value is None else value for name, value in facts.items()}
    if decided is None:
        assert applies(rule, facts), "an open fact asks rather than hides"
    else:
        assert holds(rule, stated) is decided


@given(rules)
def test_every_rule_can_be_said_in_words_and_names_its_facts(rule: dict[str, Any]) -> None:
    assert facts_in(rule)
    assert describe_rule(rule)
    assert describe_rule({"not": {"not": rule}}) == describe_rule(rule)


def test_words() -> None:
    assert describe_rule({"any": [PAYMENTS, HEALTH]}) == (
        "the service handles payments or handles health data"
    )
    assert describe_rule({"not": {"any": [PAYMENTS, {"fact": "cloud", "is": "aws"}]}}) == (
        "the service handles no payments and “Where it runs” is not AWS"
    )
    assert describe_rule({"fact": "service_count", "at_least": 10}) == (
        "“Services in production” is at least 10"
    )


def test_no_rule_always_applies() -> None:
    assert applies(None, {})
    assert not applies(PAYMENTS, {"handles_payments": False})
    assert applies({"fact": "service_count", "at_least": 10}, {"service_count": 10})
    assert not applies({"fact": "service_count", "at_least": 10}, {"service_count": 9})
    assert not applies({"fact": "service_count", "at_most": 9}, {"service_count": 10})


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ([], "must be a mapping"),
        ({}, "must be all, any, not"),
        ({"all": []}, "all: must be a list of 1 to 20"),
        ({"any": "x"}, "any: must be a list"),
        ({"all": [PAYMENTS], "any": [PAYMENTS]}, "must be all, any, not"),
        ({"any": [PAYMENTS, {"fact": "shoe_size", "is": 1}]}, "any[1].fact: unknown fact 'shoe_size'"),
        ({"fact": ["x"], "is": 1}, "fact: unknown fact"),
        ({"fact": "regulated"}, "must be all, any, not"),
        ({"fact": "regulated", "is": True, "at_least": 1}, "must be all, any, not"),
        ({"fact": "regulated", "is": "yes"}, "is: 'yes' is not a value of regulated"),
        ({"fact": "regulated", "at_least": 1}, "at_least: compares numbers"),
        ({"fact": "team_size", "at_least": True}, "at_least: compares numbers"),
        ({"fact": "cloud", "is": "nimbus"}, "is: 'nimbus' is not a value of cloud"),
    ],
)
def test_malformed_rule_says_where(rule: Any, message: str) -> None:
    with pytest.raises(RuleError) as caught:
        check_rule(rule)
    assert message in str(caught.value)


def test_depth_is_bounded() -> None:
    rule: dict[str, Any] = PAYMENTS
    for _ in range(MAX_DEPTH - 1):
        rule = {"not": rule}
    check_rule(rule)
    with pytest.raises(RuleError, match="deeper than 5"):
        applies({"not": rule}, {})


def test_fit_for_whom_it_was_made() -> None:
    verdict = fit_check(FITTING)
    assert verdict.verdict == "fits"
    assert "Customers depend on it." in verdict.reasons
    assert verdict.label == "Fits"


@pytest.mark.parametrize(
    ("change", "verdict", "reason"),
    [
        ({"regulated": True}, "does_not_fit", "compliance is the gate"),
        ({"cloud": "embedded"}, "does_not_fit", "beside hardware"),
        ({"customer_facing": False}, "does_not_fit", "internal tool"),
        ({"stage": "established"}, "does_not_fit", "already a habit"),
        ({"handles_health_data": True}, "fits_with_cautions", "health data"),
        ({"team_size": 4}, "fits_with_cautions", "fewer than 5"),
        ({"team_size": 5}, "fits", "between 5 and 50"),
        ({"team_size": 50}, "fits", "between 5 and 50"),
        ({"team_size": 51}, "fits_with_cautions", "more than 50"),
        ({"self_managed_database": True}, "fits_with_cautions", "database yourselves"),
        ({"cloud": "own_hardware"}, "fits_with_cautions", "own servers"),
        ({"stage": "later"}, "fits_with_cautions", "past Series B"),
        ({"stage": None}, "fits_with_cautions", "Not stated yet: stage of the company."),
    ],
)
def test_fit_table(change: dict[str, Any], verdict: str, reason: str) -> None:
    found = fit_check({**FITTING, **change})
    assert found.verdict == verdict
    assert any(reason in text for text in found.reasons)


@given(all_facts)
def test_fit_always_gives_reasons_and_open_facts_never_pass_unseen(facts: dict[str, Any]) -> None:
    found = fit_check(facts)
    assert found.reasons
    if any(facts[name] is None for name in FIT_FACTS):
        assert found.verdict != "fits"


def test_later_facts_that_contradict() -> None:
    assert fit_contradictions(FITTING, FITTING, people_on_call=12) == []
    now = {**FITTING, "regulated": True}
    (on_call, regulated) = fit_contradictions(FITTING, now, people_on_call=13)
    assert on_call == "13 people are on call, but the fit check says 12 engineers."
    assert "regulated" in regulated
    assert fit_contradictions(now, now) == []
