"""Who is on call for the services of the demo, and the monthly reviews of headroom that were held."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from django.utils import timezone

from checklist.rules.rota import ROLES
from readiness.accounts.rights import Actor
from reviews.actions.capacity import record_review
from reviews.actions.rosters import (
    CalendarFile,
    Rotation,
    count_pages,
    counted_weeks,
    import_calendar,
    plan_rotation,
    set_turn,
)
from reviews.models import Roster, Service

_ZONE: Final = "Europe/Berlin"
_SIX: Final = ("Priya Nair", "Max Brandt", "Ines Costa", "Jonas Weber", "Aiko Tanaka", "Samuel Diallo")
_FOUR: Final = ("Max Brandt", "Ines Costa", "Nadia Haddad", "Jonas Weber")
_THREE: Final = ("Lin Chen", "Omar Farouk", "Eva Lindqvist")


def tell(services: Mapping[str, Service], people: Mapping[str, Actor]) -> None:
    """Plan and import rotas, count pages, hold reviews: one service as it should be, others not yet."""
    priya, max_, lin = people["priya"], people["max"], people["lin"]
    checkout, gateway, catalog = services["checkout"], services["gateway"], services["catalog"]
    _plan(priya, checkout, _SIX, 25)
    _count(priya, checkout, [("Priya Nair", 1, 0), ("Max Brandt", 2, 1), ("Ines Costa", 0, 1)])
    _plan(max_, gateway, _FOUR, 18)
    _gap_and_both(max_, gateway)
    _count(max_, gateway, [("Max Brandt", 6, 3), ("Nadia Haddad", 1, 2)])
    calendar = CalendarFile(_calendar(_THREE), "catalog-on-call.ics", _ZONE)
    import_calendar(lin, catalog.pk, revision=0, file=calendar)
    _held(priya, checkout, 9, "Priya, Max, Sam", "The database is first. The replica is ordered.")
    _held(max_, gateway, 44, "Max", "The rate limiter takes twice the peak; the workers come first.")


def _tuesday(days_ago: int) -> datetime:
    """Ten in the morning of the Tuesday before."""
    day = timezone.localdate() - timedelta(days=days_ago)
    return datetime.combine(day - timedelta(days=(day.weekday() - 1) % 7), time(10), UTC)


def _plan(who: Actor, service: Service, people: tuple[str, ...], days_ago: int) -> None:
    plan = Rotation(people, _tuesday(days_ago), _ZONE, 11)
    plan_rotation(who, service.pk, revision=0, plan=plan)


def _gap_and_both(who: Actor, service: Service) -> None:
    """Nobody on a weekend, and one person in both roles for two days."""
    start = _tuesday(0)
    begins, ends = start + timedelta(days=11), start + timedelta(days=12, hours=12)
    set_turn(who, service.pk, revision=1, person="", role="primary", starts_at=begins, ends_at=ends)
    begins, ends = start + timedelta(days=1), start + timedelta(days=3)
    for revision, role in enumerate(ROLES, 2):
        set_turn(
            who, service.pk, revision=revision, person="Nadia Haddad", role=role,
            starts_at=begins, ends_at=ends,
        )  # fmt: skip


def _count(who: Actor, service: Service, rows: list[tuple[str, int, int]]) -> None:
    """Count the pages of the last two weeks."""
    one, other = counted_weeks(timezone.now())[-2:]
    counts: dict[tuple[date, str], int | None] = {}
    for person, before, last in rows:
        counts |= {(one, person): before, (other, person): last}
    revision = Roster.objects.get(service=service).revision
    count_pages(who, service.pk, revision=revision, counts=counts)


def _calendar(people: tuple[str, ...]) -> str:
    """A calendar as a paging tool exports it: one person after the other, a week each."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "X-WR-CALNAME:On Call Schedule for Catalog"]
    begins = _tuesday(20)
    for turn in range(11):
        ends = begins + timedelta(days=7)
        person = people[turn % len(people)]
        lines += ["BEGIN:VEVENT", f"UID:turn-{turn}", f"DTSTART:{begins:%Y%m%dT%H%M%SZ}"]
        lines += [f"DTEND:{ends:%Y%m%dT%H%M%SZ}", f"SUMMARY:On Call - {person} - Catalog", "END:VEVENT"]
        begins = ends
    return "\n".join([*lines, "END:VCALENDAR", ""])


def _held(who: Actor, service: Service, days_ago: int, people: str, notes: str) -> None:
    day = timezone.localdate() - timedelta(days=days_ago)
    actions = [("Raise the limit of the workers before the sale", people.split(",", maxsplit=1)[0])]
    record_review(who, service.pk, held_on=day, people=people, notes=notes, actions=actions)
