"""Judge what an answer records: the bridge from an answer's data to the rules of the checklist.

Shapes of `data` by the item's kind:
measure    {"number", "measured_on", "how"}
drill      {"operator", "witness", "started_at", "finished_at", "outcome", "log", "answers", "times",
           "grades", "commands", "fields", "artifact", "drill", "source"}; written by drills alone
inventory  {"rows": [...]}; an inventory with a source records nothing, it judges the source's rows.
           Beside its cells a row may hold `_id`, which names it (`reviews.table_rows`)
register   {"rows": [{"decision", "choice", "reason", "owner", "owner_id", "trigger"}]}
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from checklist.models import Item
from checklist.rules import (
    Judgement,
    judge_attestation,
    judge_drill,
    judge_inventory,
    judge_measure,
    judge_register,
    related_inventories,
)
from checklist.rules.rows import check_number, clean_rows, is_empty
from checklist.rules.specs import InventorySpec
from readiness.errors import Invalid
from reviews.states import AnswerState

Rows = Sequence[Mapping[str, Any]]
_KEYS: Final[dict[str, tuple[str, ...]]] = {
    Item.Kind.MEASURE: ("number", "measured_on", "how"),
    Item.Kind.DRILL: (
        "operator",
        "witness",
        "started_at",
        "finished_at",
        "outcome",
        "log",
        "answers",
        "times",
        "grades",
        "commands",
        "fields",
        "artifact",
        "drill",
        "source",
    ),
    Item.Kind.INVENTORY: ("rows",),
    Item.Kind.REGISTER: ("rows",),
}
_MAX_TEXT = 20_000


@dataclass(frozen=True, slots=True)
class Judged:
    """Recorded data as it will be stored, and what the rules say of it."""

    data: dict[str, Any]
    judgement: Judgement | None

    @property
    def state(self) -> str:
        """The answer that follows from the data: a warning still counts as met."""
        if self.judgement is None:
            return AnswerState.UNANSWERED
        return AnswerState.NOT_MET if self.judgement.verdict == "not_met" else AnswerState.MET

    def as_json(self) -> dict[str, Any]:
        """The judgement as plain JSON, to be kept beside the answer."""
        return asdict(self.judgement) if self.judgement else {}


@dataclass(frozen=True, slots=True)
class Context:
    """What else the rules look at: the rows of other inventories by item slug, the facts, the time."""

    rows_of: Mapping[str, Rows] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    now: datetime = field(default_factory=timezone.now)


def sources_of(item: Item) -> set[str]:
    """Slugs of the inventories whose rows judging this item needs."""
    if item.kind != Item.Kind.INVENTORY:
        return set()
    source = item.spec.get("source")
    return related_inventories(item.spec) | ({source} if source else set())


def is_computed(item: Item) -> bool:
    """Whether the item records nothing of its own and follows another inventory."""
    return item.kind == Item.Kind.INVENTORY and bool(item.spec.get("source"))


def judge(item: Item, data: Mapping[str, Any], note: str, context: Context) -> Judged:
    """Clean and judge what was recorded for `item`. Raises Invalid for data of another shape.

    A cell that cannot be read keeps its text and makes the verdict “not met”, so nothing typed is lost.
    """
    if item.kind == Item.Kind.ATTESTATION:
        return Judged({}, judge_attestation(item.spec, note))
    cleaned = _cleaned(item, data)
    if is_computed(item):
        rows = context.rows_of.get(item.spec["source"], [])
        return Judged({}, judge_inventory(item.spec, rows, related=context.rows_of) if rows else None)
    if not cleaned:
        return Judged({}, None)
    return Judged(cleaned, _judgement(item, cleaned, context))


def _judgement(item: Item, data: dict[str, Any], context: Context) -> Judgement:
    match item.kind:
        case Item.Kind.MEASURE:
            return judge_measure(item.spec, data.get("number"))
        case Item.Kind.DRILL:
            return judge_drill(item.spec, data, now=context.now)
        case Item.Kind.INVENTORY:
            return judge_inventory(item.spec, data["rows"], related=context.rows_of)
        case _:
            return judge_register(
                item.spec, data["rows"], context.facts, today=timezone.localdate(context.now)
            )


def _cleaned(item: Item, data: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(data) - set(_KEYS[item.kind])
    if unknown:
        raise Invalid(f"Unknown values: {', '.join(sorted(unknown))}. Reload the page and try again.")
    kept = {key: value for key, value in data.items() if value not in (None, "", [], {})}
    if item.kind == Item.Kind.INVENTORY and "rows" in kept:
        columns = InventorySpec.model_validate(item.spec).columns
        rows, errors = clean_rows(columns, kept["rows"])
        if not rows and errors:
            raise Invalid(errors[0][""], {"rows": [errors[0][""]]})
        kept["rows"] = [row for row in rows if not is_empty(row)]
    if item.kind == Item.Kind.MEASURE and "number" in kept:
        kept["number"] = _number(kept["number"])
    if item.kind == Item.Kind.MEASURE and "measured_on" in kept:
        kept["measured_on"] = _measured_on(kept["measured_on"])
    _check_texts(kept)
    return {key: value for key, value in kept.items() if value != []}


def _number(value: Any) -> int | float:
    """Read a typed number by the rules of every other number; Invalid shows what was typed."""
    typed = str(value).strip()
    # 1,000 is a thousand in English; 4,5 is left to be refused rather than read as 45.
    plain = typed.replace(",", "") if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", typed) else typed
    message = f"“{typed[:40]}” is not a number. Write digits, for example 4 or 0.5."
    if not re.fullmatch(r"-?\d{1,20}(\.\d{1,20})?", plain):
        raise Invalid(message, {"number": [message]})
    try:
        return check_number(float(plain))
    except ValueError as error:
        raise Invalid(str(error), {"number": [str(error)]}) from None


def _measured_on(value: Any) -> str:
    """Read a typed day; Invalid for what is no day, and for one that has not come yet."""
    try:
        day = date.fromisoformat(str(value).strip())
    except ValueError:
        message = f"“{str(value)[:40]}” is not a date. Write it as 2026-11-23."
        raise Invalid(message, {"measured_on": [message]}) from None
    # A day further east: it may be tomorrow there already.
    if day > timezone.localdate() + timedelta(days=1):
        message = f"{day} has not come yet. Say on which day it was measured."
        raise Invalid(message, {"measured_on": [message]})
    return day.isoformat()


def _check_texts(value: Any) -> None:
    """Refuse NUL bytes, which JSON in PostgreSQL cannot hold, and endless texts, wherever they are."""
    if isinstance(value, str):
        if "\x00" in value:
            raise Invalid("Remove the NUL characters.")
        if len(value) > _MAX_TEXT:
            raise Invalid(f"A text has {len(value):,} characters; at most {_MAX_TEXT:,} fit.")
    elif isinstance(value, Mapping):
        for part in value.values():
            _check_texts(part)
    elif isinstance(value, list):
        for part in value:
            _check_texts(part)
