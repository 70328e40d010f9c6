"""Judging inventories row by row, with a recommendation where one can be computed. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from checklist.rules.judgement import Judgement, Recommendation, RowJudgement, Verdict, worst
from checklist.rules.rows import clean_rows
from checklist.rules.specs import (
    AtMost,
    Check,
    Column,
    Covers,
    CoversChoices,
    HasAll,
    Headroom,
    InventorySpec,
    Noise,
    NotAbove,
    RequireWhen,
    Unique,
)

Row = Mapping[str, Any]


class _Finding(NamedTuple):
    verdict: Verdict
    reason: str = ""
    recommendation: Recommendation | None = None


def related_inventories(spec: Mapping[str, Any]) -> set[str]:
    """Slugs of the inventories whose rows `judge_inventory` wants in `related`."""
    return {check["source"] for check in spec.get("checks", []) if check["check"] == "covers"}


def judge_inventory(
    spec: Mapping[str, Any], rows: Sequence[Row], *, related: Mapping[str, Sequence[Row]] | None = None
) -> Judgement:
    """Judge an inventory's rows; for a spec with a `source`, `rows` are those of the source.

    `related` holds the rows of the inventories that `related_inventories` names, by item slug. The
    judgement's rows follow `rows`.
    """
    inventory = InventorySpec.model_validate(dict(spec))
    columns = {column.key: column for column in inventory.columns}
    cleaned, errors = clean_rows(inventory.columns, rows)
    if len(cleaned) != len(rows):
        return Judgement("not_met", [errors[0][""]])
    judged = [
        _judge_row(inventory, columns, row, {} if inventory.source else row_errors)
        for row, row_errors in zip(cleaned, errors, strict=True)
    ]
    whole = [
        reason for check in inventory.checks for reason in _whole(check, columns, cleaned, related or {})
    ]
    if len(rows) < inventory.min_rows:
        whole.insert(
            0, f"List at least {inventory.min_rows} {_plural(inventory.row_name, inventory.min_rows)}."
        )
    verdict = worst([row.verdict for row in judged] + (["not_met"] if whole else []))
    return Judgement(verdict, whole + _summary(inventory, cleaned, judged), judged)


def totals_in_words(spec: InventorySpec, rows: Sequence[Row], verdicts: Sequence[str]) -> str:
    """The rows in a sentence: “5 runbooks, 2 to mend, 1 to look at.”"""
    if not rows:
        return ""
    parts = [f"{len(rows)} {_plural(spec.row_name, len(rows))}"]
    for verdict, words in (("not_met", "to mend"), ("warn", "to look at")):
        if count := sum(each == verdict for each in verdicts):
            parts.append(f"{count} {words}")
    return f"{', '.join(parts)}."


def _summary(inventory: InventorySpec, rows: Sequence[Row], judged: list[RowJudgement]) -> list[str]:
    total = len(judged)
    if not total:
        return []
    if all(row.verdict == "met" for row in judged):
        name = _plural(inventory.row_name, total)
        return [f"All {total} {name} in order." if total > 1 else f"1 {name}, in order."]
    return [totals_in_words(inventory, rows, [row.verdict for row in judged])]


def _plural(name: str, count: int) -> str:
    return name if count == 1 else f"{name}s"


def _judge_row(
    inventory: InventorySpec, columns: Mapping[str, Column], row: Row, errors: Mapping[str, str]
) -> RowJudgement:
    findings = [
        _Finding("not_met", f"{columns[key].label if key in columns else key}: {message}" if key else message)
        for key, message in errors.items()
    ]
    for check in inventory.checks:
        if any(key in errors for key, _ in check.reads()):
            continue  # already reported: one reason for one mistake
        finding = _check_row(check, columns, row)
        if finding is not None:
            findings.append(finding)
    return RowJudgement(
        worst(finding.verdict for finding in findings),
        [finding.reason for finding in findings if finding.reason],
        next((finding.recommendation for finding in findings if finding.recommendation), None),
    )


def _check_row(check: Check, columns: Mapping[str, Column], row: Row) -> _Finding | None:
    finding = None
    match check:
        case RequireWhen():
            finding = _require_when(check, columns, row)
        case Noise():
            finding = _noise(check, row)
        case Headroom():
            finding = _headroom(check, row)
        case HasAll():
            finding = _has_all(columns[check.column], row)
        case AtMost():
            finding = _at_most(check, columns[check.column], row)
        case NotAbove():
            finding = _not_above(check, columns, row)
    return finding


def _number(row: Row, key: str) -> Decimal | None:
    value = row.get(key)
    return None if isinstance(value, bool) or not isinstance(value, int | float) else Decimal(str(value))


def _require_when(check: RequireWhen, columns: Mapping[str, Column], row: Row) -> _Finding | None:
    if row.get(check.when) != check.equals or row.get(check.column):
        return None
    when = next(choice.label for choice in columns[check.when].choices if choice.value == check.equals)
    return _Finding("not_met", f"{columns[check.column].label} is missing, and {when.lower()} needs one.")


def _noise(check: Noise, row: Row) -> _Finding:
    fired, acted_on, tier = _number(row, "fired"), _number(row, "acted_on"), row.get("tier")
    if fired is None or acted_on is None or tier is None:
        return _Finding(check.otherwise, "Say its tier, how often it fired and how often somebody acted.")
    unacted = fired - acted_on
    if tier == "suppress" or unacted <= check.over:
        return _Finding("met", "", "keep")
    times = f"fired {fired:g} times, {unacted:g} of them without action"
    if not acted_on:
        times = f"fired {fired:g} times, nobody acted"
    if not acted_on and unacted > check.suppress_over:
        return _Finding(check.otherwise, f"Suppress it: {times}.", "suppress")
    if not acted_on:
        lesser = "downgrade it to a ticket" if tier == "page" else "suppress it"
        return _Finding(check.otherwise, f"Delete it, or {lesser}: {times}.", "delete")
    lesser = "Downgrade it to a ticket" if tier == "page" else "Raise its threshold or suppress it"
    return _Finding(check.otherwise, f"{lesser}: {times}.", "downgrade")


def _headroom(check: Headroom, row: Row) -> _Finding:
    limit, peak = _number(row, "limit"), _number(row, "peak")
    if limit is None or peak is None:
        return _Finding("not_met", "Enter limit and peak.")
    if limit <= 0:
        return _Finding("not_met", "The limit must be above 0.")
    left = (limit - peak) * 100  # percent, times the limit: exact, without dividing
    said = f"Headroom {left / limit:.4g} %"
    if left < Decimal(str(check.limit_percent)) * limit:
        return _Finding("not_met", f"{said}; at least {check.limit_percent:g} % needed.")
    if left < Decimal(str(check.target_percent)) * limit:
        return _Finding("warn", f"{said}; {check.target_percent:g} % is the target.")
    return _Finding("met", f"{said}.")


def _has_all(column: Column, row: Row) -> _Finding | None:
    there = row.get(column.key) or []
    missing = [choice.label for choice in column.choices if choice.value not in there]
    return _Finding("not_met", f"Missing: {', '.join(missing)}.") if missing else None


def _at_most(check: AtMost, column: Column, row: Row) -> _Finding | None:
    value = _number(row, check.column)
    if value is None:
        return _Finding("not_met", f"{column.label}: fill this in.")
    if value > check.limit:
        return _Finding("not_met", f"{column.label}: {value:g}, at most {check.limit}.")
    return None


def _not_above(check: NotAbove, columns: Mapping[str, Column], row: Row) -> _Finding | None:
    value, other = _number(row, check.column), _number(row, check.other)
    if value is None or other is None or value <= other:
        return None
    return _Finding(
        "not_met", f"{columns[check.column].label} is above {columns[check.other].label.lower()}."
    )


def _whole(
    check: Check, columns: Mapping[str, Column], rows: Sequence[Row], related: Mapping[str, Sequence[Row]]
) -> list[str]:
    """What is wrong with the inventory as a whole."""
    if isinstance(check, Covers):
        return _covers(check, rows, related.get(check.source, []))
    if isinstance(check, CoversChoices):
        there = {row.get(check.column) for row in rows}
        missing = [choice.label for choice in columns[check.column].choices if choice.value not in there]
        return [f"No row for: {', '.join(missing)}."] if missing and rows else []
    if isinstance(check, Unique):
        names = [_same(row.get(check.column)) for row in rows]
        twice = sorted({name for name in names if name and names.count(name) > 1})
        return [f"Listed twice: {', '.join(twice)}."] if twice else []
    return []


def _covers(check: Covers, rows: Sequence[Row], source: Sequence[Row]) -> list[str]:
    if not source:
        return [f"Fill in “{check.source}” first: each of its rows needs one here."]
    wanted = [
        str(row[check.source_column])
        for row in source
        if row.get(check.source_column) and (check.when is None or row.get(check.when) == check.equals)
    ]
    there = {_same(row.get(check.column)) for row in rows}
    missing = [name for name in wanted if _same(name) not in there]
    return [f"No row for: {', '.join(missing)}."] if missing else []


def _same(name: Any) -> str:
    """Names compare without regard to case and spacing."""
    return " ".join(str(name or "").split()).casefold()
