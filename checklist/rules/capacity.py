"""Tiers and their headroom side by side, what changed since the last look, and when the next is due. Pure.

Headroom is what is left of a limit at peak, in percent. 30 % or more is fine, 15 to 30 % warns, less is not
met; the two figures are of the checklist's own making, and each checklist may say others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from checklist.rules.judgement import Verdict

TARGET_PERCENT: Final = 30
LEAST_PERCENT: Final = 15
# A month and a week.
REVIEW_DAYS: Final = 38
_FULL: Final = 100
_MINUTES_IN_HOUR: Final = 60
_MINUTES_IN_DAY: Final = 24 * 60

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tier:
    """One tier; `headroom` in percent and `minutes` to scale are None where nobody can say."""

    name: str
    resource: str
    limit: int | float | None
    peak: int | float | None
    headroom: float | None
    verdict: Verdict
    words: str
    how: str = ""
    minutes: int | float | None = None

    @property
    def used(self) -> int:
        """Percent of the limit that is used at peak, for a bar: from 0 to 100."""
        return 0 if self.headroom is None else max(0, min(_FULL, round(_FULL - self.headroom)))

    @property
    def shown(self) -> tuple[str, str]:
        """Limit and peak for a reader."""
        return _figure(self.limit), _figure(self.peak)

    @property
    def scales_in(self) -> str:
        """How long it takes to scale, in words; "" where nobody said."""
        return "" if self.minutes is None else in_words(self.minutes)


def tiers(
    rows: Iterable[Row],
    scaling: Iterable[Row] = (),
    *,
    target: float = TARGET_PERCENT,
    least: float = LEAST_PERCENT,
) -> list[Tier]:
    """Put the rows of the headroom and time-to-scale items together, the least headroom first.

    A tier whose headroom cannot be worked out (a limit of 0, a figure missing) comes before all others.
    """
    by_name = {_key(row.get("tier")): row for row in scaling}
    found = [_tier(row, by_name.get(_key(row.get("tier")), {}), target, least) for row in rows]
    return sorted(found, key=lambda tier: (tier.headroom is not None, tier.headroom or 0, _key(tier.name)))


def _tier(row: Row, scaling: Row, target: float, least: float) -> Tier:
    limit, peak = number(row.get("limit")), number(row.get("peak"))
    headroom, verdict, words = judged(limit, peak, target=target, least=least)
    return Tier(
        str(row.get("tier") or "(no name)"),
        str(row.get("resource") or ""),
        limit,
        peak,
        headroom,
        verdict,
        words,
        str(scaling.get("how") or ""),
        number(scaling.get("minutes")),
    )


def judged(
    limit: float | None,
    peak: float | None,
    *,
    target: float = TARGET_PERCENT,
    least: float = LEAST_PERCENT,
) -> tuple[float | None, Verdict, str]:
    """Headroom in percent (None where there is none to work out), the verdict, and both in words."""
    if limit is None or peak is None:
        return None, "not_met", "Limit or peak is missing."
    if limit <= 0:
        return (
            None,
            "not_met",
            "The limit is 0, so there is no headroom to work out. Enter what the tier can take.",
        )
    # Compared exactly, times the limit: a division would round 29.999 % up to 30.
    left = (Decimal(str(limit)) - Decimal(str(peak))) * _FULL
    headroom = float(round(left / Decimal(str(limit)), 1))
    said = f"{headroom:g} % left"
    if headroom < 0:
        said = f"{-headroom:g} % over the limit"
    if left < Decimal(str(least)) * Decimal(str(limit)):
        return headroom, "not_met", said
    return headroom, "warn" if left < Decimal(str(target)) * Decimal(str(limit)) else "met", said


def number(value: Any) -> int | float | None:
    """The number in a cell; None where there is none."""
    return None if isinstance(value, bool) or not isinstance(value, int | float) else value


def _figure(value: float | None) -> str:
    return "none" if value is None else f"{value:,}"


def in_words(minutes: float) -> str:
    """Minutes as people say them: “40 min”, “3 h”, “2 days”."""
    if minutes >= _MINUTES_IN_DAY:
        days = minutes / _MINUTES_IN_DAY
        return f"{days:.3g} {'day' if days == 1 else 'days'}"
    return f"{minutes / _MINUTES_IN_HOUR:.3g} h" if minutes > 2 * _MINUTES_IN_HOUR else f"{minutes:g} min"


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What changed between the figures of two reviews, a sentence each; `figures_of` makes the figures."""
    said = _tier_changes(before.get("tiers", []), after.get("tiers", []))
    old, new = before.get("peak"), after.get("peak")
    if old != new:
        said.append(f"Peak traffic: {_shown(old)} before, {_shown(new)} now{_more(old, new)}.")
    said += _listed("Limit", before.get("limits", []), after.get("limits", []))
    if (before.get("bottleneck") or "") != (after.get("bottleneck") or ""):
        said.append("What is said of the bottleneck changed.")
    return said


