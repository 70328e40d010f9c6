"""The fields of each kind of item: how recorded data is shown in a form and read back from one.

Inventories are tables, edited row by row: `reviews.forms.tables`.

Data is what `reviews.judging` describes. Times are typed in the reader's zone and kept in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from django.utils import timezone

from checklist.models import Item
from checklist.rules.spec_base import Column
from checklist.rules.specs import MeasureSpec, RegisterSpec

_LOCAL_TIME: Final = "%Y-%m-%dT%H:%M:%S"
_YES_NO: Final = (("", "Choose"), ("yes", "Yes"), ("no", "No"))


@dataclass(frozen=True, slots=True)
class Control:
    """One input: `widget` is a type of column (checklist.rules.specs), person or trigger."""

    name: str
    label: str
    widget: str
    value: Any = ""
    help: str = ""
    unit: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    required: bool = False

    @property
    def step(self) -> str:
        """How finely a number may be entered."""
        return "any"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a register, with what the rules say of it."""

    controls: tuple[Control, ...]
    title: str = ""
    hint: str = ""
    judgement: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sheet:
    """All inputs of an item: single ones, then rows under `columns`."""

    controls: tuple[Control, ...] = ()
    rows: tuple[Row, ...] = ()
    columns: tuple[str, ...] = ()


def controls(item: Item, data: Mapping[str, Any], judgement: Mapping[str, Any]) -> Sheet:
    """Lay out the inputs of an item with what is recorded."""
    match item.kind:
        case Item.Kind.MEASURE:
            return Sheet(_measure(MeasureSpec.model_validate(item.spec), data))
        case Item.Kind.REGISTER:
            return _register(RegisterSpec.model_validate(item.spec), data, judgement)
    return Sheet()


def read(item: Item, post: Mapping[str, Any]) -> dict[str, Any]:
    """Read an item's data back from a form; `post` gives one text per name, lists joined by commas."""
    match item.kind:
        case Item.Kind.MEASURE:
            return {name: post.get(name, "") for name in ("number", "measured_on", "how")}
        case Item.Kind.REGISTER:
            return {"rows": _read_register(RegisterSpec.model_validate(item.spec), post)}
    return {}


def _measure(spec: MeasureSpec, data: Mapping[str, Any]) -> tuple[Control, ...]:
    return (
        Control("number", "Value", "number", data.get("number", ""), unit=spec.unit, required=True),
        Control("measured_on", "Measured on", "date", data.get("measured_on", "")),
        Control(
            "how", "How it was measured", "text", data.get("how", ""), help="A query, a dashboard, a report."
        ),
    )


def _register(spec: RegisterSpec, data: Mapping[str, Any], judgement: Mapping[str, Any]) -> Sheet:
    recorded = {row.get("decision"): row for row in data.get("rows", [])}
    judged = [*judgement.get("rows", []), *[{}] * len(spec.decisions)]
    choices = (("", "Choose"), ("defer", "Defer"), ("adopt", "Adopt"))
    rows = []
    for spot, decision in enumerate(spec.decisions):
        row = recorded.get(decision.slug, {})
        name = f"decision-{decision.slug}"
        cells = (
            Control(f"{name}-choice", "Decision", "choice", row.get("choice", ""), choices=choices),
            Control(f"{name}-reason", "Reason", "text", row.get("reason", "")),
            Control(f"{name}-owner", "Owner", "person", row.get("owner", "")),
            Control(f"{name}-trigger", "Look again when", "trigger", row.get("trigger", "")),
        )
        rows.append(Row(cells, decision.title, f"Until {decision.defer_until}", judged[spot]))
    return Sheet(rows=tuple(rows), columns=("Decision", "Reason", "Owner", "Look again when"))


def _read_register(spec: RegisterSpec, post: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for decision in spec.decisions:
        name = f"decision-{decision.slug}"
        row = {key: post.get(f"{name}-{key}", "") for key in ("choice", "reason", "owner", "trigger")}
        if any(row.values()):
            rows.append({"decision": decision.slug, **row})
    return rows


def cell_control(name: str, column: Column, value: Any) -> Control:
    """The input of one column, of a table or of a drill's record, with its value as a form shows it."""
    choices = tuple((choice.value, choice.label) for choice in column.choices)
    widget, shown = column.type, "" if value is None else value
    if column.type == "boolean":
        widget, choices = "choice", _YES_NO
        shown = {True: "yes", False: "no"}.get(value, shown) if isinstance(value, bool) else shown
    elif column.type == "choice":
        choices = (("", "Choose"), *choices)
    elif column.type == "datetime":
        shown = to_local(value)
    return Control(
        name, column.label, widget, shown, column.help or "", column.unit or "", choices, column.required
    )


def to_local(value: Any) -> str:
    """Show a kept moment in the reader's zone; what cannot be read is shown as it is."""
    if not value:
        return ""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return str(value)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return timezone.localtime(aware).strftime(_LOCAL_TIME)


def to_utc(text: str) -> str:
    """Keep a typed moment in UTC; what cannot be read stays as typed, and the rules say so."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    aware = moment if moment.tzinfo else timezone.make_aware(moment)
    return aware.astimezone(UTC).isoformat()
