"""Reading YAML that may be hostile or merely mistyped, keeping the line of every value.

Built from the parser's events, so nothing is constructed but text, numbers, true, false and null (the core
schema of YAML 1.2: `no` and `1:30` are text). Size, depth, aliases and duplicate keys are checked on the way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

MAX_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 20
MAX_ALIASES: Final = 50
MAX_NODES: Final = 20_000

_PARSER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INT: Final = re.compile(r"[-+]?[0-9]{1,18}")
# A number that was written out in full has up to 21 digits after its point: 0.00010000000000000002.
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]{1,25}|[0-9]{1,18}(\.[0-9]{0,25})?)([eE][-+]?[0-9]{1,3})?")
_WORDS: Final[dict[str, Any]] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}

FieldPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a file. `field` is a path such as `sections[1].items[3].severity`."""

    file: str
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}"
        return f"{place}: {self.field}: {self.message}" if self.field else f"{place}: {self.message}"


class SourceError(ValueError):
    """The text cannot be read as YAML, or not safely."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(slots=True)
class Node:
    """A value with its place. `value` is a scalar, a list of nodes or a dict of nodes by key."""

    value: Any
    file: str
    line: int
    weight: int = 1  # how many nodes it stands for, aliases written out

    def data(self) -> Any:
        """The plain value."""
        if isinstance(self.value, dict):
            return {key: node.data() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.data() for node in self.value]
        return self.value

    def at(self, path: FieldPath) -> Node:
        """The node at `path`, or the deepest one on the way to it."""
        node = self
        for part in path:
            try:
                node = node.value[part]
            except (KeyError, IndexError, TypeError):
                break
        return node


def read_file(path: Path, name: str) -> Node:
    """Read a file; `name` is what errors call it. Raises `SourceError`."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise SourceError(Problem(name, 1, "", f"cannot be read: {error.strerror}")) from error
    return read_yaml(raw, name)


def read_yaml(raw: bytes, name: str) -> Node:
    """Read one YAML document. Raises `SourceError` with file, line and what is wrong."""
    if len(raw) > MAX_BYTES:
        raise SourceError(Problem(name, 1, "", f"is larger than {MAX_BYTES // 1024} KiB"))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise SourceError(Problem(name, line, "", "is not UTF-8 text")) from error
    try:
        return _Reader(name).document(yaml.parse(text, Loader=_PARSER))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = f"is not valid YAML: {error.problem or error.context}"
        raise SourceError(Problem(name, mark.line + 1 if mark else 1, "", message)) from error
    except yaml.YAMLError as error:  # the reader's own: a character that YAML forbids
        raise SourceError(Problem(name, 1, "", f"is not valid YAML: {error}".splitlines()[0])) from error


class _Reader:
    """Turns a stream of parser events into nodes."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.anchors: dict[str, Node | None] = {}
        self.aliases = 0

    def fail(self, event: Any, message: str) -> SourceError:
        return SourceError(Problem(self.name, event.start_mark.line + 1, "", message))

    def document(self, events: Iterator[Any]) -> Node:
        node = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if node is not None:
                    raise self.fail(event, "holds more than one document; keep one")
                node = self.node(next(events), events, depth=1)
        if node is None:
            raise SourceError(Problem(self.name, 1, "", "is empty"))
        return node

    def node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event)
        if depth > MAX_DEPTH:
            raise self.fail(event, f"nests deeper than {MAX_DEPTH} levels")
        if event.tag is not None and event.tag != "!":
            raise self.fail(event, f"uses the tag {event.tag}; write plain values")
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        node = Node(None, self.name, event.start_mark.line + 1)
        if isinstance(event, yaml.ScalarEvent):
            node.value = event.value if event.style or event.tag else plain_value(event.value)
        elif isinstance(event, yaml.SequenceStartEvent):
            self.sequence(node, events, depth)
        else:
            self.mapping(node, events, depth)
        if node.weight > MAX_NODES:
            raise self.fail(event, f"stands for more than {MAX_NODES:,} values")
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def alias(self, event: Any) -> Node:
        self.aliases += 1
        if self.aliases > MAX_ALIASES:
            raise self.fail(event, f"uses more than {MAX_ALIASES} aliases; write the values out")
        if event.anchor not in self.anchors:
            raise self.fail(event, f"alias *{event.anchor} has no anchor before it")
        node = self.anchors[event.anchor]
        if node is None:
            raise self.fail(event, f"alias *{event.anchor} refers to itself")
        return node

    def sequence(self, node: Node, events: Iterator[Any], depth: int) -> None:
        node.value = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                return
            child = self.node(event, events, depth + 1)
            node.value.append(child)
            node.weight += child.weight

    def mapping(self, node: Node, events: Iterator[Any], depth: int) -> None:
        node.value = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                return
            if not isinstance(event, yaml.ScalarEvent):
                raise self.fail(event, "a key must be plain text")
            key = self.node(event, events, depth + 1).value
            if not isinstance(key, str):
                raise self.fail(event, f"the key {event.value!r} must be text")
            if key in node.value:
                first = node.value[key].line
                raise self.fail(event, f"the key “{key}” is there twice (first on line {first})")
            child = self.node(next(events), events, depth + 1)
            node.value[key] = child
            node.weight += child.weight


def plain_value(text: str) -> Any:
    """Resolve an unquoted scalar after the core schema of YAML 1.2."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
