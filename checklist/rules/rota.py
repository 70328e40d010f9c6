"""Turns on call as plain data: who, in which role, from when to when; and how a rota is made. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

Role = Literal["primary", "secondary"]
ROLES: Final[tuple[Role, ...]] = ("primary", "secondary")
WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Span:
    """From a moment up to, but not including, another. Both are aware."""

    starts_at: datetime
    ends_at: datetime

    def __bool__(self) -> bool:
        """Whether it has a length."""
        return self.ends_at > self.starts_at

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.ends_at - self.starts_at


@dataclass(frozen=True, slots=True)
class Shift:
    """One person on call in one role, from a moment up to another, in UTC: lengths are time elapsed."""

    starts_at: datetime
    ends_at: datetime
    person: str
    role: Role

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.ends_at - self.starts_at


def same_person(name: str) -> str:
    """The key by which names compare: without regard to case and spacing."""
    return " ".join(name.split()).casefold()


def in_order(shifts: Iterable[Shift]) -> list[Shift]:
    """Sort by role, time and name, so that the same rota is always the same list."""
    return sorted(shifts, key=lambda each: (each.role, each.starts_at, each.ends_at, each.person))


def clipped(shift: Shift, span: Span) -> Shift | None:
    """The part of a shift inside `span`; None when there is none."""
    starts, ends = max(shift.starts_at, span.starts_at), min(shift.ends_at, span.ends_at)
    return replace(shift, starts_at=starts, ends_at=ends) if starts < ends else None


def outside(shift: Shift, span: Span) -> Iterator[Shift]:
    """The parts of a shift before and after `span`."""
    if shift.ends_at <= span.starts_at or shift.starts_at >= span.ends_at:
        yield shift
        return
    if shift.starts_at < span.starts_at:
        yield replace(shift, ends_at=span.starts_at)
    if shift.ends_at > span.ends_at:
        yield replace(shift, starts_at=span.ends_at)


def replaced(
    old: Iterable[Shift], new: Iterable[Shift], span: Span, roles: Sequence[Role] = ROLES
) -> list[Shift]:
    """Put `new` in place of what `old` says of `roles` within `span`; all else stays."""
    kept = [part for shift in old for part in (outside(shift, span) if shift.role in roles else (shift,))]
    return in_order([*kept, *new])


def weekly(people: Sequence[str], first: datetime, weeks: int, *, with_secondary: bool) -> list[Shift]:
    """Plan `weeks` turns of a week, the people taking them in order, from `first` on.

    `first` is aware and says the hour of the handover: it stays the same on the clock when the clocks change.
    With a secondary, the person who is primary next week is secondary this week. Raises ValueError with a
    sentence when nobody is named, or one person alone would have to be both.
    """
    if not people:
        raise ValueError("Name at least one person.")
    if with_secondary and len({same_person(name) for name in people}) == 1:
        raise ValueError("A secondary needs a second person: name at least two.")
    shifts = []
    for turn in range(weeks):
        # Adding to an aware local time moves the hands of the clock, not the elapsed time.
        starts, ends = (moment.astimezone(UTC) for moment in (first + WEEK * turn, first + WEEK * (turn + 1)))
        shifts.append(Shift(starts, ends, people[turn % len(people)], "primary"))
        if with_secondary:
            shifts.append(Shift(starts, ends, people[(turn + 1) % len(people)], "secondary"))
    return in_order(shifts)
