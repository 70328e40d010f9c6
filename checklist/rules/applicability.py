"""Rules over profile facts, as data: which items apply, which triggers are reached.

{"all": [rule, ...]}   {"any": [rule, ...]}   {"not": rule}
{"fact": name, "is": value}   {"fact": name, "at_least": n}   {"fact": name, "at_most": n}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from checklist.facts import FACTS_BY_NAME, Fact, Facts

Rule = Mapping[str, Any]

MAX_DEPTH: Final = 5
MAX_BRANCHES: Final = 20
COMPARISONS: Final = ("is", "at_least", "at_most")


class RuleError(ValueError):
    """A rule that cannot be read. `path` says where in it, as in `all[1].fact`."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.path = path
        self.message = message


def check_rule(rule: Any, *, path: str = "", depth: int = 1) -> None:
    """Raise `RuleError` unless `rule` is well formed, names known facts and is at most MAX_DEPTH deep."""
    if depth > MAX_DEPTH:
        raise RuleError(path, f"must not nest deeper than {MAX_DEPTH} levels")
    if not isinstance(rule, Mapping):
        raise RuleError(path, "must be a mapping such as {fact: runs_containers, is: true}")
    keys = set(rule)
    if keys in ({"all"}, {"any"}):
        (word,) = keys
        branches = rule[word]
        if not isinstance(branches, list) or not 1 <= len(branches) <= MAX_BRANCHES:
            raise RuleError(_join(path, word), f"must be a list of 1 to {MAX_BRANCHES} rules")
        for index, branch in enumerate(branches):
            check_rule(branch, path=_join(path, f"{word}[{index}]"), depth=depth + 1)
    elif keys == {"not"}:
        check_rule(rule["not"], path=_join(path, "not"), depth=depth + 1)
    elif "fact" in keys and len(keys & set(COMPARISONS)) == 1 and len(keys) == len(("fact", "comparison")):
        _check_comparison(rule, path)
    else:
        raise RuleError(path, f"must be all, any, not, or a fact with one of {', '.join(COMPARISONS)}")


def _check_comparison(rule: Rule, path: str) -> None:
    name = rule["fact"]
    fact = FACTS_BY_NAME.get(name) if isinstance(name, str) else None
    if fact is None:
        raise RuleError(_join(path, "fact"), f"unknown fact {name!r}; known: {', '.join(FACTS_BY_NAME)}")
    (word,) = set(rule) & set(COMPARISONS)
    value = rule[word]
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if word != "is" and not (fact.kind == "int" and is_number):
        raise RuleError(_join(path, word), "compares numbers: use it with a whole number and a numeric fact")
    fits = {
        "bool": isinstance(value, bool),
        "int": is_number,
        "choice": value in [choice for choice, _ in fact.choices],
    }[fact.kind]
    if not fits:
        raise RuleError(_join(path, word), f"{value!r} is not a value of {fact.name}")


def _join(path: str, part: str) -> str:
    return f"{path}.{part}" if path else part


def applies(rule: Rule | None, facts: Facts) -> bool:
    """Whether an item with this rule applies. No rule: always. Open facts count in favour of asking.

    Raises `RuleError` on a malformed rule.
    """
    return rule is None or holds(rule, facts) is not False


def holds(rule: Rule, facts: Facts) -> bool | None:
    """Whether the rule is true, false, or (None) undecided because a fact is not stated.

    Three-valued logic after Kleene: `all` is false as soon as one branch is, whatever else is open.
    """
    check_rule(rule)
    return _holds(rule, facts)


def _holds(rule: Rule, facts: Facts) -> bool | None:
    if "not" in rule:
        inner = _holds(rule["not"], facts)
        return None if inner is None else not inner
    if "fact" not in rule:
        decisive = "any" in rule
        results = [_holds(branch, facts) for branch in rule["any" if decisive else "all"]]
        if decisive in results:
            return decisive
        return None if None in results else not decisive
    value = facts.get(rule["fact"])
    if value is None:
        return None
    if "is" in rule:
        return bool(value == rule["is"])
    at_least = "at_least" in rule
    return int(value) >= int(rule["at_least"]) if at_least else int(value) <= int(rule["at_most"])


def facts_in(rule: Rule | None) -> set[str]:
    """Names of the facts that a well-formed rule asks for."""
    if rule is None:
        return set()
    if "fact" in rule:
        return {rule["fact"]}
    branches = [rule["not"]] if "not" in rule else rule.get("all") or rule.get("any") or []
    return {name for branch in branches for name in facts_in(branch)}


def describe_rule(rule: Rule, *, negated: bool = False) -> str:
    """The rule in words, to follow “when”: “the service handles payments or the service is regulated”."""
    if "not" in rule:
        return describe_rule(rule["not"], negated=not negated)
    if "fact" in rule:
        return _describe_comparison(FACTS_BY_NAME[rule["fact"]], rule, negated=negated)
    word = "any" if "any" in rule else "all"
    joiner = " or " if (word == "any") != negated else " and "  # De Morgan
    parts = [
        f"({text})" if {"all", "any"} & set(branch) and len(rule[word]) > 1 else text
        for branch in rule[word]
        for text in [describe_rule(branch, negated=negated)]
    ]
    same = "the service "
    shared = all(part.startswith(same) for part in parts)
    return joiner.join(
        [part.removeprefix(same) if shared and index else part for index, part in enumerate(parts)]
    )


def _describe_comparison(fact: Fact, rule: Rule, *, negated: bool) -> str:
    if fact.kind == "bool":
        return fact.yes if rule["is"] != negated else fact.no
    subject = f"“{fact.label}”"
    if "is" in rule:
        return f"{subject} {'is not' if negated else 'is'} {fact.label_of(rule['is'])}"
    if "at_least" in rule:
        return f"{subject} is {'under' if negated else 'at least'} {rule['at_least']}"
    return f"{subject} is {'over' if negated else 'at most'} {rule['at_most']}"
