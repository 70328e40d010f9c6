"""What each kind of item needs, as pydantic models: the shape of `Item.spec`.

The rules judge against these, the library's schema is built from them, and forms are drawn from them.
Defaults are part of the content's meaning and must not change: stored content leaves them out.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    model_validator,
)

from checklist.rules.applicability import RuleError, check_rule

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=64)]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=40)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
PositiveInt = Annotated[int, Field(gt=0)]


def _checked_rule(value: Any) -> Any:
    try:
        check_rule(value)
    except RuleError as error:
        raise ValueError(str(error)) from error
    return value


MAX_THRESHOLD: Final = 10**15

FactRule = Annotated[dict[str, Any], BeforeValidator(_checked_rule)]


def _positive(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < MAX_THRESHOLD:
        raise ValueError("must be a number above 0")
    return value


Positive = Annotated[int | float, PlainValidator(_positive)]


def _unique(what: str, values: list[str]) -> None:
    twice = sorted({value for value in values if values.count(value) > 1})
    if twice:
        raise ValueError(f"{what} must be unique; twice: {', '.join(twice)}")


class Strict(BaseModel):
    """No unknown keys, no coercion: what the file says is what is meant."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


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


class Choice(Strict):
    """A value of a choice column and its label."""

    value: Key
    label: Line


ColumnType = Literal["text", "long_text", "url", "number", "boolean", "choice", "choices", "date", "datetime"]


class Column(Strict):
    """One column of an inventory, or one field of a drill's record."""

    key: Key
    label: Line
    type: ColumnType = "text"
    required: bool = True
    unit: Line | None = None
    help: Line | None = None
    integer: bool = False
    choices: list[Choice] = []

    @model_validator(mode="after")
    def _fits_type(self) -> Self:
        if (self.type in ("choice", "choices")) != bool(self.choices):
            raise ValueError("choices must be given for the types choice and choices, and only there")
        if self.integer and self.type != "number":
            raise ValueError("integer is for numbers only")
        _unique("the values of choices", [choice.value for choice in self.choices])
        return self


Reads = list[tuple[str, ColumnType | None]]


class RequireWhen(Strict):
    """Where column `when` holds `equals`, column `column` must be filled."""

    check: Literal["require_when"]
    column: Key
    when: Key
    equals: Key

    def reads(self) -> Reads:
        """The columns it reads, each with the type it needs (None: any)."""
        return [(self.column, None), (self.when, "choice")]


class Noise(Strict):
    """No alert fires more than `over` times without action; above `suppress_over` it is to be suppressed.

    Reads the columns tier (page, ticket, suppress), fired and acted_on.
    """

    check: Literal["noise"]
    over: PositiveInt
    suppress_over: PositiveInt
    otherwise: Literal["not_met", "warn"] = "not_met"

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.suppress_over < self.over:
            raise ValueError("suppress_over must be at or above over")
        return self

    def reads(self) -> Reads:
        """The columns it reads, each with the type it needs (None: any)."""
        return [("tier", "choice"), ("fired", "number"), ("acted_on", "number")]


class Headroom(Strict):
    """How much of column `limit` the column `peak` leaves: the target is fine, under the limit is not."""

    check: Literal["headroom"]
    target_percent: Positive
    limit_percent: Positive

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.limit_percent <= self.target_percent < 100:  # noqa: PLR2004
            raise ValueError("limit_percent must be at or below target_percent, and both under 100")
        return self

    def reads(self) -> Reads:
        """The columns it reads, each with the type it needs (None: any)."""
        return [("limit", "number"), ("peak", "number")]


class HasAll(Strict):
    """Column `column`, of type choices, has every choice ticked."""

    check: Literal["has_all"]
    column: Key

    def reads(self) -> Reads:
        """The columns it reads, each with the type it needs (None: any)."""
        return [(self.column, "choices")]


class AtMost(Strict):
    """The number in column `column` is at most `limit`."""

    check: Literal["at_most"]
    column: Key
    limit: Annotated[int, Field(ge=0)]

    def reads(self) -> Reads:
        """The columns it reads, each with the type it needs (None: any)."""
        return [(self.column, "number")]


class NotAbove(Strict):
    """The number in column `column` is at most that in column `other`."""

    check: Literal["not_above"]
    column: Key
    other: Key

    def reads(self) -> Reads:
        """The columns it reads, each with the type it needs (None: any)."""
        return [(self.column, "number"), (self.other, "number")]


class Unique(Strict):
    """No two rows have the same text in column `column`."""

    check: Literal["unique"]
    column: Key

    def reads(self) -> Reads:
        """The columns it reads, each with the type it needs (None: any)."""
        return [(self.column, None)]


class CoversChoices(Strict):
    """Every choice of column `column` has at least one row."""

    check: Literal["covers_choices"]
    column: Key

    def reads(self) -> Reads:
        """The columns it reads, each with the type it needs (None: any)."""
        return [(self.column, "choice")]


class Covers(Strict):
    """Every row of the inventory `source` has a row here with the same text in column `column`.

    With `when` and `equals`: only those rows of the source whose column `when` holds `equals`.
    """

    check: Literal["covers"]
    source: Slug
    source_column: Key
    column: Key
    when: Key | None = None
    equals: Key | None = None

    @model_validator(mode="after")
    def _pair(self) -> Self:
        if (self.when is None) != (self.equals is None):
            raise ValueError("when and equals go together")
        return self

    def reads(self) -> Reads:
        """The columns it reads, each with the type it needs (None: any)."""
        return [(self.column, None)]


Check = Annotated[
    RequireWhen | Noise | Headroom | HasAll | AtMost | NotAbove | Unique | CoversChoices | Covers,
    Field(discriminator="check"),
]


class InventorySpec(Strict):
    """Rows in a table, judged row by row. With `source` it judges the rows of another inventory instead.

    In a library file an inventory with a `source` has no columns; in `Item.spec` it has the source's.
    """

    row_name: Line = "row"
    source: Slug | None = None
    columns: Annotated[list[Column], Field(max_length=20)] = []
    min_rows: Annotated[int, Field(ge=0)] = 1
    checks: list[Check] = []

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.source is None and not self.columns:
            raise ValueError("columns must be given, or a source to judge")
        if self.source is not None and not self.checks:
            raise ValueError("checks must be given for an inventory that judges another one")
        _unique("column keys", [column.key for column in self.columns])
        if self.columns:
            check_columns(self.columns, self.checks)
        return self


def check_columns(columns: list[Column], checks: list[Check]) -> None:
    """Raise ValueError unless every column that the checks read is there and has the right type."""
    types = {column.key: column.type for column in columns}
    values = {column.key: [choice.value for choice in column.choices] for column in columns}
    for check in checks:
        for key, wanted in check.reads():
            if key not in types:
                raise ValueError(f"check {check.check} reads column {key}, which is not there")
            if wanted and types[key] != wanted:
                raise ValueError(f"check {check.check} needs column {key} to be of type {wanted}")
        if isinstance(check, RequireWhen) and check.equals not in values[check.when]:
            raise ValueError(f"check require_when: {check.equals} is not a choice of column {check.when}")
        if isinstance(check, Noise) and set(values["tier"]) != {"page", "ticket", "suppress"}:
            raise ValueError("check noise needs the tiers page, ticket and suppress")


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
    """A timed exercise. `max_seconds`: longer is not met. `under_seconds`: that long or longer is not met."""

    operator: Line
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
        _unique("question slugs", [question.slug for question in self.questions])
        _unique("field keys", [field.key for field in self.fields])
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
        AfterValidator(lambda rows: _unique("decision slugs", [row.slug for row in rows]) or rows),
    ]
