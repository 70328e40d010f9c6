"""What the turns of a rota say: who rotates, weekly turns, gaps, one person in both roles, the load. Pure.

The figures are those of section 3 of the built-in checklist: at least 4 people, better 6; one week at a time
with a primary and a secondary; at most 2 pages a week for a person.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from checklist.rules.judgement import Verdict
from checklist.rules.rota import WEEK, Role, Shift, Span, clipped, in_order, same_person

LEAST_PEOPLE: Final = 4
TARGET_PEOPLE: Final = 6
MOST_PAGES: Final = 2
# Somebody rotates who carries the pager for a day in all. A few hours' cover for a colleague is no rotating.
ROTATES_FROM: Final = timedelta(days=1)
# A cover up to this long does not end the turn of the person whose turn it is.
COVER_UP_TO: Final = timedelta(days=1)
# The clocks change by an hour at most, and a handover may be a little late.
_WEEK_GIVE: Final = timedelta(hours=1)
LOOK_BACK: Final = timedelta(days=28)
LOOK_AHEAD: Final = timedelta(days=62)
PLANNED_FOR: Final = timedelta(days=28)
PAGE_WEEKS: Final = 4
_TOLD: Final = 3


@dataclass(frozen=True, slots=True)
class Person:
    """How long one person is on call in each role within the span that is looked at."""

    name: str
    primary: timedelta
    secondary: timedelta

    @property
    def rotates(self) -> bool:
        """Whether the person counts: covers of some hours alone do not."""
        return self.primary + self.secondary >= ROTATES_FROM


@dataclass(frozen=True, slots=True)
class Rotation:
    """All that a rota says within `span`, which is what it knows of four weeks back to two months ahead."""

    span: Span
    people: list[Person] = field(default_factory=list)
    turns: list[Shift] = field(default_factory=list)
    odd_turns: list[Shift] = field(default_factory=list)
    gaps: list[Span] = field(default_factory=list)
    secondary_gaps: list[Span] = field(default_factory=list)
    same: list[Shift] = field(default_factory=list)
    planned_until: datetime | None = None

    @property
    def size(self) -> int:
        """How many people really take turns."""
        return sum(person.rotates for person in self.people)

    @property
    def has_secondary(self) -> bool:
        """Whether anybody is secondary at all."""
        return any(person.secondary for person in self.people)


def look_at(shifts: Iterable[Shift], now: datetime) -> Rotation:
    """Read a rota as of `now`: from 28 days back to 62 ahead, as far as it has turns there."""
    window = Span(now - LOOK_BACK, now + LOOK_AHEAD)
    within = [shift for shift in in_order(shifts) if clipped(shift, window)]
    if not within:
        return Rotation(Span(now, now))
    first = min(shift.starts_at for shift in within)
    last = max(shift.ends_at for shift in within)
    span = Span(max(first, window.starts_at), min(last, window.ends_at))
    parts = [part for shift in within if (part := clipped(shift, span))]
    turns = [turn for role in ("primary", "secondary") for turn in turns_of(within, role)]
    has_secondary = any(part.role == "secondary" for part in parts)
    return Rotation(
        span,
        people_of(parts),
        turns,
        [turn for role in ("primary", "secondary") for turn in _odd(turns_of(within, role))],
        gaps_of(parts, "primary", span),
        gaps_of(parts, "secondary", span) if has_secondary else [],
        in_both_roles(parts),
        last,
    )


def people_of(shifts: Iterable[Shift]) -> list[Person]:
    """Everybody with a turn, who carries most first. Of several spellings of a name the first is shown."""
    shown: dict[str, str] = {}
    time: dict[str, dict[Role, timedelta]] = {}
    for person, role, parts in _by_person_and_role(shifts):
        shown.setdefault(same_person(person), person)
        times = time.setdefault(same_person(person), {"primary": timedelta(), "secondary": timedelta()})
        times[role] += sum((span.length for span in _union(parts)), timedelta())
    found = [Person(shown[key], times["primary"], times["secondary"]) for key, times in time.items()]
    return sorted(found, key=lambda each: (-(each.primary + each.secondary), same_person(each.name)))


def _by_person_and_role(shifts: Iterable[Shift]) -> Iterable[tuple[str, Role, list[Span]]]:
    parts: dict[tuple[str, Role], list[Span]] = defaultdict(list)
    names: dict[str, str] = {}
    for shift in shifts:
        key = same_person(shift.person)
        names.setdefault(key, shift.person)
        parts[key, shift.role].append(Span(shift.starts_at, shift.ends_at))
    return [(names[key], role, spans) for (key, role), spans in parts.items()]


def turns_of(shifts: Iterable[Shift], role: Role) -> list[Shift]:
    """The turns in one role: shifts of one person that touch are one, and a short cover does not end it."""
    runs: list[Shift] = []
    for shift in in_order(each for each in shifts if each.role == role):
        last = runs[-1] if runs else None
        if last and _touches(last, shift) and same_person(last.person) == same_person(shift.person):
            runs[-1] = _through(last, shift)
            continue
        before = runs[-2] if len(runs) > 1 else None
        if before and last and _is_cover(before, last, shift):
            runs[-2:] = [_through(before, shift)]
            continue
        runs.append(shift)
    return runs


def _touches(one: Shift, other: Shift) -> bool:
    return other.starts_at <= one.ends_at


def _through(one: Shift, other: Shift) -> Shift:
    return Shift(one.starts_at, max(one.ends_at, other.ends_at), one.person, one.role)


def _is_cover(before: Shift, cover: Shift, after: Shift) -> bool:
    return (
        cover.length <= COVER_UP_TO
        and same_person(before.person) == same_person(after.person)
        and _touches(before, cover)
        and _touches(cover, after)
    )


def _odd(turns: Sequence[Shift]) -> list[Shift]:
    """Turns that do not last a week. The first and the last may be cut off: a short one there is fine."""
    ends = {id(turns[0]), id(turns[-1])} if turns else set()
    return [
        turn
        for turn in turns
        if abs(turn.length - WEEK) > _WEEK_GIVE and not (id(turn) in ends and turn.length < WEEK)
    ]


def gaps_of(shifts: Iterable[Shift], role: Role, span: Span) -> list[Span]:
    """When nobody holds `role` within `span`."""
    found, reached = [], span.starts_at
    for busy in _union(Span(each.starts_at, each.ends_at) for each in shifts if each.role == role):
        if busy.starts_at > reached:
            found.append(Span(reached, min(busy.starts_at, span.ends_at)))
        reached = max(reached, busy.ends_at)
    if reached < span.ends_at:
        found.append(Span(reached, span.ends_at))
    return [gap for gap in found if gap]


def in_both_roles(shifts: Iterable[Shift]) -> list[Shift]:
    """When one person is primary and secondary at once, as shifts of the primary."""
    rows = list(shifts)
    found = []
    for person, role, spans in _by_person_and_role(rows):
        if role != "primary":
            continue
        others = [
            Span(each.starts_at, each.ends_at)
            for each in rows
            if each.role == "secondary" and same_person(each.person) == same_person(person)
        ]
        found += [
            Shift(both.starts_at, both.ends_at, person, "primary")
            for both in _common(_union(spans), _union(others))
        ]
    return in_order(found)


def _common(one: Sequence[Span], other: Sequence[Span]) -> Iterable[Span]:
    """The time that lies in both; each is in order and does not overlap itself."""
    left, right = 0, 0
    while left < len(one) and right < len(other):
        starts = max(one[left].starts_at, other[right].starts_at)
        ends = min(one[left].ends_at, other[right].ends_at)
        if starts < ends:
            yield Span(starts, ends)
        if one[left].ends_at < other[right].ends_at:
            left += 1
        else:
            right += 1


def _union(spans: Iterable[Span]) -> list[Span]:
    """The same time as spans that neither overlap nor touch."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda each: each.starts_at):
        if merged and span.starts_at <= merged[-1].ends_at:
            merged[-1] = Span(merged[-1].starts_at, max(merged[-1].ends_at, span.ends_at))
        elif span:
            merged.append(span)
    return merged


