"""Judging inventories row by row, with a recommendation where one can be computed. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from checklist.rules.alerts import advise, alert_totals, judge_noise, judge_suppressed, number
from checklist.rules.check_specs import (
    AlertAdvice,
    AtMost,
    Check,
    Covers,
    CoversChoices,
    HasAll,
    Headroom,
    Noise,
    NotAbove,
    RequireWhen,
    Suppressed,
    Unique,
)
from checklist.rules.judgement import Finding, Judgement, RowJudgement, worst
from checklist.rules.rows import clean_rows
from checklist.rules.spec_base import Column
from checklist.rules.specs import InventorySpec

Row = Mapping[str, Any]


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


def totals_in_words(
    inventory: InventorySpec, rows: Sequence[Row], verdicts: Sequence[tuple[str, str | None]]
) -> str:
    """The rows in a sentence: “5 runbooks, 2 to mend, 1 to look at.”; alerts by tier and advice.

    `verdicts` are verdict and recommendation of each row.
    """
    if not rows:
        return ""
    if any(isinstance(check, AlertAdvice) for check in inventory.checks):
        return alert_totals(rows, [advice for _, advice in verdicts])
    parts = [f"{len(rows)} {_plural(inventory.row_name, len(rows))}"]
    for verdict, words in (("not_met", "to mend"), ("warn", "to look at")):
        if count := sum(each == verdict for each, _ in verdicts):
            parts.append(f"{count} {words}")
    return f"{', '.join(parts)}."


def _summary(inventory: InventorySpec, rows: Sequence[Row], judged: list[RowJudgement]) -> list[str]:
    total = len(judged)
    if not total:
        return []
    if all(row.verdict == "met" for row in judged):
        name = _plural(inventory.row_name, total)
        return [f"All {total} {name} in order." if total > 1 else f"1 {name}, in order."]
    return [totals_in_words(inventory, rows, [(row.verdict, row.recommendation) for row in judged])]


def _plural(name: str, count: int) -> str:
    return name if count == 1 else f"{name}s"


def _judge_row(
    inventory: InventorySpec, columns: Mapping[str, Column], row: Row, errors: Mapping[str, str]
) -> RowJudgement:
    findings = [
        Finding("not_met", f"{columns[key].label if key in columns else key}: {message}" if key else message)
        for key, message in errors.items()
    ]
    linted = {column.key for column in inventory.columns if column.from_lint}
    unread = linted if inventory.runbook and not row.get(inventory.runbook) else set()
    for check in inventory.checks:
        keys = {key for key, _ in check.reads()}
        if keys & errors.keys():
            continue  # already reported: one reason for one mistake
        if keys & unread:
            findings.append(Finding("not_met", "Its text is missing. Paste or upload it, and it is linted."))
            continue
        finding = _check_row(check, columns, row)
        if finding is not None:
            findings.append(finding)
    return RowJudgement(
        worst(finding.verdict for finding in findings),
        [finding.reason for finding in findings if finding.reason],
        next((finding.recommendation for finding in findings if finding.recommendation), None),
    )


def _check_row(check: Check, columns: Mapping[str, Column], row: Row) -> Finding | None:
    finding = None
    match check:
        case RequireWhen():
            finding = _require_when(check, columns, row)
        case Noise():
            finding = judge_noise(
                row, over=check.over, suppress_over=check.suppress_over, otherwise=check.otherwise
            )
        case AlertAdvice():
            finding = advise(row, over=check.over, suppress_over=check.suppress_over)
        case Suppressed():
            finding = judge_suppressed(row, over=check.over)
        case Headroom():
            finding = _headroom(check, row)
        case HasAll():
            finding = _has_all(columns[check.column], row)
        case AtMost():
            finding = _at_most(check, columns[check.column], row)
        case NotAbove():
            finding = _not_above(check, columns, row)
    return finding


def _require_when(check: RequireWhen, columns: Mapping[str, Column], row: Row) -> Finding | None:
    if row.get(check.when) != check.equals or row.get(check.column):
        return None
    when = next(choice.label for choice in columns[check.when].choices if choice.value == check.equals)
    return Finding("not_met", f"{columns[check.column].label} is missing, and {when.lower()} needs one.")


def _headroom(check: Headroom, row: Row) -> Finding:
    limit, peak = number(row, "limit"), number(row, "peak")
    if limit is None or peak is None:
        return Finding("not_met", "Enter limit and peak.")
    if limit <= 0:
        return Finding("not_met", "The limit must be above 0.")
    left = (limit - peak) * 100  # percent, times the limit: exact, without dividing
    said = f"Headroom {left / limit:.4g} %"
    if left < Decimal(str(check.limit_percent)) * limit:
        return Finding("not_met", f"{said}; at least {check.limit_percent:g} % needed.")
    if left < Decimal(str(check.target_percent)) * limit:
        return Finding("warn", f"{said}; {check.target_percent:g} % is the target.")
    return Finding("met", f"{said}.")


def _has_all(column: Column, row: Row) -> Finding | None:
    there = row.get(column.key) or []
    missing = [choice.label for choice in column.choices if choice.value not in there]
    return Finding("not_met", f"Missing: {', '.join(missing)}.") if missing else None


def _at_most(check: AtMost, column: Column, row: Row) -> Finding | None:
    value = number(row, check.column)
    if value is None:
        return Finding("not_met", f"{column.label}: fill this in.")
    if value > check.limit:
        return Finding("not_met", f"{column.label}: {value:g}, at most {check.limit}.")
    return None


def _not_above(check: NotAbove, columns: Mapping[str, Column], row: Row) -> Finding | None:
    value, other = number(row, check.column), number(row, check.other)
    if value is None or other is None or value <= other:
        return None
    return Finding("not_met", f"{columns[check.column].label} is above {columns[check.other].label.lower()}.")


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
