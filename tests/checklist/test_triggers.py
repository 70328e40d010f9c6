"""The language of triggers: what it reads, what it says of mistakes, and that nothing makes it fall over."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checklist.facts import FACTS
from checklist.rules.triggers import MAX_TEXT, TriggerError, evaluate, parse

TODAY = date(2026, 11, 23)


def reached(text: str, facts: dict[str, Any], before: dict[str, Any] | None = None) -> bool:
    return evaluate(parse(text), facts, before=before or {}, today=TODAY).reached


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("service_count >= 10", {"fact": "service_count", "at_least": 10}),
        ("service_count > 9", {"fact": "service_count", "at_least": 10}),
        ("10 ≤ service_count", {"fact": "service_count", "at_least": 10}),
        ("team_size != 5", {"not": {"fact": "team_size", "is": 5}}),
        ("regulated", {"fact": "regulated", "is": True}),
        ("not regulated", {"not": {"fact": "regulated", "is": True}}),
        ("Regulated is no", {"fact": "regulated", "is": False}),
        ("cloud = AWS", {"fact": "cloud", "is": "aws"}),
        ("stage is not seed", {"not": {"fact": "stage", "is": "seed"}}),
        ("on 2027-03-31", {"on": "2027-03-31"}),
        ("cloud changed", {"changed": "cloud"}),
        ("fact changed", {"changed": "any"}),
        ("any fact changed", {"changed": "any"}),
        ("manual", {"manual": ""}),
        ("Manual: the first  deal", {"manual": "the first deal"}),
        (
            "regulated or service_count >= 10 and team_size < 5",
            {
                "any": [
                    {"fact": "regulated", "is": True},
                    {"all": [{"fact": "service_count", "at_least": 10}, {"fact": "team_size", "at_most": 4}]},
                ]
            },
        ),
        (
            "service_count / team_size > 2",
            {
                "compare": ">",
                "left": {"op": "/", "left": {"fact": "service_count"}, "right": {"fact": "team_size"}},
                "right": 2,
            },
        ),
    ],
)
def test_what_it_reads(text: str, tree: dict[str, Any]) -> None:
    """Simple comparisons become the rules that items use; the rest has a shape of its own."""
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "at", "says"),
    [
        ("", 0, "Nothing is written"),
        ("service_cout >= 10", 0, "Do you mean service_count?"),
        ("service_count >= ", 17, "something has to follow"),
        ("service_count => 10", 15, "does not fit here"),
        ("service_count >= 10 10", 20, "“and” or “or” was expected"),
        ("(service_count >= 10", 20, "“)” is missing"),
        ("1 < service_count < 5", 18, "two things at a time"),
        ("service_count", 0, "Compare it"),
        ("cloud", 0, "one of aws, gcp"),
        ("cloud > aws", 6, "= or !="),
        ("cloud = venus", 8, "There is no fact “venus”"),
        ("cloud = seed", 8, "cloud is one of aws"),
        ("regulated = 3", 10, "yes or no"),
        ("1 = 1", 0, "two fixed numbers"),
        ("on 2027-02-30", 3, "There is no day 2027-02-30"),
        ("on monday", 3, "comes a day"),
        ("manual or regulated", 0, "stands alone"),
        ("service_count / 0 > 1", 16, "divides by zero"),
        ("service_count / (2 - 2) > 1", 17, "divides by zero"),
        ("service_count >= 10 $", 20, "“$” has no meaning"),
        ("service_count >= 99999999999", 17, "at most 9 digits"),
        ("when the first customer asks for it", 0, "“manual: when the first customer asks for it”"),
        ("(" * 50 + "regulated" + ")" * 50, 20, "nests deeper"),
        ("x" * (MAX_TEXT + 1), MAX_TEXT, "at most 300 characters"),
    ],
)
def test_mistakes_are_told_with_their_place(text: str, at: int, says: str) -> None:
    """Each message has the character and what to write instead."""
    with pytest.raises(TriggerError) as caught:
        parse(text)
    assert says in str(caught.value)
    assert caught.value.at == at


@pytest.mark.parametrize(
    ("text", "facts", "is_reached"),
    [
        ("service_count >= 10", {"service_count": 9}, False),
        ("service_count >= 10", {"service_count": 10}, True),
        ("service_count >= 10", {}, False),
        ("service_count / team_size > 2", {"service_count": 21, "team_size": 10}, True),
        ("service_count / team_size > 2", {"service_count": 20, "team_size": 10}, False),
        ("service_count - -2 * 3 = 10", {"service_count": 4}, True),
        ("service_count >= 10 or regulated", {"regulated": True}, True),
        ("service_count >= 10 and regulated", {"regulated": False}, False),
        ("not service_count >= 10", {}, False),
        ("on 2026-11-23", {}, True),
        ("on 2026-11-24", {}, False),
        ("manual: somebody asks", {"service_count": 100}, False),
    ],
)
def test_when_it_is_reached(text: str, facts: dict[str, Any], is_reached: bool) -> None:
    """A fact that is not stated leaves a trigger unreached, also under “not”."""
    assert reached(text, facts) is is_reached


def test_a_change_counts_once_both_sides_are_known() -> None:
    """A fact stated for the first time became known; it did not change."""
    assert not reached("cloud changed", {"cloud": "gcp"}, {"cloud": None})
    assert not reached("cloud changed", {"cloud": "gcp"}, {"cloud": "gcp"})
    assert reached("cloud changed", {"cloud": "gcp"}, {"cloud": "aws"})
    reading = evaluate(parse("any fact changed"), {"team_size": 9}, before={"team_size": 4}, today=TODAY)
    assert reading.why == "team_size changed from 4 to 9"


def test_a_division_by_zero_is_told_and_reaches_nothing() -> None:
    """The facts may make a divisor zero later; that is a sentence, not a crash."""
    tree = parse("service_count / (team_size - 5) > 1")
    reading = evaluate(tree, {"service_count": 9, "team_size": 5}, before={}, today=TODAY)
    assert not reading.reached
    assert reading.problem.startswith("It divides by zero: “team_size - 5” is 0")
    either = parse("service_count / (team_size - 5) > 1 or service_count >= 9")
    assert evaluate(either, {"service_count": 9, "team_size": 5}, before={}, today=TODAY).reached


def test_the_reason_names_the_values() -> None:
    """Whoever is told reads why now."""
    reading = evaluate(
        parse("service_count >= 10 and not regulated"),
        {"service_count": 12, "regulated": False},
        before={},
        today=TODAY,
    )
    assert reading.why == "service_count is 12; regulated is no"


FACT_VALUES = st.fixed_dictionaries(
    {
        fact.name: st.none()
        | {
            "bool": st.booleans(),
            "int": st.integers(fact.minimum, fact.maximum),
            "choice": st.sampled_from([value for value, _ in fact.choices] or [""]),
        }[fact.kind]
        for fact in FACTS
    }
)
WORDS = st.sampled_from(
    [
        "service_count",
        "team_size",
        "regulated",
        "cloud",
        "stage",
        "aws",
        "seed",
        "yes",
        "no",
        "and",
        "or",
        "not",
        "is",
        "on",
        "any",
        "fact",
        "changed",
        "manual",
        ":",
        "(",
        ")",
        "+",
        "-",
        "*",
        "/",
        ">=",
        "<=",
        ">",
        "<",
        "=",
        "!=",
        "0",
        "1",
        "10",
        "5",
        "2027-03-31",
        "2026-11-23",
        "2027-13-45",
        "$",
        "é",
        "service_cout",
    ]
)


@given(text=st.lists(WORDS, max_size=20).map(" ".join) | st.text(max_size=350), facts=FACT_VALUES)
def test_any_text_is_read_or_explained_and_evaluating_never_fails(text: str, facts: dict[str, Any]) -> None:
    """Whatever is typed: a tree that JSON can hold and any facts can meet, or a message with a place."""
    try:
        tree = parse(text)
    except TriggerError as error:
        refused: TriggerError | None = error
    else:
        refused = None
    if refused is not None:
        assert 0 <= refused.at <= len(text)
        assert len(str(refused)) > len("Character 1: ")
        return
    assert json.loads(json.dumps(tree)) == tree
    reading = evaluate(tree, facts, before={}, today=TODAY)
    assert not (reading.reached and reading.problem)


NUMBERS = st.recursive(
    st.sampled_from(["service_count", "team_size", "0", "3", "17"]),
    lambda inner: st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda parts: f"({' '.join(parts)})"),
    max_leaves=8,
)


@given(left=NUMBERS, operator=st.sampled_from([">", ">=", "<", "<=", "=", "!="]), facts=FACT_VALUES)
def test_sums_of_any_shape_are_computed_or_explained(left: str, operator: str, facts: dict[str, Any]) -> None:
    """Sums agree with Python's own arithmetic wherever that has a result."""
    try:
        tree = parse(f"{left} {operator} 4")
    except TriggerError as error:
        refused = str(error)
    else:
        refused = ""
    if refused:
        assert "zero" in refused or "fixed numbers" in refused
        return
    reading = evaluate(tree, facts, before={}, today=TODAY)
    numbers = {name: facts[name] for name in ("service_count", "team_size")}
    if None not in numbers.values():
        try:
            exact = eval(left, {"__builtins__": {}}, {k: _exact(v) for k, v in numbers.items()})  # noqa: S307
        except ZeroDivisionError:
            assert not reading.reached
            return
        if isinstance(exact, float):
            return  # two literals were divided: Python's own division is not exact
        python = {"=": "==", "!=": "!="}.get(operator, operator)
        assert reading.reached == eval(f"x {python} 4", {"__builtins__": {}}, {"x": exact})  # noqa: S307


def _exact(value: int) -> Any:
    from fractions import Fraction

    return Fraction(value)