def size_verdict(size: int, *, least: float = LEAST_PEOPLE, target: float = TARGET_PEOPLE) -> Verdict:
    """Fewer than `least` is not met, fewer than `target` a warning."""
    if size < least:
        return "not_met"
    return "warn" if size < target else "met"


def shape_problems(rotation: Rotation, now: datetime) -> list[str]:
    """What speaks against “one week at a time, with a primary and a secondary”, one sentence each."""
    found = []
    if rotation.odd_turns:
        verb = "does" if len(rotation.odd_turns) == 1 else "do"
        odd = [f"{turn.person} for {_long(turn.length)}" for turn in rotation.odd_turns]
        found.append(
            f"{len(odd)} of {_count(len(rotation.turns), 'turn')} {verb} not last a week: {_some(odd)}."
        )
    if not rotation.has_secondary:
        found.append("There is no secondary.")
    if rotation.gaps:
        found.append(_nobody("primary", rotation.gaps))
    if rotation.secondary_gaps:
        found.append(_nobody("secondary", rotation.secondary_gaps))
    if rotation.same:
        names = list(dict.fromkeys(shift.person for shift in rotation.same))
        found.append(f"Primary and secondary at the same time: {_some(names)}.")
    if rotation.planned_until is not None and rotation.planned_until < now + PLANNED_FOR:
        found.append("The next four weeks are not planned to their end.")
    return found


