"""Writing who is on call: planning, importing, swapping, counting pages."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from readiness.accounts.rights import actor_of
from readiness.errors import Conflict, Invalid, NotFound, Refused, WrongState
from reviews.actions.rosters import (
    CalendarFile,
    Rotation,
    count_pages,
    counted_weeks,
    import_calendar,
    plan_rotation,
    set_turn,
)
from reviews.events import verify_all
from reviews.models import Event, PageCount, Roster, Service, Turn
from reviews.queries.on_call import load_on_call, on_call_now, people_on_call
from tests.cast import Cast
from tests.reviews.on_call.conftest import PEOPLE
from tests.threads import at_once

CORPUS = Path(__file__).parents[2] / "corpus" / "calendars"
ENDLESS = """BEGIN:VCALENDAR
BEGIN:VEVENT
UID:1
DTSTART:20200101T000000Z
RRULE:FREQ=SECONDLY
SUMMARY:Ann
END:VEVENT
END:VCALENDAR
"""


def weekly_calendar(*names: str) -> str:
    """A calendar with one turn of a week for each name, from last Monday on."""
    start = timezone.now().replace(hour=8, minute=0, second=0, microsecond=0) - timedelta(days=7)
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0"]
    for place, name in enumerate(names):
        begins = start + timedelta(days=7 * place)
        lines += [
            "BEGIN:VEVENT", f"UID:{place}", f"DTSTART:{begins:%Y%m%dT%H%M%SZ}", "DURATION:P7D",
            f"SUMMARY:{name}", "END:VEVENT",
        ]  # fmt: skip
    return "\n".join([*lines, "END:VCALENDAR", ""])


def file(text: str, **more: object) -> CalendarFile:
    """A calendar file as the form gives it."""
    return CalendarFile(text, "rota.ics", "Europe/Berlin", **more)  # type: ignore[arg-type]


def test_a_plan_is_stored_with_its_event(cast: Cast, planned: Service) -> None:
    duty = load_on_call(planned)
    assert duty.rotation.size == 4
    assert duty.problems == []
    assert len(on_call_now(duty)) == 2
    assert Turn.objects.filter(roster__service=planned).count() == 24
    event = Event.objects.get(service=planned, verb="person:roster:planned")
    assert event.summary == "Planned 12 weeks on call for 4 people"
    assert event.actor_name == "Milo Member"
    assert verify_all()[1] == []


def test_a_new_plan_keeps_the_turns_before_it(cast: Cast, planned: Service) -> None:
    now = timezone.now()
    new = ["Ann", "Bo", "Cy", "Di", "Ed", "Flo"]
    plan = Rotation(new, now, "UTC", 8)
    plan_rotation(actor_of(cast.member), planned.pk, revision=1, plan=plan)
    duty = load_on_call(planned)
    assert {shift.person for shift in duty.shifts if shift.ends_at <= now} <= set(PEOPLE)
    assert {shift.person for shift in duty.shifts if shift.starts_at >= now} == {
        "Ann",
        "Bo",
        "Cy",
        "Di",
        "Ed",
        "Flo",
    }
    assert duty.rotation.gaps == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"people": []}, "people"),
        ({"people": ["Ann"]}, "people"),
        ({"people": ["x" * 121, "Bo"]}, "people"),
        ({"people": [f"P{n}" for n in range(51)]}, "people"),
        ({"people": ["Ann\u200b\x07", "Bo"]}, "people"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"weeks": 13}, "weeks"),
        ({"weeks": 0}, "weeks"),
        ({"first": timezone.now() + timedelta(days=400)}, "first"),
    ],
)
def test_a_plan_that_cannot_be(cast: Cast, checkout: Service, change: dict[str, object], field: str) -> None:
    values: dict[str, object] = {
        "people": PEOPLE,
        "first": timezone.now(),
        "zone": "UTC",
        "weeks": 4,
    }
    values |= change
    plan = Rotation(**values)  # type: ignore[arg-type]
    with pytest.raises(Invalid) as error:
        plan_rotation(actor_of(cast.member), checkout.pk, revision=0, plan=plan)
    assert field in error.value.fields
    assert not Roster.objects.exists()


def test_one_person_alone_can_be_planned_without_a_secondary(cast: Cast, checkout: Service) -> None:
    plan = Rotation(["Ann"], timezone.now(), "UTC", 4, with_secondary=False)
    plan_rotation(actor_of(cast.member), checkout.pk, revision=0, plan=plan)
    assert people_on_call(checkout.pk) == 1


def test_a_calendar_takes_the_place_of_the_roles_that_it_holds(cast: Cast, planned: Service) -> None:
    before = load_on_call(planned)
    kept = [shift for shift in before.shifts if shift.role == "secondary"]
    import_calendar(
        actor_of(cast.member),
        planned.pk,
        revision=1,
        file=file(weekly_calendar("Ann", "Bo", "Cy"), role="primary"),
    )
    after = load_on_call(planned)
    assert [shift for shift in after.shifts if shift.role == "secondary"] == kept
    assert {shift.person for shift in after.shifts if shift.role == "primary"} == {"Ann", "Bo", "Cy"}
    assert after.roster is not None
    assert (after.roster.source, after.roster.source_name) == ("file", "rota.ics")
    assert Event.objects.get(verb="person:roster:imported").summary == "Imported 3 turns of 3 people on call"


def test_importing_the_same_calendar_twice_changes_nothing(cast: Cast, checkout: Service) -> None:
    text = weekly_calendar("Ann", "Bo", "Cy", "Di")
    import_calendar(actor_of(cast.member), checkout.pk, revision=0, file=file(text))
    first = load_on_call(checkout).shifts
    import_calendar(actor_of(cast.member), checkout.pk, revision=1, file=file(text))
    assert load_on_call(checkout).shifts == first


def test_an_endless_calendar_writes_nothing(cast: Cast, planned: Service) -> None:
    before = load_on_call(planned).shifts
    with pytest.raises(Invalid, match="nothing was written"):
        import_calendar(actor_of(cast.member), planned.pk, revision=1, file=file(ENDLESS))
    after = load_on_call(planned)
    assert (after.shifts, after.revision) == (before, 1)


def test_addresses_of_a_calendar_are_not_stored(cast: Cast, checkout: Service) -> None:
    text = weekly_calendar("ann.smith@acme.example", "bo@acme.example")
    import_calendar(actor_of(cast.member), checkout.pk, revision=0, file=file(text))
    assert set(Turn.objects.values_list("person", flat=True)) == {"Ann Smith", "Bo"}
    assert "acme.example" not in repr(list(Event.objects.values_list("data", flat=True)))


def test_somebody_takes_over_for_a_day(cast: Cast, planned: Service) -> None:
    now = timezone.now()
    set_turn(
        actor_of(cast.member), planned.pk, revision=1, person="Lin Chen", role="primary",
        starts_at=now - timedelta(hours=2), ends_at=now + timedelta(hours=10),
    )  # fmt: skip
    duty = load_on_call(planned)
    assert [shift.person for shift in on_call_now(duty) if shift.role == "primary"] == ["Lin Chen"]
    assert duty.rotation.size == 4  # half a day is a cover
    assert duty.problems == []


def test_a_turn_is_cleared_and_the_gap_is_told(cast: Cast, planned: Service) -> None:
    now = timezone.now()
    set_turn(
        actor_of(cast.member), planned.pk, revision=1, person="", role="primary",
        starts_at=now, ends_at=now + timedelta(days=1),
    )  # fmt: skip
    assert "Nobody is primary for 24 h, in 1 gap." in " ".join(load_on_call(planned).problems)


@pytest.mark.parametrize(
    ("hours", "role", "field"), [((5, 1), "primary", "ends_at"), ((0, 24 * 91), "primary", "ends_at"),
    ((0, 5), "third", "role"), ((-24 * 200, -24 * 199), "primary", "starts_at")],
)  # fmt: skip
def test_a_turn_that_cannot_be(
    cast: Cast, planned: Service, hours: tuple[int, int], role: str, field: str
) -> None:
    starts, ends = (timezone.now() + timedelta(hours=each) for each in hours)
    with pytest.raises(Invalid) as error:
        set_turn(
            actor_of(cast.member), planned.pk, revision=1, person="Ann", role=role,  # type: ignore[arg-type]
            starts_at=starts, ends_at=ends,
        )  # fmt: skip
    assert field in error.value.fields


def test_pages_are_counted_corrected_and_taken_away(cast: Cast, planned: Service) -> None:
    actor, weeks = actor_of(cast.member), counted_weeks(timezone.now())
    count_pages(actor, planned.pk, revision=1, counts={(weeks[0], "Jane Doe"): 6, (weeks[1], "Jane Doe"): 0})
    figure = load_on_call(planned).figure("page-load")
    assert figure is not None
    assert (figure.data["number"], figure.verdict) == (3.0, "not_met")
    count_pages(actor, planned.pk, revision=2, counts={(weeks[0], "Jane Doe"): None})
    assert [(row.week, row.pages) for row in PageCount.objects.all()] == [(weeks[1], 0)]


def test_pages_of_another_time_or_too_many_are_refused(cast: Cast, planned: Service) -> None:
    actor, weeks = actor_of(cast.member), counted_weeks(timezone.now())
    for counts in (
        {(weeks[0] - timedelta(days=1), "Ann"): 1},
        {(weeks[0], "Ann"): 1_001},
        {(weeks[0], ""): 1},
    ):
        with pytest.raises(Invalid):
            count_pages(actor, planned.pk, revision=1, counts=counts)
    assert not PageCount.objects.exists()


def test_an_old_revision_is_refused(cast: Cast, planned: Service) -> None:
    with pytest.raises(Conflict, match="Milo Member changed this rota"):
        plan_rotation(
            actor_of(cast.owner), planned.pk, revision=0, plan=Rotation(PEOPLE, timezone.now(), "UTC", 4)
        )


def test_rights(cast: Cast, planned: Service) -> None:
    plan = Rotation(PEOPLE, timezone.now(), "UTC", 4)
    for who, error in (("viewer", Refused), ("reviewer", Refused), ("stranger", NotFound)):
        with pytest.raises(error):
            plan_rotation(actor_of(cast[who]), planned.pk, revision=1, plan=plan)
    Service.objects.update(archived_at=timezone.now())
    with pytest.raises(WrongState, match="archived"):
        plan_rotation(actor_of(cast.member), planned.pk, revision=1, plan=plan)


@pytest.mark.django_db(transaction=True)
def test_two_who_plan_at_once(cast: Cast, checkout: Service) -> None:
    plan = Rotation(PEOPLE, timezone.now(), "UTC", 4)

    def do(who: str) -> str:
        try:
            plan_rotation(actor_of(cast[who]), checkout.pk, revision=0, plan=plan)
        except Conflict:
            return "conflict"
        return "planned"

    assert sorted(at_once(lambda: do("owner"), lambda: do("member"))) == ["conflict", "planned"]
    assert Turn.objects.count() == 8
