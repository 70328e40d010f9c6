"""A rota as a calendar to be drawn: weeks with a lane for each role, and in it a bar for each turn. Pure.

A week has 28 columns of six hours, on the clocks of the rota's zone. Style sheets place a bar by two classes,
its first column and its width, because nothing inline may.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from checklist.rules.on_call import Rotation
from checklist.rules.rota import ROLES, Role, Shift, Span, clipped, same_person

COLUMNS: Final = 28
_COLUMN: Final = timedelta(hours=6)
SHADES: Final = 6
WEEKS: Final = 7
NOBODY: Final = "Nobody"


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a lane: `start` is its first column from 1, `width` a count of columns."""

    start: int
    width: int
    label: str
    shade: int
    kind: str
    when: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One role in one week."""

    role: Role
    bars: list[Bar]


@dataclass(frozen=True, slots=True)
class Week:
    """One week from Monday on."""

    days: list[date]
    lanes: list[Lane]
    today: date

    @property
    def is_now(self) -> bool:
        """Whether today is in it."""
        return self.today in self.days


@dataclass(frozen=True, slots=True)
class _Piece:
    starts_at: datetime
    ends_at: datetime
    person: str
    kind: str


def first_monday(rotation: Rotation, now: datetime, zone: ZoneInfo) -> date:
    """The Monday to begin at: the week before this one, or that of the first turn if it comes later."""
    begin = max(now - timedelta(days=7), rotation.span.starts_at)
    day = begin.astimezone(zone).date()
    return day - timedelta(days=day.weekday())


def weeks_of(
    shifts: Sequence[Shift], rotation: Rotation, now: datetime, zone: ZoneInfo, weeks: int = WEEKS
) -> list[Week]:
    """Lay out `weeks` weeks, those after the last turn left out; none without any turn."""
    if not rotation.span:
        return []
    monday = first_monday(rotation, now, zone)
    shade_of = {same_person(person.name): place % SHADES for place, person in enumerate(rotation.people)}
    roles = [role for role in ROLES if role == "primary" or rotation.has_secondary]
    found = []
    for number in range(weeks):
        start = monday + timedelta(days=7 * number)
        span = _week(start, zone)
        if span.starts_at >= rotation.span.ends_at:
            break
        lanes = [Lane(role, _bars(role, shifts, rotation, span, zone, shade_of)) for role in roles]
        found.append(
            Week([start + timedelta(days=day) for day in range(7)], lanes, now.astimezone(zone).date())
        )
    return found


def _week(monday: date, zone: ZoneInfo) -> Span:
    midnight = time(tzinfo=zone)
    return Span(datetime.combine(monday, midnight), datetime.combine(monday + timedelta(days=7), midnight))


def _bars(
    role: Role,
    shifts: Iterable[Shift],
    rotation: Rotation,
    span: Span,
    zone: ZoneInfo,
    shade_of: dict[str, int],
) -> list[Bar]:
    bars: list[Bar] = []
    free = 0
    for piece in _pieces(role, shifts, rotation, span):
        start = max(free, _column(piece.starts_at, span, zone))
        end = _column(piece.ends_at, span, zone)
        if end <= start and piece.kind == "turn":
            continue  # shorter than can be drawn; the list of turns beside the picture has it
        end = min(COLUMNS, max(end, start + 1))
        if start >= COLUMNS:
            continue
        label = NOBODY if piece.kind == "gap" else piece.person
        shade = shade_of.get(same_person(piece.person), 0)
        bars.append(Bar(start + 1, end - start, label, shade, piece.kind, _when(piece, zone)))
        free = end
    return bars


def _pieces(role: Role, shifts: Iterable[Shift], rotation: Rotation, span: Span) -> Iterator[_Piece]:
    """Turns, the time in which one person is both, and gaps of the role in this week, in order."""
    parts = [part for shift in shifts if shift.role == role and (part := clipped(shift, span))]
    both = [part for shift in rotation.same if (part := clipped(shift, span))]
    twice: dict[str, list[Shift]] = {}
    for shift in both:
        twice.setdefault(same_person(shift.person), []).append(shift)
    pieces = [piece for part in parts for piece in _split(part, twice.get(same_person(part.person), []))]
    gaps = rotation.gaps if role == "primary" else rotation.secondary_gaps
    for gap in gaps:
        starts, ends = max(gap.starts_at, span.starts_at), min(gap.ends_at, span.ends_at)
        if starts < ends:
            pieces.append(_Piece(starts, ends, "", "gap"))
    return iter(sorted(pieces, key=lambda each: (each.starts_at, each.ends_at, each.person)))


def _split(part: Shift, both: Iterable[Shift]) -> Iterator[_Piece]:
    """Cut a turn where the same person holds the other role too."""
    reached = part.starts_at
    for twice in both:
        starts, ends = max(reached, twice.starts_at), min(part.ends_at, twice.ends_at)
        if starts >= ends:
            continue
        if reached < starts:
            yield _Piece(reached, starts, part.person, "turn")
        yield _Piece(starts, ends, part.person, "same")
        reached = ends
    if reached < part.ends_at:
        yield _Piece(reached, part.ends_at, part.person, "turn")


def _column(moment: datetime, span: Span, zone: ZoneInfo) -> int:
    """The column at which a moment lies, by the clock on the wall: a day has four also when clocks change."""
    wall = moment.astimezone(zone).replace(tzinfo=None)
    begin = span.starts_at.astimezone(zone).replace(tzinfo=None)
    return max(0, min(COLUMNS, round((wall - begin) / _COLUMN)))


def _when(piece: _Piece, zone: ZoneInfo) -> str:
    starts, ends = piece.starts_at.astimezone(zone), piece.ends_at.astimezone(zone)
    return f"{starts:%a %-d %b %H:%M} to {ends:%a %-d %b %H:%M}"
