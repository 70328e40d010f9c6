"""Look whether a trigger is reached. Pure; never raises for a tree that `parse` made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any, Final

from checklist.facts import FACTS, FACTS_BY_NAME, Facts
from checklist.rules.applicability import holds

Tree = Mapping[str, Any]

_COMPARE: Final = {
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
}


@dataclass(frozen=True, slots=True)
class Reading:
    """Whether a trigger is reached and why, in words; `problem` says what keeps it from being computed."""

    reached: bool
    why: str = ""
    problem: str = ""


class _Undecided(Exception):
    """A number that cannot be had."""


@dataclass
class _Look:
    """One look at the facts, with what was noticed on the way."""

    facts: Facts
    before: Facts
    today: date
    reasons: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def note(self, reason: str) -> None:
        if reason not in self.reasons:
            self.reasons.append(reason)

    def trouble(self, problem: str) -> None:
        if problem not in self.problems:
            self.problems.append(problem)


def evaluate(tree: Tree, facts: Facts, *, before: Facts, today: date) -> Reading:
    """Look whether `tree` is reached for a service with `facts` on `today`.

    `before` are the facts at the time of the decision, for triggers of the kind “changed”. A fact that is not
    stated leaves what asks for it undecided, as in `applicability.holds`; so does a division by zero.
    """
    look = _Look(facts, before, today)
    if _holds(tree, look) is True:
        return Reading(True, "; ".join(look.reasons))
    return Reading(False, problem=" ".join(look.problems))


def _holds(tree: Tree, look: _Look) -> bool | None:
    if "all" in tree or "any" in tree:
        decisive = "any" in tree
        results = [_holds(branch, look) for branch in tree["any" if decisive else "all"]]
        if decisive in results:
            return decisive
        return None if None in results else not decisive
    if "not" in tree:
        inner = _holds(tree["not"], look)
        return None if inner is None else not inner
    if "fact" in tree:
        _say_fact(tree["fact"], look)
        return holds(tree, look.facts)
    (found,) = [read(tree, look) for key, read in _LEAVES.items() if key in tree]
    return found


def _by_hand(_tree: Tree, _look: _Look) -> bool:
    """People watch it, and say so themselves."""
    return False


def _on_day(tree: Tree, look: _Look) -> bool:
    if look.today < date.fromisoformat(tree["on"]):
        return False
    look.note(f"the day {tree['on']} has come")
    return True


def _changed(tree: Tree, look: _Look) -> bool:
    """A fact that is stated for the first time has not changed: it became known."""
    name, found = tree["changed"], False
    for fact in FACTS if name == "any" else [FACTS_BY_NAME[name]]:
        was, now = look.before.get(fact.name), look.facts.get(fact.name)
        if was is not None and now is not None and was != now:
            look.note(f"{fact.name} changed from {_said(fact.name, was)} to {_said(fact.name, now)}")
            found = True
    return found


def _compares(tree: Tree, look: _Look) -> bool | None:
    try:
        left, right = _number(tree["left"], look), _number(tree["right"], look)
    except _Undecided:
        return None
    return bool(_COMPARE[tree["compare"]](left, right))


_LEAVES: Final = {"manual": _by_hand, "on": _on_day, "changed": _changed, "compare": _compares}


def _number(tree: int | Tree, look: _Look) -> Fraction:
    if isinstance(tree, int):
        return Fraction(tree)
    if "fact" in tree:
        value = _say_fact(tree["fact"], look)
        if value is None:
            raise _Undecided
        return Fraction(int(value))
    left, right = _number(tree["left"], look), _number(tree["right"], look)
    match tree["op"]:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
    if right == 0:
        look.trouble(
            f"It divides by zero: “{in_words(tree['right'])}” is 0 with the facts of today. "
            "Write the trigger without that division, for example as a multiplication on the other side."
        )
        raise _Undecided
    return left / right


def in_words(tree: int | Tree) -> str:
    """A sum as it would be typed."""
    if isinstance(tree, int):
        return str(tree)
    if "fact" in tree:
        return str(tree["fact"])
    return f"{in_words(tree['left'])} {tree['op']} {in_words(tree['right'])}"


def _say_fact(name: str, look: _Look) -> Any:
    value = look.facts.get(name)
    if value is None:
        look.trouble(f"“{FACTS_BY_NAME[name].label}” is not stated in the service's profile.")
    else:
        look.note(f"{name} is {_said(name, value)}")
    return value


def _said(name: str, value: Any) -> str:
    label = FACTS_BY_NAME[name].label_of(value)
    return label.lower() if FACTS_BY_NAME[name].kind == "bool" else label
