"""Read a trigger from what somebody typed. By recursive descent, bounded in length and depth."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any, Final, NamedTuple, NoReturn

from checklist.facts import FACTS_BY_NAME

MAX_TEXT: Final = 300
_MAX_DEPTH: Final = 20
_MAX_DIGITS: Final = 9
_HOW: Final = (
    "Write for example “service_count >= 10”, “on 2027-03-31”, “cloud changed”, "
    "or “manual:” and what you look out for."
)

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<date>\d{4}-\d{2}-\d{2})|(?P<number>\d+)|(?P<word>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<op>>=|<=|!=|<>|==|[=<>+\-*/()≥≤≠\u00d7÷]))",
    re.ASCII,
)
_SAME: Final = {"≥": ">=", "≤": "<=", "≠": "!=", "<>": "!=", "==": "=", "\u00d7": "*", "÷": "/"}
_COMPARISONS: Final = frozenset({">", ">=", "<", "<=", "=", "!="})
_MIRRORED: Final = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "=": "=", "!=": "!="}
_YES_NO: Final = {"yes": True, "true": True, "no": False, "false": False}
_KEYWORDS: Final = frozenset({"and", "or", "not", "on", "is", "any", "fact", "facts", "changed", "changes"})
_MANUAL: Final = re.compile(r"\s*manual\s*(?::(?P<words>.*))?", re.IGNORECASE | re.DOTALL)


class TriggerError(ValueError):
    """A text that is no trigger. `at` is the place of the first character that is wrong, from 0."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(f"Character {at + 1}: {message}")
        self.message = message
        self.at = at


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class _Node:
    """A part that was read. `kind`: bool (a condition), number, flag or choice (a fact), value, or date."""

    kind: str
    tree: Any
    at: int
    has_fact: bool = False


def parse(text: str) -> dict[str, Any]:
    """Return the tree of the trigger in `text`; raises TriggerError, which says where and what to write."""
    if len(text) > MAX_TEXT:
        raise TriggerError(f"A trigger has at most {MAX_TEXT} characters; this has {len(text):,}.", MAX_TEXT)
    if not text.strip():
        raise TriggerError(f"Nothing is written. {_HOW}", 0)
    by_hand = _MANUAL.fullmatch(text)
    if by_hand:
        return {"manual": " ".join((by_hand["words"] or "").split())}
    return _Parser(_tokens(text), len(text)).read()


def _tokens(text: str) -> list[_Token]:
    tokens, at, end = [], 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None:
            wrong = at + len(text[at:]) - len(text[at:].lstrip())
            raise TriggerError(f"“{text[wrong]}” has no meaning here. {_prose_help(text)}", wrong)
        kind = found.lastgroup or ""
        word = found[kind]
        tokens.append(_Token(kind, _SAME.get(word, word), found.start(kind)))
        at = found.end()
    return tokens


def _prose_help(text: str) -> str:
    """Where somebody writes a sentence, offer just that as a trigger that people watch."""
    if len(text.split()) > 3:  # noqa: PLR2004
        return f"If only a person can tell, write “manual: {' '.join(text.split())[:80]}”."
    return _HOW


