"""Rules as text: read, written, and refused with a sentence that says what to write."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checklist.facts import FACTS, Fact
from checklist.loader import BUILT_IN, read_checklist
from checklist.rule_text import parse, text_of

EXAMPLES: dict[str, Any] = {
    "handles_payments": {"fact": "handles_payments", "is": True},
    "handles_payments is no": {"fact": "handles_payments", "is": False},
    "not regulated": {"not": {"fact": "regulated", "is": True}},
    "service_count >= 10": {"fact": "service_count", "at_least": 10},
    "service_count <= 3": {"fact": "service_count", "at_most": 3},
    "cloud is aws": {"fact": "cloud", "is": "aws"},
    "regulated or handles_payments and cloud is aws": {
        "any": [
            {"fact": "regulated", "is": True},
            {"all": [{"fact": "handles_payments", "is": True}, {"fact": "cloud", "is": "aws"}]},
        ]
    },
}


@pytest.mark.parametrize("text", EXAMPLES)
def test_read(text: str) -> None:
    assert parse(text) == EXAMPLES[text]


def test_other_ways_to_write_the_same() -> None:
    assert parse("  ") is None
    assert parse("service_count > 9") == EXAMPLES["service_count >= 10"]
    assert parse("service_count < 4") == EXAMPLES["service_count <= 3"]
    assert parse("cloud = AWS") == parse("cloud == aws") == EXAMPLES["cloud is aws"]
    assert parse("cloud is not aws") == parse("cloud != aws") == {"not": EXAMPLES["cloud is aws"]}
    assert parse("regulated is yes") == {"fact": "regulated", "is": True}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("payments", "“payments” is no fact; known facts: handles_payments"),
        ("handles_payments and", "missing at the end"),
        ("service_count", "write|compared with, such as service_count >= 10"),
        ("service_count >= many", "“many” is not a value of service_count"),
        ("regulated >= 3", "“3” is not a value"),
        ("cloud > aws", "cloud is no number"),
        ("(regulated", "not closed"),
        ("regulated handles_payments", "“handles_payments” comes too early"),
        ("(" * 3000, "at most 2,000 characters"),
        ("(" * 500, "too many brackets"),
        ("not " * 400 + "regulated", "too many “not”"),
        (" or ".join(["regulated"] * 21), "1 to 20 rules"),
        ("service_count >= 99999999999999999999", "is not a value"),
    ],
)
def test_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse(text)


def test_every_rule_of_the_built_in_checklist_survives() -> None:
    rules = [item.applies_when for _, item in read_checklist(BUILT_IN).items() if item.applies_when]
    assert len(rules) > 4
    for rule in rules:
        assert parse(text_of(rule)) == rule


def _compared(fact: Fact) -> st.SearchStrategy[dict[str, Any]]:
    if fact.kind == "bool":
        return st.booleans().map(lambda value: {"fact": fact.name, "is": value})
    if fact.kind == "choice":
        values = [value for value, _ in fact.choices]
        return st.sampled_from(values).map(lambda value: {"fact": fact.name, "is": value})
    words = st.sampled_from(["is", "at_least", "at_most"])
    return st.builds(lambda word, number: {"fact": fact.name, word: number}, words, st.integers(0, 10**6))


LEAVES = st.sampled_from(FACTS).flatmap(_compared)
RULES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        inner.map(lambda rule: {"not": rule}),
        st.builds(
            lambda word, rules: {word: rules},
            st.sampled_from(["all", "any"]),
            st.lists(inner, min_size=2, max_size=3),
        ),
    ),
    max_leaves=5,
)


def depth(rule: dict[str, Any]) -> int:
    inner = [rule["not"]] if "not" in rule else rule.get("all") or rule.get("any") or []
    return 1 + max((depth(each) for each in inner), default=0)


@given(RULES.filter(lambda rule: depth(rule) <= 5))
def test_every_rule_survives(rule: dict[str, Any]) -> None:
    assert parse(text_of(rule)) == rule


@given(st.text(max_size=60))
def test_any_text_is_a_rule_or_a_sentence(text: str) -> None:
    with suppress(ValueError):
        rule = parse(text)
        assert rule is None or parse(text_of(rule)) == rule
