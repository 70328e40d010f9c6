"""Writes on who is on call: plan a rotation, import a calendar, change one turn, count pages.

All of them lock the service, compare the revision that the person saw, and leave an Event in its chain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from django.db import transaction
from django.utils import timezone

from checklist.rules import rota
from checklist.rules.on_call import LOOK_AHEAD, LOOK_BACK, PAGE_WEEKS
from checklist.rules.rota import ROLES, Role, Shift, Span
from readiness.accounts.rights import Actor, who_changed
from readiness.errors import Conflict, Invalid, WrongState
from reviews import events, permissions
from reviews.actions.services import ARCHIVED, locked_service
from reviews.events import Act
from reviews.imports.ics import MAX_OCCURRENCES, Asked, ReadCalendar, read_calendar
from reviews.models import PageCount, Roster, Service, Turn
from reviews.models.on_call import MAX_PERSON
from reviews.permissions import Subject
from reviews.queries.on_call import shifts_of

MAX_PEOPLE: Final = 50
MAX_WEEKS: Final = 12
MAX_PAGES: Final = 1_000
# What is longer ago than this says nothing about the rotation any more.
KEPT: Final = timedelta(days=180)
_NEVER: Final = "Nobody has planned this rota yet."


@dataclass
class _Writing:
    """A roster that is locked, and what is to be said of the change."""

    service: Service
    roster: Roster
    at: datetime
    acts: list[Act] = field(default_factory=list)

    def write(self, shifts: Iterable[Shift], replacing: str) -> None:
        """Store `shifts` as all that the roster holds; those of long ago are dropped."""
        kept = [shift for shift in shifts if shift.ends_at > self.at - KEPT]
        if len(kept) > MAX_OCCURRENCES:
            message = f"This makes {len(kept):,} turns; at most {MAX_OCCURRENCES:,} fit. Plan fewer weeks."
            raise Invalid(message, {replacing: [message]})
        self.roster.turns.all().delete()
        Turn.objects.bulk_create(
            Turn(
                roster=self.roster,
                person=shift.person,
                role=shift.role,
                starts_at=shift.starts_at,
                ends_at=shift.ends_at,
            )
            for shift in kept
        )


@contextmanager
def _writing(actor: Actor, service_id: int, revision: int) -> Iterator[_Writing]:
    """Lock the roster for a change; raises Refused, WrongState, or Conflict when it is not at `revision`."""
    with transaction.atomic():
        service = locked_service(service_id)
        permissions.allowed(actor, "roster.edit", Subject(team_id=service.team_id)).require()
        if service.archived_at:
            raise WrongState(ARCHIVED)
        at = timezone.now()
        roster = Roster.objects.filter(service=service).first()
        if (roster.revision if roster else 0) != revision:
            by, name = (roster.updated_by_id, roster.updated_by.name) if roster else (None, "")
            who = who_changed(actor, by, name, "this rota")
            raise Conflict(f"{who} Look at it, then try again.", roster)
        roster = roster or Roster(service=service)
        roster.updated_by_id, roster.updated_at = actor.id, at
        roster.revision += 1
        roster.save()
        writing = _Writing(service, roster, at)
        yield writing
        roster.save()
        for act in writing.acts:
            events.record(actor, act, service=service)


@dataclass(frozen=True, slots=True)
class Rotation:
    """A rotation to be planned: people in their order, the first handover on the clocks of `zone`, weeks."""

    people: Sequence[str]
    first: datetime
    zone: str
    weeks: int
    with_secondary: bool = True


def plan_rotation(actor: Actor, service_id: int, *, revision: int, plan: Rotation) -> Roster:
    """Plan weekly turns; they take the place of all turns from the first handover on."""
    people = _people(plan.people)
    zone = clean_zone(plan.zone)
    if not 1 <= plan.weeks <= MAX_WEEKS:
        raise _invalid("weeks", f"Plan between 1 and {MAX_WEEKS} weeks.")
    now = timezone.now()
    if not now - timedelta(days=90) <= plan.first <= now + timedelta(days=90):
        raise _invalid("first", "Let the first handover be within 90 days of today.")
    wall = plan.first.astimezone(zone)
    try:
        new = rota.weekly(people, wall, plan.weeks, with_secondary=plan.with_secondary)
    except ValueError as error:
        raise _invalid("people", str(error)) from None
    with _writing(actor, service_id, revision) as writing:
        old = shifts_of(writing.roster)
        last = max([new[-1].ends_at, *(shift.ends_at for shift in old)])
        writing.write(rota.replaced(old, new, Span(new[0].starts_at, last)), "weeks")
        writing.roster.zone, writing.roster.source = zone.key, Roster.Source.BY_HAND
        writing.roster.source_name = ""
        summary = f"Planned {plan.weeks} weeks on call for {len(people)} {_plural('person', len(people))}"
        data = {"people": people, "first": wall.isoformat(), "weeks": plan.weeks}
        writing.acts.append(Act("person:roster:planned", summary, data=data))
    return writing.roster


def calendar_span(now: datetime) -> Span:
    """The days of a calendar that are read: 90 in all, as many as the rules look at."""
    return Span(now - LOOK_BACK, now + LOOK_AHEAD)


@dataclass(frozen=True, slots=True)
class CalendarFile:
    """A calendar to be imported, and what the person says of it; `role` None reads it from the titles."""

    text: str
    name: str
    zone: str
    role: Role | None = None
    only: str = ""


def preview_calendar(file: CalendarFile, now: datetime) -> ReadCalendar:
    """Read a calendar as an import would; nothing is written. Raises Invalid for a zone that is none."""
    return read_calendar(file.text, Asked(calendar_span(now), clean_zone(file.zone), file.role, file.only))


def import_calendar(actor: Actor, service_id: int, *, revision: int, file: CalendarFile) -> Roster:
    """Put a calendar's turns in place of all from 28 days back on; a role that it does not hold stays.

    Raises Invalid, and writes nothing, when anything in the file is wrong.
    """
    now = timezone.now()
    calendar = preview_calendar(file, now)
    if calendar.problems:
        raise _invalid(
            "file", "This calendar has problems, so nothing was written. Look at the preview again."
        )
    roles = {shift.role for shift in calendar.shifts}
    with _writing(actor, service_id, revision) as writing:
        writing.write(after_import(calendar, shifts_of(writing.roster), now), "file")
        writing.roster.zone, writing.roster.source = clean_zone(file.zone).key, Roster.Source.FILE
        writing.roster.source_name = (file.name or calendar.name)[:200]
        people, turns = len(calendar.people), len(calendar.shifts)
        summary = f"Imported {turns} {_plural('turn', turns)} of {people} {_plural('person', people)} on call"
        data = {"name": writing.roster.source_name, "people": calendar.people, "roles": sorted(roles)}
        writing.acts.append(Act("person:roster:imported", summary, data=data))
    return writing.roster


def after_import(calendar: ReadCalendar, old: Sequence[Shift], now: datetime) -> list[Shift]:
    """The rota as an import makes it: the calendar's turns in its roles, the other role as it was."""
    roles: tuple[Role, ...] = tuple({shift.role for shift in calendar.shifts})
    return rota.replaced(old, calendar.shifts, _from_then_on(calendar, old, now), roles)