class _Parser:
    """One pass over the tokens. Loosest first: or, and, not, comparison, sum, product, part."""

    def __init__(self, tokens: list[_Token], end: int) -> None:
        self._tokens = tokens
        self._place = 0
        self._end = end
        self._depth = 0

    def read(self) -> dict[str, Any]:
        node = self._condition(self._either())
        rest = self._peek()
        if rest is not None:
            if rest.kind == "op" and rest.text in _COMPARISONS:
                _fail("Compare two things at a time, and join comparisons with “and”.", rest.at)
            _fail(f"“{rest.text}” does not fit here; “and” or “or” was expected. {self._help()}", rest.at)
        tree: dict[str, Any] = node.tree
        return tree

    def _help(self) -> str:
        return _prose_help(" ".join(token.text for token in self._tokens))

    # -- Tokens ------------------------------------------------------------------------------------------

    def _peek(self) -> _Token | None:
        return self._tokens[self._place] if self._place < len(self._tokens) else None

    def _take(self, *words: str) -> _Token | None:
        token = self._peek()
        if token is not None and token.kind in ("op", "word") and token.text.lower() in words:
            self._place += 1
            return token
        return None

    def _deeper(self, read: Callable[[], _Node], at: int) -> _Node:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            _fail(f"This nests deeper than {_MAX_DEPTH} levels. Write it more simply.", at)
        node = read()
        self._depth -= 1
        return node

    # -- Conditions --------------------------------------------------------------------------------------

    def _either(self) -> _Node:
        return self._joined("or", "any", self._both)

    def _both(self) -> _Node:
        return self._joined("and", "all", self._negated)

    def _joined(self, word: str, key: str, part: Callable[[], _Node]) -> _Node:
        first = part()
        if not self._take(word):
            return first
        branches = [self._condition(first).tree, self._condition(part()).tree]
        while self._take(word):
            branches.append(self._condition(part()).tree)
        return _Node("bool", {key: branches}, first.at)

    def _negated(self) -> _Node:
        token = self._take("not")
        if token is None:
            return self._comparison()
        inner = self._condition(self._deeper(self._negated, token.at))
        return _Node("bool", {"not": inner.tree}, token.at)

    def _condition(self, node: _Node) -> _Node:
        """A part that can stand alone: a comparison, or a fact that is yes or no."""
        if node.kind == "bool":
            return node
        if node.kind == "flag":
            return _Node("bool", {"fact": node.tree, "is": True}, node.at)
        if node.kind == "choice":
            choices = ", ".join(value for value, _ in FACTS_BY_NAME[node.tree].choices)
            _fail(f"Say what {node.tree} has to be: {node.tree} = one of {choices}.", node.at)
        if node.kind == "date":
            _fail(f"Write “on {node.tree}” for that day.", node.at)
        if node.kind == "number" and node.has_fact:
            _fail("A number alone is no trigger. Compare it, for example with “>= 10”.", node.at)
        return _fail(f"This is no trigger by itself. {_HOW}", node.at)

    def _comparison(self) -> _Node:
        left = self._sum()
        token = self._take(*_COMPARISONS, "is")
        if token is None:
            return left
        operator = token.text.lower()
        if operator == "is":
            operator = "!=" if self._take("not") else "="
        right = self._sum()
        if left.kind == "value" and right.kind in ("flag", "choice"):
            left, right = right, left
        if left.kind == "flag":
            return _compare_flag(left, operator, right, token.at)
        if left.kind == "choice":
            return _compare_choice(left, operator, right, token.at)
        return _compare_numbers(_number(left), operator, _number(right))

    # -- Numbers -----------------------------------------------------------------------------------------

    def _sum(self) -> _Node:
        return self._chain(("+", "-"), self._product)

    def _product(self) -> _Node:
        return self._chain(("*", "/"), self._part)

    def _chain(self, operators: tuple[str, ...], part: Callable[[], _Node]) -> _Node:
        node, length = part(), 0
        while token := self._take(*operators):
            length += 1
            if length > _MAX_DEPTH:
                _fail(f"More than {_MAX_DEPTH} numbers in one sum. Write it more simply.", token.at)
            left, right = _number(node), _number(part())
            if token.text == "/" and not right.has_fact and _constant(right.tree) == 0:
                _fail("This divides by zero. Write a number other than 0.", right.at)
            tree = {"op": token.text, "left": left.tree, "right": right.tree}
            node = _Node("number", tree, left.at, left.has_fact or right.has_fact)
        return node

    def _part(self) -> _Node:
        token = self._peek()
        if token is None:
            _fail(f"The trigger ends here, but something has to follow. {_HOW}", self._end)
        self._place += 1
        if token.text == "(":
            node = self._deeper(self._either, token.at)
            if not self._take(")"):
                after = self._peek()
                _fail("The bracket is not closed: “)” is missing.", after.at if after else self._end)
            return node
        if token.text == "-":
            inner = _number(self._deeper(self._part, token.at))
            tree = {"op": "-", "left": 0, "right": inner.tree}
            return _Node("number", tree, token.at, inner.has_fact)
        if token.kind == "number":
            if len(token.text) > _MAX_DIGITS:
                _fail(f"A number has at most {_MAX_DIGITS} digits.", token.at)
            return _Node("number", int(token.text), token.at)
        if token.kind == "date":
            return _Node("date", _day(token), token.at)
        if token.kind == "word":
            return self._word(token)
        return _fail(f"“{token.text}” does not fit here; a fact or a number was expected. {_HOW}", token.at)

    def _word(self, token: _Token) -> _Node:
        word = token.text.lower()
        if word == "on":
            return self._on(token)
        if word in ("any", "fact", "facts"):
            if word == "any" and not self._take("fact", "facts"):
                _fail(f"Write “any fact changed”. {self._help()}", token.at)
            if not self._take("changed", "changes"):
                _fail(f"Write “any fact changed”, or name the fact. {self._help()}", token.at)
            return _Node("bool", {"changed": "any"}, token.at)
        if word == "manual":
            _fail("“manual” stands alone: it cannot be joined with what the product computes.", token.at)
        fact = FACTS_BY_NAME.get(word)
        if fact is None:
            return _value(token, self._help())
        if self._take("changed", "changes"):
            return _Node("bool", {"changed": word}, token.at)
        kinds = {"bool": _Node("flag", word, token.at), "choice": _Node("choice", word, token.at)}
        return kinds.get(fact.kind) or _Node("number", {"fact": word}, token.at, has_fact=True)

    def _on(self, token: _Token) -> _Node:
        day = self._peek()
        if day is None or day.kind != "date":
            _fail("After “on” comes a day, as in “on 2027-03-31”.", day.at if day else self._end)
        self._place += 1
        return _Node("bool", {"on": _day(day)}, token.at)


