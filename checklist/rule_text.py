"""Rules over profile facts as one line of text, and back: how the editor writes them. Pure.

    handles_payments or handles_health_data
    not regulated and service_count >= 10
    cloud is aws

The data of `checklist.rules.applicability` stays what is stored; `parse(text_of(rule))` means the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from checklist.facts import FACTS_BY_NAME, Fact
from checklist.rules import RuleError, check_rule

MAX_LENGTH: Final = 2000
_MAX_NESTING: Final = 10
_TOKEN: Final = re.compile(r"\s*(>=|<=|!=|==?|>|<|\(|\)|[A-Za-z0-9_]+|\S)")
_OPERATORS: Final = {">=", "<=", "!=", "=", "==", ">", "<", "is"}
_YES_NO: Final = {"yes": True, "true": True, "no": False, "false": False}


def text_of(rule: Mapping[str, Any] | None) -> str:
    """The rule as text; empty for none."""
    return "" if rule is None else _text(rule, nested=False)


def _text(rule: Mapping[str, Any], *, nested: bool) -> str:
    if "not" in rule:
        return f"not {_text(rule['not'], nested=True)}"
    if "fact" in rule:
        return _comparison_text(rule)
    word, joiner = ("any", " or ") if "any" in rule else ("all", " and ")
    branches = rule[word]
    if len(branches) == 1:
        return _text(branches[0], nested=nested)
    text = joiner.join(_text(branch, nested=True) for branch in branches)
    return f"({text})" if nested else text


def _comparison_text(rule: Mapping[str, Any]) -> str:
    name = rule["fact"]
    if "is" in rule:
        value = rule["is"]
        if value is True:
            return str(name)
        return f"{name} is {'no' if value is False else value}"
    return f"{name} >= {rule['at_least']}" if "at_least" in rule else f"{name} <= {rule['at_most']}"


def parse(text: str) -> dict[str, Any] | None:
    """Read a rule; None for an empty text. Raises ValueError with a sentence that says what to write."""
    if len(text) > MAX_LENGTH:
        raise ValueError(f"must be at most {MAX_LENGTH:,} characters")
    tokens = _TOKEN.findall(text)
    if not tokens:
        return None
    reader = _Reader(tokens)
    rule = reader.alternatives(1)
    if reader.next:
        raise ValueError(f"“{reader.next}” comes too early: join conditions by “and” or “or”")
    try:
        check_rule(rule)
    except RuleError as error:
        raise ValueError(error.message) from error
    return rule


class _Reader:
    """Recursive descent over the tokens: `or` binds weakest, then `and`, then `not`."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.at = 0

    @property
    def next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.next
        self.at += 1
        return token

    def alternatives(self, depth: int) -> dict[str, Any]:
        if depth > _MAX_NESTING:
            raise ValueError("has too many brackets inside each other")
        branches = [self.conjunction(depth)]
        while self.next == "or":
            self.take()
            branches.append(self.conjunction(depth))
        return branches[0] if len(branches) == 1 else {"any": branches}

    def conjunction(self, depth: int) -> dict[str, Any]:
        branches = [self.negation(depth)]
        while self.next == "and":
            self.take()
            branches.append(self.negation(depth))
        return branches[0] if len(branches) == 1 else {"all": branches}

    def negation(self, depth: int) -> dict[str, Any]:
        if self.next == "not":
            self.take()
            if depth > _MAX_NESTING:
                raise ValueError("has too many “not” inside each other")
            return {"not": self.negation(depth + 1)}
        if self.next == "(":
            self.take()
            inner = self.alternatives(depth + 1)
            if self.take() != ")":
                raise ValueError("a bracket is not closed")
            return inner
        return self.comparison()

    def comparison(self) -> dict[str, Any]:
        name = self.take()
        fact = FACTS_BY_NAME.get(name)
        if fact is None:
            start = f"“{name}” is no fact" if name else "a condition is missing at the end"
            raise ValueError(f"{start}; known facts: {', '.join(FACTS_BY_NAME)}")
        if self.next not in _OPERATORS:
            if fact.kind != "bool":
                raise ValueError(f"say what {name} is compared with, such as {_example(fact)}")
            return {"fact": name, "is": True}
        operator = self.take()
        if operator == "is" and self.next == "not":
            self.take()
            operator = "!="
        return self.compared(fact, operator, self.take())

    def compared(self, fact: Fact, operator: str, word: str) -> dict[str, Any]:
        value = _value(fact, word)
        if operator in ("is", "=", "=="):
            return {"fact": fact.name, "is": value}
        if operator == "!=":
            return {"not": {"fact": fact.name, "is": value}}
        if fact.kind != "int":
            raise ValueError(f"{fact.name} is no number: write “{_example(fact)}”")
        number = int(value)
        shift = {">": 1, "<": -1}.get(operator, 0)
        return {"fact": fact.name, "at_least" if operator[0] == ">" else "at_most": number + shift}


def _value(fact: Fact, word: str) -> Any:
    if fact.kind == "bool" and word.lower() in _YES_NO:
        return _YES_NO[word.lower()]
    if fact.kind == "int" and re.fullmatch(r"[0-9]{1,9}", word):
        return int(word)
    if fact.kind == "choice" and word.lower() in [choice for choice, _ in fact.choices]:
        return word.lower()
    raise ValueError(f"“{word}” is not a value of {fact.name}: write “{_example(fact)}”")


def _example(fact: Fact) -> str:
    if fact.kind == "bool":
        return f"{fact.name} is no"
    if fact.kind == "int":
        return f"{fact.name} >= 10"
    return f"{fact.name} is {' or '.join(choice for choice, _ in fact.choices)}"
