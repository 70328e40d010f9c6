"""Controls ready for the templates: with what they hold, their choices and what is wrong with them. Pure."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from checklist.editor.layout import Choices, Field, Layout, Rows
from checklist.editor.values import Errors, Values
from readiness.accounts.roles import REVIEWER_ROLES

_SMALL = ("text", "whole", "number", "select")
_LINE = re.compile(r"\[([0-9]+)\]\.?(.*)")


@dataclass(frozen=True, slots=True)
class Control:
    """One control. `id` is safe for HTML; `chosen` are the ticked or selected values."""

    name: str
    field: Field
    value: Any
    choices: Choices = ()
    errors: list[str] = dataclasses.field(default_factory=list)
    focus: bool = False

    @property
    def id(self) -> str:
        """The id of the control in the page."""
        return control_id(self.name)

    @property
    def described_by(self) -> str:
        """Ids of help and errors."""
        ids = [f"{self.id}-help"] if self.field.help else []
        return " ".join([*ids, f"{self.id}-error"] if self.errors else ids)

    @property
    def is_small(self) -> bool:
        """Whether several stand in one line."""
        return self.field.widget in _SMALL


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a list: its place, what kind it is and its controls."""

    name: str
    spot: int
    kind: str
    title: str
    controls: list[Control]
    errors: list[str]
    first: bool
    last: bool

    @property
    def id(self) -> str:
        """The id of the row in the page."""
        return control_id(self.name)


@dataclass(frozen=True, slots=True)
class Table:
    """A list of rows, with the kinds that can be added."""

    rows: list[Row]
    source: Rows
    kinds: Choices
    errors: list[str]

    @property
    def id(self) -> str:
        """The id of the list in the page."""
        return control_id(self.source.name)


@dataclass(frozen=True, slots=True)
class Part:
    """A control or a table; the other is None."""

    control: Control | None = None
    table: Table | None = None


@dataclass(frozen=True, slots=True)
class DrawnGroup:
    """A group of parts under a title."""

    title: str
    parts: list[Part]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A whole form. `errors` are those that belong to no control; `summary` names each marked control."""

    groups: list[DrawnGroup]
    errors: list[str]
    summary: list[tuple[str, str, str]]


def control_id(name: str) -> str:
    """The id of a control by its name."""
    return "f-" + name.replace("[", "-").replace("]", "").replace(".", "-").replace("_", "-")


def draw(
    layout: Layout, values: Values, errors: Mapping[str, list[str]], probes: Collection[str], focus: str = ""
) -> Drawn:
    """Lay out a form. `errors` are by path; `focus` is the name of the row or control to go on with."""
    pen = _Pen(_placed(errors, _names(layout, values)), tuple(probes), focus)
    groups = [
        DrawnGroup(group.title, [pen.part(part, values[part.name]) for part in group.parts])
        for group in layout
    ]
    return Drawn(groups, pen.errors.get("", []), pen.summary)


class _Pen:
    def __init__(self, errors: Errors, probes: tuple[str, ...], focus: str) -> None:
        self.errors = errors
        self.probes = probes
        self.focus = focus
        self.summary: list[tuple[str, str, str]] = []

    def part(self, part: Field | Rows, value: Any) -> Part:
        if isinstance(part, Field):
            return Part(control=self.control(part, part.name, value, part.label))
        kinds = tuple((kind, part.labels.get(kind, part.one)) for kind in part.kinds)
        errors = self.take(part.name, part.label)
        rows = [self.row(part, spot, row, len(value)) for spot, row in enumerate(value)]
        return Part(table=Table(rows, part, kinds, errors))

    def row(self, rows: Rows, spot: int, values: Values, total: int) -> Row:
        name, kind = f"{rows.name}[{spot}]", values[""]
        title = rows.labels.get(kind) or f"{rows.one.capitalize()} {spot + 1}"
        controls = []
        for at, one in enumerate(rows.kinds[kind]):
            here = f"{name}.{one.name}"
            focused = at == 0 and self.focus == name
            controls.append(self.control(one, here, values[one.name], f"{title}, {one.label}", focus=focused))
        errors = self.take(name, title)
        return Row(name, spot, kind, title, controls, errors, spot == 0, spot == total - 1)

    def control(self, one: Field, name: str, value: Any, label: str, *, focus: bool = False) -> Control:
        choices = one.choices
        if one.widget == "probes":
            # Those that are named keep their order; one that is not installed stays to be seen.
            choices = tuple((probe, probe) for probe in dict.fromkeys((*value, *self.probes)))
        elif one.widget == "roles":
            choices = tuple(
                (role, REVIEWER_ROLES.get(role, role)) for role in dict.fromkeys((*value, *REVIEWER_ROLES))
            )
        return Control(name, one, value, choices, self.take(name, label), focus)

    def take(self, name: str, label: str) -> list[str]:
        errors = self.errors.get(name, [])
        self.summary += [(control_id(name), label, message) for message in errors]
        return errors


def _names(layout: Layout, values: Values) -> set[str]:
    names: set[str] = set()
    for group in layout:
        for part in group.parts:
            names.add(part.name)
            if isinstance(part, Rows):
                for spot, row in enumerate(values[part.name]):
                    here = f"{part.name}[{spot}]"
                    names |= {here, *(f"{here}.{one.name}" for one in part.kinds[row[""]])}
    return names


def _placed(errors: Mapping[str, list[str]], names: Collection[str]) -> Errors:
    """Put each error to its control: that which it names, or its sentence begins with, or around it."""
    placed: Errors = {}
    for path, messages in errors.items():
        for message in messages:
            place = _place(path, message, names)
            placed.setdefault(place, []).append(_sentence(path, message, place))
    return placed


def _place(path: str, message: str, names: Collection[str]) -> str:
    word = message.split(" ", 1)[0].rstrip(":")
    for candidate in (f"{path}.{word}", f"{path}.{word}s"):
        if candidate in names:
            return candidate
    while path and path not in names:
        cut = max(path.rfind("."), path.rfind("["))
        path = path[:cut] if cut > 0 else ""
    return path


def _sentence(path: str, message: str, place: str) -> str:
    """The message, with the place inside the control where it stands for more than one value."""
    if path == place or not path.startswith(place):
        return message
    inside = _LINE.fullmatch(path[len(place) :])
    if inside and place:
        what = f", {inside[2]}" if inside[2] else ""
        return f"line {int(inside[1]) + 1}{what}: {message}"
    return f"{path[len(place) :].lstrip('.')}: {message}"