def _from_then_on(calendar: ReadCalendar, old: Iterable[Shift], now: datetime) -> Span:
    """From the first day that was read, or the first turn, to the end of all that is planned."""
    span = calendar_span(now)
    return Span(
        min([span.starts_at, *(shift.starts_at for shift in calendar.shifts)]),
        max([span.ends_at, *(shift.ends_at for shift in [*calendar.shifts, *old])]),
    )


def set_turn(
    actor: Actor,
    service_id: int,
    *,
    revision: int,
    person: str,
    role: Role,
    starts_at: datetime,
    ends_at: datetime,
) -> Roster:
    """Put `person` on call from one moment to another, in place of whoever was; "" leaves it to nobody."""
    names = _people([person]) if person.strip() else []
    if role not in ROLES:
        raise _invalid("role", "Choose primary or secondary.")
    if starts_at >= ends_at:
        raise _invalid("ends_at", "It has to end after it starts.")
    if ends_at - starts_at > timedelta(days=90):
        raise _invalid("ends_at", "One turn lasts at most 90 days.")
    now = timezone.now()
    if starts_at < now - KEPT or ends_at > now + timedelta(days=366):
        raise _invalid("starts_at", "Choose days from half a year ago to a year ahead.")
    span = Span(starts_at, ends_at)
    new = [Shift(starts_at, ends_at, name, role) for name in names]
    with _writing(actor, service_id, revision) as writing:
        old = shifts_of(writing.roster)
        writing.write(rota.replaced(old, new, span, (role,)), "ends_at")
        who = names[0] if names else "nobody"
        summary = f"Put {who} on call as {role} from {starts_at:%-d %b %H:%M} to {ends_at:%-d %b %H:%M} UTC"
        data = {
            "person": who if names else "",
            "role": role,
            "from": starts_at.isoformat(),
            "to": ends_at.isoformat(),
        }
        writing.acts.append(Act("person:roster:changed", summary, data=data))
    return writing.roster


