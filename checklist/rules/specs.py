"""What each kind of item needs, as pydantic models: the shape of `Item.spec`.

The rules judge against these, the library's schema is built from them, and forms are drawn from them.
Defaults are part of the content's meaning and must not change: stored content leaves them out.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from checklist.rules.check_specs import Check, check_columns
from checklist.rules.spec_base import (
    Column,
    FactRule,
    Key,
    Line,
    Positive,
    PositiveInt,
    Slug,
    Strict,
    unique,
)


class AttestationSpec(Strict):
    """A person says met or not met. `note_label` names what the note must say, if anything in particular."""

    note_label: Line | None = None
    note_required: bool = False
    suggestions: list[Line] = []

    @model_validator(mode="after")
    def _label_for_required_note(self) -> Self:
        if self.note_required and not self.note_label:
            raise ValueError("note_label must say what the required note holds")
        return self


class MeasureSpec(Strict):
    """A number in `unit`. Past `limit` it is not met; between `limit` and `target` it is a warning."""

    unit: Line
    direction: Literal["at_least", "at_most", "record"]
    limit: Positive | None = None
    target: Positive | None = None
    integer: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.direction == "record":
            if self.limit is not None or self.target is not None:
                raise ValueError("a measure that is only recorded has no limit and no target")
            return self
        if self.limit is None:
            raise ValueError("limit must be given")
        if self.target is not None:
            wrong = self.target < self.limit if self.direction == "at_least" else self.target > self.limit
            if wrong:
                side = "at or above" if self.direction == "at_least" else "at or below"
                raise ValueError(f"target must be {side} limit")
        return self


class InventorySpec(Strict):
    """Rows in a table, judged row by row. With `source` it judges the rows of another inventory instead.

    In a library file an inventory with a `source` has no columns; in `Item.spec` it has the source's.
    """

    row_name: Line = "row"
    source: Slug | None = None
    columns: Annotated[list[Column], Field(max_length=20)] = []
    min_rows: Annotated[int, Field(ge=0)] = 1
    checks: list[Check] = []

    @property
    def runbook(self) -> str:
        """Key of the column that holds the texts of runbooks; "" where there is none."""
        return next((column.key for column in self.columns if column.type == "runbook"), "")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.source is None and not self.columns:
            raise ValueError("columns must be given, or a source to judge")
        if self.source is not None and not self.checks:
            raise ValueError("checks must be given for an inventory that judges another one")
        unique("column keys", [column.key for column in self.columns])
        unique("columns of the type runbook", [c.type for c in self.columns if c.type == "runbook"])
        if any(column.from_lint for column in self.columns) and not self.runbook:
            raise ValueError("from_lint needs a column of the type runbook")
        if self.columns:
            check_columns(self.columns, self.checks)
        return self


class Question(Strict):
    """A question that the person in the drill answers."""

    slug: Slug
    text: Line


class Objective(Strict):
    """What was measured must not exceed what was declared; both in minutes.

    `measured` is a number field of the record, or `duration` for the time from start to finish.
    """

    label: Line
    measured: Key
    declared: Key


class DrillSpec(Strict):
    """A timed exercise. `max_seconds`: longer is not met. `under_seconds`: that long or longer is not met.

    `runner` says who may run it (`checklist.rules.drills`), `artifact` names the result that must come with
    it. With `corroborated` it counts as self-reported until a deployment event in its time bears it out.
    """

    operator: Line
    runner: Literal["anyone", "new_to_on_call", "stranger"] = "anyone"
    artifact: Line | None = None
    corroborated: bool = False
    max_seconds: PositiveInt | None = None
    under_seconds: PositiveInt | None = None
    questions: list[Question] = []
    max_commands: PositiveInt | None = None
    max_age_days: PositiveInt | None = None
    fields: list[Column] = []
    must_be_true: list[Key] = []
    objectives: list[Objective] = []

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.max_seconds is not None and self.under_seconds is not None:
            raise ValueError("give max_seconds or under_seconds, not both")
        unique("question slugs", [question.slug for question in self.questions])
        unique("field keys", [field.key for field in self.fields])
        types = {field.key: field.type for field in self.fields}
        for key in self.must_be_true:
            if types.get(key) != "boolean":
                raise ValueError(f"must_be_true names {key}, which is not a field of type boolean")
        for objective in self.objectives:
            for key in (objective.measured, objective.declared):
                if types.get(key) != "number" and not (key == "duration" and key == objective.measured):
                    raise ValueError(f"objective {objective.label} names {key}, which is not a number field")
        return self


class Decision(Strict):
    """One thing to decide: defer or adopt. `reached_when` is its trigger where the product can compute it."""

    slug: Slug
    title: Line
    defer_until: Line
    reached_when: FactRule | None = None


class RegisterSpec(Strict):
    """Decisions, each with a reason, an owner and a trigger that says when to look again."""

    decisions: Annotated[
        list[Decision],
        Field(min_length=1),
        AfterValidator(lambda rows: unique("decision slugs", [row.slug for row in rows]) or rows),
    ]
