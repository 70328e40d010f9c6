"""What an answer records, in words: labels and values in the order of the item's spec. Pure functions.

For readers of paper: values are written out, moments in UTC. What a spec does not know of, as a later version
may, is still shown, under its key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date
from typing import Any, Final

from checklist.rules.judging import duration_in_words
from checklist.rules.rows import read_moment
from checklist.rules.spec_base import Column
from checklist.rules.specs import DrillSpec, InventorySpec, MeasureSpec, Question, RegisterSpec

Pair = tuple[str, str]
_NOTHING: Final[tuple[Any, ...]] = (None, "", [], {})
_DRILL: Final = (
    ("operator", "Run by"),
    ("witness", "Watched by"),
    ("started_at", "Started"),
    ("finished_at", "Finished"),
    ("outcome", "Outcome"),
    ("commands", "Command"),
    ("artifact", "Result"),
    ("log", "What happened"),
)
_REGISTER: Final = (
    ("reason", "Reason"),
    ("owner", "Owner"),
    ("trigger", "Look again when"),
)


def recorded_lines(kind: str, spec: Mapping[str, Any], data: Mapping[str, Any]) -> list[list[Pair]]:
    """Return one list of (label, text) for the plain values and one for each row; nothing for no data.

    Arguments: `kind` and `spec` of the item, and the data that `judge_*` of its kind judges.
    """
    if not data:
        return []
    lines = {"measure": _measure, "drill": _drill, "inventory": _inventory, "register": _register}
    write = lines.get(kind)
    found = write(dict(spec), data) if write else [_rest(data, ())]
    return [line for line in found if line]


def _measure(spec: dict[str, Any], data: Mapping[str, Any]) -> list[list[Pair]]:
    unit = MeasureSpec.model_validate(spec).unit
    pairs = [("Value", f"{_text(data.get('number'))} {unit}")] if "number" in data else []
    pairs += _known(data, (("measured_on", "Measured on"), ("how", "How")))
    return [pairs + _rest(data, ("number", "measured_on", "how"))]


def _drill(spec: dict[str, Any], data: Mapping[str, Any]) -> list[list[Pair]]:
    drill = DrillSpec.model_validate(spec)
    answers, fields = data.get("answers") or {}, data.get("fields") or {}
    known = (*(key for key, _ in _DRILL), "answers", "fields", "times", "grades", "drill", "source")
    elsewhere = [("Source", "Recorded afterwards")] if data.get("source") == "recorded" else []
    return [
        _took(data) + _known(data, _DRILL) + elsewhere + _rest(data, known),
        _cells(drill.fields, fields) + _rest(fields, [column.key for column in drill.fields]),
        *[_answer(each, data) for each in drill.questions if answers.get(each.slug)],
    ]


def _took(data: Mapping[str, Any]) -> list[Pair]:
    started, finished = read_moment(data.get("started_at")), read_moment(data.get("finished_at"))
    if started is None or finished is None:
        return []
    return [("Took", duration_in_words(round((finished - started).total_seconds())))]


def _answer(question: Question, data: Mapping[str, Any]) -> list[Pair]:
    pairs = [(question.text, _text(data["answers"][question.slug]))]
    after = (data.get("times") or {}).get(question.slug)
    pairs += [("After", duration_in_words(after))] if after is not None else []
    grade = (data.get("grades") or {}).get(question.slug)
    return pairs + ([("Graded", grade)] if grade else [])


def _inventory(spec: dict[str, Any], data: Mapping[str, Any]) -> list[list[Pair]]:
    columns = InventorySpec.model_validate(spec).columns
    return [_cells(columns, row) for row in data.get("rows", [])] + [_rest(data, ("rows",))]


def _register(spec: dict[str, Any], data: Mapping[str, Any]) -> list[list[Pair]]:
    titles = {decision.slug: decision.title for decision in RegisterSpec.model_validate(spec).decisions}
    rows: Sequence[Mapping[str, Any]] = data.get("rows", [])
    return [
        [
            (titles.get(str(row.get("decision")), "Decision"), str(row.get("choice", ""))),
            *_known(row, _REGISTER),
        ]
        for row in rows
    ]


def _cells(columns: Sequence[Column], row: Mapping[str, Any]) -> list[Pair]:
    pairs = []
    for column in columns:
        value = row.get(column.key)
        if value in _NOTHING:
            continue
        labels = {choice.value: choice.label for choice in column.choices}
        values: list[Any] = value if isinstance(value, list) else [value]
        text = ", ".join(labels.get(part, _text(part)) for part in values)
        if column.type == "runbook":
            text = f"SHA-256 {text[:16]}"
        pairs.append((column.label, f"{text} {column.unit}" if column.unit else text))
    return pairs


def _known(data: Mapping[str, Any], names: Sequence[Pair]) -> list[Pair]:
    return [(label, _text(data[key])) for key, label in names if data.get(key) not in _NOTHING]


def _rest(data: Mapping[str, Any], known: Sequence[str]) -> list[Pair]:
    """What the spec does not name. Keys that begin with an underscore are for programs."""
    return [
        (key.replace("_", " ").capitalize(), _text(value))
        for key, value in data.items()
        if key not in known and not key.startswith("_") and value not in _NOTHING
    ]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_text(part) for part in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_text(part)}" for key, part in value.items())
    if isinstance(value, int | float):
        return f"{value:,}"
    return _moment(str(value))


def _moment(text: str) -> str:
    if len(text) == len("2026-11-23"):
        try:
            return f"{date.fromisoformat(text):%-d %b %Y}"
        except ValueError:
            return text
    moment = read_moment(text) if text[:4].isdigit() and "T" in text[:11] else None
    return f"{moment.astimezone(UTC):%-d %b %Y, %H:%M:%S} UTC" if moment else text
