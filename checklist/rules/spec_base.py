"""What specs are made of: names, numbers, columns."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
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


def unique(what: str, values: list[str]) -> None:
    """Raise ValueError when a value is there twice."""
    twice = sorted({value for value in values if values.count(value) > 1})
    if twice:
        raise ValueError(f"{what} must be unique; twice: {', '.join(twice)}")


class Strict(BaseModel):
    """No unknown keys, no coercion: what the file says is what is meant."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Choice(Strict):
    """A value of a choice column and its label."""

    value: Key
    label: Line


ColumnType = Literal[
    "text", "long_text", "url", "number", "boolean", "choice", "choices", "date", "datetime", "runbook"
]
# What the linter of runbooks says of a text, and the type of a column that can hold it.
LINTED: Final[dict[str, str]] = {"parts": "choices", "intro_sentences": "number", "vague_steps": "number"}


class Column(Strict):
    """One column of an inventory, or one field of a drill's record.

    The type runbook holds the SHA-256 of a runbook's text. A column with `from_lint` is filled by linting
    that text; nobody types in either.
    """

    key: Key
    label: Line
    type: ColumnType = "text"
    required: bool = True
    unit: Line | None = None
    help: Line | None = None
    integer: bool = False
    choices: list[Choice] = []
    from_lint: Literal["parts", "intro_sentences", "vague_steps"] | None = None

    @property
    def is_typed(self) -> bool:
        """Whether people fill it in."""
        return self.type != "runbook" and self.from_lint is None

    @model_validator(mode="after")
    def _fits_type(self) -> Self:
        if (self.type in ("choice", "choices")) != bool(self.choices):
            raise ValueError("choices must be given for the types choice and choices, and only there")
        if self.integer and self.type != "number":
            raise ValueError("integer is for numbers only")
        if self.from_lint and self.type != LINTED[self.from_lint]:
            wanted = LINTED[self.from_lint]
            raise ValueError(f"from_lint {self.from_lint} needs the type {wanted}")
        if self.required and not self.is_typed:
            raise ValueError("what nobody types cannot be required")
        unique("the values of choices", [choice.value for choice in self.choices])
        return self