def _nobody(role: Role, gaps: Sequence[Span]) -> str:
    length = sum((gap.length for gap in gaps), timedelta())
    return f"Nobody is {role} for {_long(length)}, in {_count(len(gaps), 'gap')}."


def _some(names: Sequence[str]) -> str:
    more = len(names) - _TOLD
    return ", ".join(names[:_TOLD]) + (f" and {more} more" if more > 0 else "")


def _count(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number} {noun}s"


def _long(length: timedelta) -> str:
    """A length in days, or in hours below two days."""
    hours = length.total_seconds() / 3600
    if hours < 48:  # noqa: PLR2004
        return f"{hours:.3g} h"
    return f"{hours / 24:.3g} days"


def page_load(counts: Mapping[tuple[date, str], int]) -> tuple[float, str, date, int] | None:
    """The load of the person with most pages, from pages counted by week (its Monday) and person.

    Pages of each person are divided by the number of weeks that were counted, all people's weeks alike.
    Returns (pages a week, person, the week with most pages of one person, those pages); None without counts.
    """
    if not counts:
        return None
    weeks = len({week for week, _ in counts})
    totals: dict[str, int] = defaultdict(int)
    for (_, person), pages in counts.items():
        totals[person] += pages
    worst = max(sorted(totals), key=totals.__getitem__)
    (week, _), most = max(counts.items(), key=lambda each: (each[1], each[0]))
    return rounded(Decimal(totals[worst]) / weeks), worst, week, most


def load_estimate(alerts: Iterable[Mapping[str, Any]], people: int) -> tuple[float, int] | None:
    """Pages a person and week, from the page alerts' times fired in seven days, divided by the people.

    An average, not the worst person. Returns (pages a week, fired in all); None with nobody to divide by or
    no page alert with a figure.
    """
    fired = [
        row["fired"]
        for row in alerts
        if row.get("tier") == "page"
        and isinstance(row.get("fired"), int | float)
        and not isinstance(row.get("fired"), bool)
    ]
    if not fired or people <= 0:
        return None
    return rounded(Decimal(str(sum(fired))) / people), int(sum(fired))


def rounded(value: Decimal) -> float:
    """Two decimals: finer is not known."""
    return float(value.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))