def _fail(message: str, at: int) -> NoReturn:
    raise TriggerError(message, at)


def _day(token: _Token) -> str:
    try:
        return date.fromisoformat(token.text).isoformat()
    except ValueError:
        _fail(f"There is no day {token.text}. Write year-month-day.", token.at)


def _value(token: _Token, help_text: str) -> _Node:
    """A word that is no fact: a value to compare a fact with, or a mistake."""
    word = token.text.lower()
    values = {value for fact in FACTS_BY_NAME.values() for value, _ in fact.choices}
    if word in _YES_NO or word in values:
        return _Node("value", word, token.at)
    if word in _KEYWORDS:
        _fail(f"“{token.text}” does not fit here. {help_text}", token.at)
    near = get_close_matches(word, [*FACTS_BY_NAME, *values], n=1)
    hint = f"Do you mean {near[0]}?" if near else help_text
    _fail(f"There is no fact “{token.text[:40]}”. {hint} Facts: {', '.join(FACTS_BY_NAME)}.", token.at)


def _number(node: _Node) -> _Node:
    if node.kind == "number":
        return node
    if node.kind in ("flag", "choice"):
        _fail(f"{node.tree} is not a number. Numbers are team_size and service_count.", node.at)
    if node.kind == "date":
        _fail(f"Write “on {node.tree}” for that day; days are not compared.", node.at)
    _fail("A number is expected here: a whole one, team_size or service_count.", node.at)


def _compare_flag(left: _Node, operator: str, right: _Node, at: int) -> _Node:
    wanted = _YES_NO.get(right.tree) if right.kind == "value" else None
    if wanted is None or operator not in ("=", "!="):
        _fail(f"{left.tree} is yes or no: write “{left.tree} = yes” or “not {left.tree}”.", at)
    return _Node("bool", {"fact": left.tree, "is": wanted == (operator == "=")}, left.at)


def _compare_choice(left: _Node, operator: str, right: _Node, at: int) -> _Node:
    values = [value for value, _ in FACTS_BY_NAME[left.tree].choices]
    if operator not in ("=", "!="):
        _fail(f"{left.tree} is a choice: compare it with = or !=.", at)
    if right.kind != "value" or right.tree not in values:
        _fail(f"{left.tree} is one of {', '.join(values)}.", right.at)
    tree: dict[str, Any] = {"fact": left.tree, "is": right.tree}
    return _Node("bool", tree if operator == "=" else {"not": tree}, left.at)


def _compare_numbers(left: _Node, operator: str, right: _Node) -> _Node:
    if not (left.has_fact or right.has_fact):
        _fail("This compares two fixed numbers. Name a fact, such as service_count.", left.at)
    if isinstance(left.tree, int):
        left, right, operator = right, left, _MIRRORED[operator]
    if set(left.tree) == {"fact"} and isinstance(right.tree, int):
        return _Node("bool", _rule(left.tree["fact"], operator, right.tree), left.at)
    return _Node("bool", {"compare": operator, "left": left.tree, "right": right.tree}, left.at)


def _rule(fact: str, operator: str, number: int) -> dict[str, Any]:
    """A comparison with a fixed number in the shape of the rules of items."""
    rules: dict[str, dict[str, Any]] = {
        ">=": {"fact": fact, "at_least": number},
        ">": {"fact": fact, "at_least": number + 1},
        "<=": {"fact": fact, "at_most": number},
        "<": {"fact": fact, "at_most": number - 1},
        "=": {"fact": fact, "is": number},
        "!=": {"not": {"fact": fact, "is": number}},
    }
    return rules[operator]


def _constant(tree: Any) -> int | None:
    """The value of a sum without facts, where it is plainly 0 or not; None when it divides."""
    if isinstance(tree, int):
        return tree
    left, right = _constant(tree["left"]), _constant(tree["right"])
    if left is None or right is None or tree["op"] == "/":
        return None
    sums = {"+": left + right, "-": left - right, "*": left * right}
    return sums[tree["op"]]
