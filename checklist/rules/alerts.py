"""What to do with an alert: keep, downgrade, suppress or delete, by the article's three tiers. Pure.

Pages are for what users feel now; what can wait is a ticket; what nobody can act on is suppressed. A row
holds tier (page, ticket, suppress), fired and acted_on (counts of the last 7 days) and, where the inventory
has them, symptom, runbook and about (what the alert reports).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from checklist.rules.judgement import Finding, Recommendation, Verdict

Row = Mapping[str, Any]

# What an alert may report (column `about`) that is to be suppressed, with the reason.
NOBODY_ACTS: Final = {
    "instance": "one instance that recovers by itself needs nobody",
    "downstream": "a passing error downstream, below your threshold, needs nobody",
    "log": "no user sees an error in a log",
}
# What is work for the day, not for the night.
NOT_AT_NIGHT: Final = {
    "running_out": "what runs out slowly is work for the day",
    "resource": "users do not feel a measure inside; keep it on a dashboard",
}
_WEIGHT: Final[dict[Recommendation, int]] = {"keep": 0, "downgrade": 1, "suppress": 2, "delete": 3}
_PROPOSED: Final[dict[str, str]] = {"suppress": "suppress", "delete": "", "downgrade": "ticket"}


def judge_noise(row: Row, *, over: int, suppress_over: int, otherwise: str = "not_met") -> Finding:
    """Judge whether an alert fires without anybody acting: more than `over` times is too often."""
    verdict: Verdict = "warn" if otherwise == "warn" else "not_met"
    if _figures(row) is None:
        return Finding(verdict, "Say its tier, how often it fired and how often somebody acted.")
    noisy = _noise(row, over, suppress_over)
    if noisy is None:
        return Finding("met", "", "keep")
    return Finding(verdict, noisy[1], noisy[0])


def judge_suppressed(row: Row, *, over: int) -> Finding | None:
    """Judge whether an alert that nobody can act on is suppressed; None where nothing says so."""
    if row.get("tier") == "suppress":
        return None
    if cause := NOBODY_ACTS.get(str(row.get("about") or "")):
        return Finding("not_met", f"Suppress it: {cause}.", "suppress")
    figures = _figures(row)
    if figures and not figures[1] and figures[0] > over:
        return Finding("not_met", f"Suppress it: fired {figures[0]:g} times, nobody acted.", "suppress")
    return None


def advise(row: Row, *, over: int, suppress_over: int) -> Finding:
    """Say what to do with one alert, with every reason; it is a warning at most.

    The weightiest advice holds: delete, then suppress, downgrade, keep.
    """
    if row.get("tier") == "suppress":
        return Finding("met", "", "keep")
    found: list[tuple[Recommendation, str]] = []
    figures = _figures(row)
    noisy = _noise(row, over, suppress_over)
    if noisy:
        found.append(noisy)
    about = str(row.get("about") or "")
    if cause := NOBODY_ACTS.get(about):
        found.append(("suppress", f"Suppress it: {cause}."))
    if row.get("tier") == "page":
        if cause := NOT_AT_NIGHT.get(about):
            found.append(("downgrade", f"Downgrade it to a ticket: {cause}."))
        if "symptom" in row and not row.get("symptom"):
            found.append(_no_symptom(noisy is not None))
        if "runbook" in row and not row.get("runbook"):
            found.append(("keep", "Link its runbook: whoever it wakes needs the first step."))
    if figures is None:
        found.append(("keep", "Say its tier, how often it fired and how often somebody acted."))
    if not found:
        return Finding("met", "", "keep")
    known = figures is not None or any(_WEIGHT[advice] for advice, _ in found)
    advice = max((advice for advice, _ in found), key=_WEIGHT.__getitem__)
    return Finding("warn", " ".join(reason for _, reason in found), advice if known else None)


def _no_symptom(noisy: bool) -> tuple[Recommendation, str]:
    if noisy:
        return "delete", "Delete it: nobody has written down what users feel, and nobody acts on it."
    return "downgrade", "Write down what users feel when it fires; if they feel nothing, it is no page."


def _noise(row: Row, over: int, suppress_over: int) -> tuple[Recommendation, str] | None:
    """Advice and reason for an alert that fired more than `over` times without action."""
    figures, tier = _figures(row), row.get("tier")
    if figures is None or tier == "suppress":
        return None
    fired, acted_on = figures
    unacted = fired - acted_on
    if unacted <= over:
        return None
    if acted_on:
        lesser = "Downgrade it to a ticket" if tier == "page" else "Raise its threshold or suppress it"
        return "downgrade", f"{lesser}: fired {fired:g} times, {unacted:g} of them without action."
    times = f"fired {fired:g} times, nobody acted"
    if unacted > suppress_over:
        return "suppress", f"Suppress it: {times}."
    lesser = "downgrade it to a ticket" if tier == "page" else "suppress it"
    return "delete", f"Delete it, or {lesser}: {times}."


def _figures(row: Row) -> tuple[Decimal, Decimal] | None:
    """How often it fired and how often somebody acted; None where that or the tier is not known."""
    fired, acted_on = number(row, "fired"), number(row, "acted_on")
    return None if fired is None or acted_on is None or row.get("tier") is None else (fired, acted_on)


def number(row: Row, key: str) -> Decimal | None:
    """The number in a cell, exactly; None where there is none."""
    value = row.get(key)
    return None if isinstance(value, bool) or not isinstance(value, int | float) else Decimal(str(value))


def proposed_tier(tier: str, recommendation: str) -> str:
    """The tier that a recommendation proposes; "" for an alert that is to be deleted."""
    if recommendation == "downgrade" and tier != "page":
        return "suppress"
    return _PROPOSED.get(recommendation, tier)


def alert_totals(rows: Sequence[Row], advice: Sequence[str | None]) -> str:
    """The alerts in a sentence: “14 pages, 3 without a runbook, 2 to delete.”"""
    tiers = [row.get("tier") for row in rows]
    bare = sum(row.get("tier") == "page" and not row.get("runbook") for row in rows)
    parts = [
        counted(tiers.count("page"), "page"),
        f"{bare} without a runbook" if bare and any("runbook" in row for row in rows) else "",
        counted(tiers.count("ticket"), "ticket"),
        f"{tiers.count('suppress')} suppressed" if "suppress" in tiers else "",
        *[
            f"{count} to {word}"
            for word in ("delete", "suppress", "downgrade")
            if (count := sum(each == word for each in advice))
        ],
    ]
    said = ", ".join(part for part in parts if part)
    return f"{said}." if said else f"{counted(len(rows), 'alert')}, none with a tier yet."


def counted(count: int, word: str) -> str:
    """“3 pages”; nothing for none."""
    return f"{count} {word}{'' if count == 1 else 's'}" if count else ""
