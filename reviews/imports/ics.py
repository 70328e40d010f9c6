"""Turns on call from a calendar file (iCalendar, RFC 5545): what paging tools and shared calendars export.

Reading is bounded before it begins: bytes, components, and, from the rules themselves, the steps and
occurrences that working a recurrence out would take. An explosive rule ends at once, with its line.
Names are text; of a person only a name to show is kept, never the address.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import recurring_ical_events
from icalendar import Calendar, Event
from recurring_ical_events import InvalidCalendar

from checklist.rules.rota import Role, Shift, Span, in_order
from reviews.imports import ics_cost, ics_names
from reviews.imports.rows import Problem, Skipped

MAX_BYTES: Final = 1024 * 1024
MAX_EVENTS: Final = 2_000
MAX_OCCURRENCES: Final = 2_000
MAX_DAYS: Final = 90
_MAX_DEPTH: Final = 5
# What the libraries raise over files that are wrong in one way or another.
_UNREADABLE: Final = (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, InvalidCalendar)
_BEGIN: Final = re.compile(r"(BEGIN|END):([A-Za-z-]+)[ \t]*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the person says of the file.

    `zone` is that of times without one. `role` is what all of the file's turns are, None where their titles
    say so. `only` keeps events with these words in their title, for a calendar that holds other things too.
    """

    span: Span
    zone: ZoneInfo
    role: Role | None = None
    only: str = ""


@dataclass(frozen=True, slots=True)
class ReadCalendar:
    """A calendar as read. With any problem nothing of it may be written."""

    name: str = ""
    shifts: tuple[Shift, ...] = ()
    problems: tuple[Problem, ...] = ()
    skipped: tuple[Skipped, ...] = ()

    @property
    def people(self) -> list[str]:
        """Everybody named, by name."""
        return sorted({shift.person for shift in self.shifts}, key=str.casefold)

    @property
    def first(self) -> datetime:
        """When the first turn begins. Only for a calendar with turns."""
        return min(shift.starts_at for shift in self.shifts)

    @property
    def last(self) -> datetime:
        """When the last turn ends. Only for a calendar with turns."""
        return max(shift.ends_at for shift in self.shifts)


class _BadEvent(Exception):
    """An event that cannot be read, with what to do about it."""


def read_calendar(text: str, asked: Asked) -> ReadCalendar:
    """Read the turns within `asked.span`; at most 2,000 of them, in bounded time whatever the file says."""
    too_much = _too_much(text)
    if too_much:
        return ReadCalendar(problems=(too_much,))
    lines = [line for line, what in _begins(text) if what == "VEVENT"]
    try:
        calendar = _parsed(text)
    except _UNREADABLE:
        return ReadCalendar(problems=(_not_a_calendar(text),))
    events = [event for event in calendar.walk("VEVENT") if isinstance(event, Event)]
    found = list(zip(lines, events, strict=False))
    name = str(calendar.get("X-WR-CALNAME") or "").strip()[:200]
    if not found:
        message = "There are no events in this calendar. Export the schedule with its shifts."
        return ReadCalendar(name, problems=(Problem(0, "", message),))
    asked = replace(asked, zone=_calendar_zone(calendar) or asked.zone)
    return _read_events(name, found, asked)


