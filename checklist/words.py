"""What a checklist asks, said in words: thresholds, applicability, evidence. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from checklist.rules import describe_rule
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
from checklist.rules.spec_base import Column
from checklist.rules.specs import AttestationSpec, DrillSpec, InventorySpec, MeasureSpec, RegisterSpec
from readiness.accounts.roles import REVIEWER_ROLES


def applicability(rule: Mapping[str, Any] | None) -> str:
    """When an item applies: “Only when the service handles payments.” Empty: always."""
    return "" if rule is None else f"Only when {describe_rule(rule)}."


def evidence(rule: str, lifetime_days: int | None) -> str:
    """What evidence is wanted, and for how many days it counts."""
    if rule == "none":
        return "No evidence asked for."
    start = "Evidence required" if rule == "required" else "Evidence welcome"
    return f"{start}; it counts for {lifetime_days} days." if lifetime_days else f"{start}."


def roles(slugs: list[str]) -> str:
    """Reviewer roles by name, “any role” when none is named."""
    return ", ".join(REVIEWER_ROLES.get(slug, slug) for slug in slugs) or "any role"


def value(data: Any) -> str:
    """A field's value: text as it is, nothing as “nothing”, structure as JSON."""
    if data is None or data == "":
        return "nothing"
    if isinstance(data, bool):
        return "yes" if data else "no"
    return data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)


def what_is_asked(kind: str, spec: Mapping[str, Any]) -> list[str]:
    """The thresholds and parts of an item, one sentence each."""
    return {
        "attestation": _attestation,
        "measure": _measure,
        "drill": _drill,
        "inventory": _inventory,
        "register": _register,
    }[kind](dict(spec))


def _attestation(data: dict[str, Any]) -> list[str]:
    spec = AttestationSpec.model_validate(data)
    if not spec.note_label:
        return []
    must = "The note must say" if spec.note_required else "The note may say"
    sentences = [f"{must}: {_lower_first(spec.note_label)}."]
    if spec.suggestions:
        sentences.append(f"For example: {'; '.join(spec.suggestions)}.")
    return sentences


def _measure(data: dict[str, Any]) -> list[str]:
    spec = MeasureSpec.model_validate(data)
    kind = "A whole number" if spec.integer else "A number"
    sentences = [f"{kind}: {spec.unit}. Say when and how it was measured."]
    if spec.limit is not None:
        side, beyond = ("At least", "below") if spec.direction == "at_least" else ("At most", "above")
        sentences.append(f"{side} {spec.limit:g}.")
        if spec.target is not None:
            sentences.append(f"{spec.target:g} is the target; {beyond} it there is a warning.")
    return sentences


def _drill(data: dict[str, Any]) -> list[str]:
    spec = DrillSpec.model_validate(data)
    sentences = [f"Done by: {_lower_first(spec.operator)}. Somebody else watches."]
    if spec.max_seconds is not None:
        sentences.append(f"At most {duration(spec.max_seconds)}.")
    if spec.under_seconds is not None:
        sentences.append(f"In under {duration(spec.under_seconds)}; exactly that is too long.")
    if spec.max_commands is not None:
        sentences.append(
            "With one command." if spec.max_commands == 1 else f"At most {spec.max_commands} commands."
        )
    labels = {field.key: field.label for field in spec.fields}
    sentences += [f"“{question.text}” is answered." for question in spec.questions]
    sentences += [f"“{labels[key]}” must be yes." for key in spec.must_be_true]
    sentences += [
        f"{objective.label}: at most what is entered as “{labels[objective.declared]}”."
        for objective in spec.objectives
    ]
    if spec.max_age_days is not None:
        sentences.append(f"At most {spec.max_age_days} days old.")
    return sentences


def duration(seconds: int) -> str:
    """A limit in words: “10 minutes”, “90 seconds”."""
    minutes, rest = divmod(seconds, 60)
    if rest:
        return f"{seconds} seconds"
    return "1 minute" if minutes == 1 else f"{minutes} minutes"


def _inventory(data: dict[str, Any]) -> list[str]:
    spec = InventorySpec.model_validate(data)
    columns = {column.key: column for column in spec.columns}
    sentences = []
    if spec.source:
        sentences.append(f"Judged from the rows of “{spec.source}”.")
    else:
        named = "; ".join(_column(column) for column in spec.columns)
        sentences.append(f"One row for each {spec.row_name}: {named}.")
    return sentences + [_check(check, columns) for check in spec.checks]


def _column(column: Column) -> str:
    name = _lower_first(column.label)
    if column.unit:
        name += f" in {column.unit}"
    return name if column.required else f"{name} (may stay empty)"


def _check(check: Check, columns: Mapping[str, Column]) -> str:
    def label(key: str) -> str:
        return f"“{columns[key].label}”" if key in columns else f"“{key}”"

    match check:
        case RequireWhen():
            when = next(
                choice.label for choice in columns[check.when].choices if choice.value == check.equals
            )
            return f"{label(check.column)} is filled in wherever {label(check.when)} is “{when}”."
        case Noise():
            verdict = "is not met" if check.otherwise == "not_met" else "gets a warning"
            return (
                f"A row that fired more than {check.over} times without action {verdict}: delete or "
                f"downgrade it; above {check.suppress_over} with no action at all, suppress it."
            )
        case AlertAdvice() | Suppressed():
            return _alert_check(check)
        case Headroom():
            return (
                f"{check.target_percent:g} % or more left is fine, {check.limit_percent:g} to "
                f"{check.target_percent:g} % is a warning, less is not met."
            )
        case HasAll():
            parts = "; ".join(choice.label.lower() for choice in columns[check.column].choices)
            return f"{label(check.column)} has all of: {parts}."
        case _:
            return _short_check(check, label)


def _alert_check(check: AlertAdvice | Suppressed) -> str:
    if isinstance(check, AlertAdvice):
        return "Each row gets a recommendation, with its reason: keep, downgrade, suppress or delete."
    return (
        f"What fired more than {check.over} times with no action, what recovers by itself, passing errors "
        "downstream and errors in a log are suppressed."
    )


def _short_check(check: AtMost | NotAbove | Unique | CoversChoices | Covers, label: Any) -> str:
    match check:
        case AtMost():
            return f"{label(check.column)} is at most {check.limit}."
        case NotAbove():
            return f"{label(check.column)} is not above {label(check.other)}."
        case Unique():
            return f"No two rows have the same {label(check.column)}."
        case CoversChoices():
            return f"Every choice of {label(check.column)} has at least one row."
        case Covers():
            only = f" that is “{check.equals}”" if check.equals else ""
            return f"Each row of “{check.source}”{only} has a row here."


def _register(data: dict[str, Any]) -> list[str]:
    spec = RegisterSpec.model_validate(data)
    sentences = ["Defer or adopt, with a reason, an owner and a trigger that says when to look again."]
    for decision in spec.decisions:
        sentences.append(f"{decision.title}: defer until {decision.defer_until}.")
        if decision.reached_when:
            sentences.append(f"Watched for you: due when {describe_rule(decision.reached_when)}.")
    return sentences


def _lower_first(text: str) -> str:
    """Lower the first letter, unless the word is an abbreviation."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]