def count_pages(
    actor: Actor, service_id: int, *, revision: int, counts: Mapping[tuple[date, str], int | None]
) -> Roster:
    """Write how often people were paged, by week (its Monday) and person; None takes a count away."""
    weeks = set(counted_weeks(timezone.now()))
    for (week, person), pages in counts.items():
        if week not in weeks or not person:
            raise _invalid(
                "pages", f"Pages are counted for the last {PAGE_WEEKS} full weeks. Reload the page."
            )
        if pages is not None and not 0 <= pages <= MAX_PAGES:
            raise _invalid("pages", f"Enter whole numbers from 0 to {MAX_PAGES:,}.")
    with _writing(actor, service_id, revision) as writing:
        if writing.roster.revision == 1:
            raise WrongState(_NEVER + " Plan or import it first.")
        before = {(row.week, row.person): row.pages for row in writing.roster.page_counts.all()}
        after = {**before, **counts}
        kept = {key: pages for key, pages in after.items() if pages is not None}
        oldest = min(weeks) - timedelta(days=7 * 9)
        writing.roster.page_counts.all().delete()
        PageCount.objects.bulk_create(
            PageCount(roster=writing.roster, week=week, person=person, pages=pages)
            for (week, person), pages in sorted(kept.items())
            if week >= oldest
        )
        changed = [key for key, pages in counts.items() if before.get(key) != pages]
        data = {"pages": [[str(week), person, counts[week, person]] for week, person in changed]}
        total = sum(pages or 0 for pages in counts.values())
        summary = f"Counted {total} {_plural('page', total)} of the last {PAGE_WEEKS} weeks by person"
        writing.acts.append(Act("person:roster:pages_counted", summary, data=data))
    return writing.roster


def counted_weeks(now: datetime) -> list[date]:
    """The Mondays of the last four full weeks, the oldest first."""
    today = timezone.localtime(now).date()
    monday = today - timedelta(days=today.weekday())
    return [monday - timedelta(days=7 * back) for back in range(PAGE_WEEKS, 0, -1)]


def clean_zone(name: str) -> ZoneInfo:
    """Return the time zone of an IANA name; raises Invalid for one that does not exist."""
    if name not in available_timezones():
        raise _invalid("zone", "Choose a time zone from the list, for example Europe/Berlin.")
    return ZoneInfo(name)


def _people(names: Iterable[str]) -> list[str]:
    """Clean names, empty ones left out; the same person in another spelling keeps the first one."""
    shown: dict[str, str] = {}
    people = []
    for name in names:
        clean = " ".join(name.split())
        if not clean:
            continue
        if len(clean) > MAX_PERSON:
            raise _invalid("people", f"“{clean[:40]}…” is too long: at most {MAX_PERSON} characters fit.")
        if not clean.isprintable():
            raise _invalid("people", "A name holds characters that cannot be shown. Type it anew.")
        people.append(shown.setdefault(rota.same_person(clean), clean))
    if len(shown) > MAX_PEOPLE:
        raise _invalid("people", f"There are {len(shown)} people; at most {MAX_PEOPLE} fit in one rota.")
    return people


def _invalid(name: str, message: str) -> Invalid:
    return Invalid(message, {name: [message]})


def _plural(noun: str, count: int) -> str:
    if count == 1:
        return noun
    return "people" if noun == "person" else f"{noun}s"