def decode(data: bytes) -> str | Problem:
    """Return the text of a calendar file, which is UTF-8; else the problem."""
    if not data.strip():
        return Problem(0, "", "Choose a calendar file, or paste its text.")
    if len(data) > MAX_BYTES:
        return Problem(0, "", "This is larger than 1 MB. Export fewer months, or only the on-call calendar.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return Problem(line, "", f"Line {line} is not UTF-8. Export the calendar again, as an .ics file.")
    if "\x00" in text:
        return Problem(0, "", "This is a binary file. Choose the .ics file that your calendar exports.")
    # Browsers send line ends as they like: what was previewed has to read the same when it comes back.
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _begins(text: str) -> Iterable[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        found = _BEGIN.match(line)
        if found and found[1].upper() == "BEGIN":
            yield number, found[2].upper()


def _too_much(text: str) -> Problem | None:
    """Refuse what would take long merely to parse."""
    events = sum(what == "VEVENT" for _, what in _begins(text))
    if events > MAX_EVENTS:
        return Problem(
            0,
            "",
            f"This calendar has {events:,} events; at most {MAX_EVENTS:,} are read. Export fewer months.",
        )
    depth = 0
    for number, line in enumerate(text.splitlines(), 1):
        found = _BEGIN.match(line)
        if found:
            depth += 1 if found[1].upper() == "BEGIN" else -1
        if depth > _MAX_DEPTH:
            return Problem(number, "", "Components are nested too deep here. Export the calendar again.")
    return ics_cost.costly_zone(text)


def _parsed(text: str) -> Calendar:
    calendar = Calendar.from_ical(text)
    if not isinstance(calendar, Calendar):
        raise ValueError("no calendar")  # noqa: TRY004  # one error for all that is no calendar
    return calendar


def _not_a_calendar(text: str) -> Problem:
    if text.lstrip()[:1] == "<":
        return Problem(
            1,
            "",
            "This is a web page, not a calendar: the link probably asks to sign in. Download the .ics file.",
        )
    if "BEGIN:VCALENDAR" not in text.upper():
        return Problem(
            1, "", "This is no calendar file: BEGIN:VCALENDAR is missing. Export the schedule as .ics."
        )
    return Problem(0, "", "This calendar cannot be read: it is cut off or damaged. Export it again.")


def _calendar_zone(calendar: Calendar) -> ZoneInfo | None:
    """The zone that some calendars name for all of their times without one."""
    try:
        return ZoneInfo(str(calendar.get("X-WR-TIMEZONE") or ""))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _read_events(name: str, found: list[tuple[int, Event]], asked: Asked) -> ReadCalendar:
    problems: list[Problem] = []
    skipped: list[Skipped] = []
    good: list[Event] = []
    line_of: dict[str, int] = {}
    steps = 0
    words = asked.only.casefold().strip()
    for line, event in found:
        title = ics_names.title_of(event)
        why_not = _why_left_out(event, title, words)
        if why_not:
            skipped.append(Skipped(line, title or "(no title)", why_not))
            continue
        problem, cost = _event_problem(event, asked.span)
        steps += cost
        if not problem and steps > ics_cost.MAX_STEPS:
            problem = ics_cost.TOO_OFTEN
        if problem:
            problems.append(Problem(line, "VEVENT", problem))
            continue
        ics_cost.end_the_endless(event, asked.span.ends_at)
        line_of.setdefault(_uid(event), line)
        good.append(event)
    if problems:
        return ReadCalendar(name, (), tuple(problems), tuple(skipped))
    return _expanded(name, good, asked, line_of, skipped)


def _uid(event: Event) -> str:
    return str(event.get("UID") or "")


def _why_left_out(event: Event, title: str, words: str) -> str:
    if str(event.get("STATUS") or "").upper() == "CANCELLED":
        return "It is cancelled."
    if words and words not in title.casefold():
        return "Its title does not hold the words that you asked for."
    return ""


def _event_problem(event: Event, span: Span) -> tuple[str, int]:
    """What is wrong with an event, and how many steps its recurrence takes."""
    if event.errors:
        name, _ = event.errors[0]
        return f"{name or 'A line'} cannot be read. Correct it, or export the calendar again.", 0
    if "DTSTART" not in event:
        return "DTSTART is missing: it does not say when the turn begins.", 0
    return ics_cost.too_costly(event, span)


def _expanded(
    name: str,
    events: list[Event],
    asked: Asked,
    line_of: dict[str, int],
    skipped: list[Skipped],
) -> ReadCalendar:
    """Work recurrences out, series by series, so that counting ends it as soon as there are too many."""
    shifts: list[Shift] = []
    problems: list[Problem] = []
    named = ics_names.reader(name)
    for uid, series in _series(events).items():
        try:
            occurrences = _occurrences(series, asked.span)
        except _UNREADABLE:
            problems.append(
                Problem(
                    line_of.get(uid, 0), "RRULE", "This recurrence cannot be read. Export the calendar again."
                )
            )
            continue
        for event in occurrences:
            _take(event, asked, named, line_of.get(uid, 0), shifts, problems, skipped)
        if len(shifts) > MAX_OCCURRENCES:
            message = (
                f"There are more than {MAX_OCCURRENCES:,} turns in {MAX_DAYS} days. "
                "Check how often this event repeats, or export only the on-call calendar."
            )
            return ReadCalendar(name, (), (Problem(line_of.get(uid, 0), "RRULE", message),), tuple(skipped))
    if problems:
        return ReadCalendar(name, (), tuple(problems), tuple(skipped))
    if not shifts:
        days = f"{asked.span.starts_at:%-d %b %Y} to {asked.span.ends_at:%-d %b %Y}"
        message = f"No turn of this calendar lies in {days}, the days that are read. Export newer months."
        return ReadCalendar(name, (), (Problem(0, "", message),), tuple(skipped))
    return ReadCalendar(name, tuple(in_order(set(shifts))), (), tuple(skipped))


def _series(events: list[Event]) -> dict[str, list[Event]]:
    """Events of one UID belong together: one may change a single occurrence of the other."""
    found: dict[str, list[Event]] = {}
    for place, event in enumerate(events):
        if not _uid(event):
            event["UID"] = f"no-uid-{place}"
        found.setdefault(_uid(event), []).append(event)
    return found


def _occurrences(series: list[Event], span: Span) -> list[Event]:
    if len(series) == 1 and not {"RRULE", "RDATE", "RECURRENCE-ID"} & set(series[0]):
        return series
    one = Calendar()
    for event in series:
        one.add_component(event)
    query = recurring_ical_events.of(one, components=["VEVENT"])
    return list(query.between(span.starts_at, span.ends_at))


def _take(
    event: Event,
    asked: Asked,
    named: Callable[[Event], tuple[str, Role]],
    line: int,
    shifts: list[Shift],
    problems: list[Problem],
    skipped: list[Skipped],
) -> None:
    """Turn one occurrence into a shift, or say why it is none."""
    try:
        starts, ends = _when(event, asked.zone)
    except _BadEvent as error:
        problems.append(Problem(line, "VEVENT", str(error)))
        return
    person, role = named(event)
    if starts >= ends:
        skipped.append(Skipped(line, person or "(no title)", "It has no length."))
    elif starts >= asked.span.ends_at or ends <= asked.span.starts_at:
        skipped.append(Skipped(line, person or "(no title)", "It lies outside the days that are read."))
    elif not person:
        problems.append(
            Problem(line, "SUMMARY", "It names nobody. Give the event a title with the person's name.")
        )
    else:
        shifts.append(Shift(starts, ends, person, asked.role or role))


def _when(event: Event, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When an event begins and ends; raises _BadEvent where it does not say so properly."""
    try:
        starts = event.decoded("DTSTART")
        if "DTEND" in event:
            ends = event.decoded("DTEND")
        elif "DURATION" in event:
            ends = starts + event.decoded("DURATION")
        else:
            ends = starts if isinstance(starts, datetime) else starts + timedelta(days=1)
        return _moment(starts, event["DTSTART"], zone), _moment(ends, event.get("DTEND"), zone)
    except _UNREADABLE:
        raise _BadEvent("Its beginning or end cannot be read. Export the calendar again.") from None


def _moment(value: date | datetime, written: Any, zone: ZoneInfo) -> datetime:
    """A date or time of the file in UTC. One that names a zone which nobody knows is refused, not guessed."""
    if not isinstance(value, datetime):
        return datetime.combine(value, time(), zone).astimezone(UTC)
    named = str(getattr(written, "params", {}).get("TZID", ""))
    if value.tzinfo is None and named:
        raise _BadEvent(f"The time zone “{named[:60]}” is not known. Use a name such as Europe/Berlin.")
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
