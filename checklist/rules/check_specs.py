"""What is checked in the rows of an inventory, as pydantic models: the `checks` of its spec."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from checklist.rules.spec_base import Column, ColumnType, Key, Positive, PositiveInt, Slug, Strict

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


class AlertCheck(Strict):
    """Reads the columns tier (page, ticket, suppress), fired and acted_on of an inventory of alerts."""

    def reads(self) -> Reads:
        """The columns it reads, each with the type it needs (None: any)."""
        return [("tier", "choice"), ("fired", "number"), ("acted_on", "number")]


class _Thresholds(AlertCheck):
    over: PositiveInt
    suppress_over: PositiveInt

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.suppress_over < self.over:
            raise ValueError("suppress_over must be at or above over")
        return self


class Noise(_Thresholds):
    """No alert fires more than `over` times without action; above `suppress_over` it is to be suppressed."""

    check: Literal["noise"]
    otherwise: Literal["not_met", "warn"] = "not_met"


class AlertAdvice(_Thresholds):
    """Advise on each alert: keep, downgrade, suppress or delete (`checklist.rules.alerts`)."""

    check: Literal["alert_advice"]


class Suppressed(AlertCheck):
    """What nobody can act on is suppressed, as is what fired more than `over` times with no action at all."""

    check: Literal["suppressed"]
    over: PositiveInt


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
    RequireWhen
    | Noise
    | AlertAdvice
    | Suppressed
    | Headroom
    | HasAll
    | AtMost
    | NotAbove
    | Unique
    | CoversChoices
    | Covers,
    Field(discriminator="check"),
]


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
        if isinstance(check, AlertCheck) and set(values["tier"]) != {"page", "ticket", "suppress"}:
            raise ValueError(f"check {check.check} needs the tiers page, ticket and suppress")