def _tier_changes(before: Sequence[Row], after: Sequence[Row]) -> list[str]:
    old = {_key(row["tier"]): row for row in before}
    new = {_key(row["tier"]): row for row in after}
    said = [f"New tier: {row['tier']}." for key, row in new.items() if key not in old]
    said += [f"Tier no longer listed: {row['tier']}." for key, row in old.items() if key not in new]
    for key, row in new.items():
        was = old.get(key)
        if was is None:
            continue
        parts = [
            f"{name} {_shown(was.get(name))} → {_shown(row.get(name))}"
            for name in ("limit", "peak")
            if was.get(name) != row.get(name)
        ]
        if parts:
            said.append(f"{row['tier']}: {', '.join(parts)}; {_left(was)} before, {_left(row)} now.")
    return said


def _left(row: Row) -> str:
    headroom = row.get("headroom")
    return "headroom unknown" if headroom is None else f"{headroom:g} % left"


def _listed(what: str, before: Sequence[Row], after: Sequence[Row]) -> list[str]:
    old = {(row.get("kind"), _key(row.get("name"))): row for row in before}
    new = {(row.get("kind"), _key(row.get("name"))): row for row in after}
    said = [f"{what} added: {row['name']}, {row['limit']}." for key, row in new.items() if key not in old]
    said += [f"{what} no longer listed: {row['name']}." for key, row in old.items() if key not in new]
    said += [
        f"{what} of {row['name']}: {old[key]['limit']} → {row['limit']}."
        for key, row in new.items()
        if key in old and old[key]["limit"] != row["limit"]
    ]
    return said


def _more(old: Any, new: Any) -> str:
    """By how much a number grew; nothing where the old one was 0 or missing."""
    before, after = number(old), number(new)
    if not before or after is None:
        return ""
    return f" ({(after - before) / before * _FULL:+.0f} %)"


def _shown(value: Any) -> str:
    return "nothing" if value is None else f"{value:,}" if isinstance(value, int | float) else str(value)


def figures_of(
    found: Iterable[Tier], peak: float | None, limits: Iterable[Row], bottleneck: str
) -> dict[str, Any]:
    """The figures of one day as plain JSON, to be compared with those of another."""
    return {
        "tiers": [
            {"tier": tier.name, "limit": tier.limit, "peak": tier.peak, "headroom": tier.headroom}
            for tier in found
        ],
        "peak": peak,
        "limits": [
            {"kind": row.get("kind"), "name": row.get("name") or "", "limit": row.get("limit") or ""}
            for row in limits
        ],
        "bottleneck": bottleneck,
    }


@dataclass(frozen=True, slots=True)
class Due:
    """When the next review has to be held. `by` is None while none was held yet."""

    by: date | None
    overdue_days: int = 0

    @property
    def words(self) -> str:
        """The same for a reader."""
        if self.by is None:
            return "None was held yet."
        if self.overdue_days:
            return f"Overdue for {self.overdue_days} {'day' if self.overdue_days == 1 else 'days'}."
        return f"The next one is due by {self.by:%-d %b %Y}."


def due(due_on: date | None, today: date) -> Due:
    """Whether a review is overdue: on the day after its last day."""
    if due_on is None:
        return Due(None)
    return Due(due_on, max(0, (today - due_on).days))


def due_after(held_on: date, days: int = REVIEW_DAYS) -> date:
    """The last day for the next review."""
    return held_on + timedelta(days=days)


def _key(name: Any) -> str:
    """Names compare without regard to case and spacing."""
    return " ".join(str(name or "").split()).casefold()
