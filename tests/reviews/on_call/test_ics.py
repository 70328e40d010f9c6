"""Calendars as paging tools and shared calendars export them, and calendars that mean no good."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checklist.rules.on_call import LOOK_AHEAD, LOOK_BACK, look_at
from checklist.rules.rota import Span
from reviews.imports.ics import MAX_BYTES, Asked, ReadCalendar, decode, read_calendar
from reviews.imports.rows import Problem

CORPUS = Path(__file__).parents[2] / "corpus" / "calendars"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SPAN = Span(NOW - LOOK_BACK, NOW + LOOK_AHEAD)
UTC_ZONE = ZoneInfo("UTC")


def asked(**more: object) -> Asked:
    """What a person says who says nothing in particular."""
    return Asked(SPAN, UTC_ZONE, **more)  # type: ignore[arg-type]


def corpus(name: str, **more: object) -> ReadCalendar:
    """A calendar of the corpus as read."""
    text = decode((CORPUS / name).read_bytes())
    assert isinstance(text, str)
    return read_calendar(text, asked(**more))


def made(*lines: str, start: str = "20261101T090000Z", title: str = "Ann") -> ReadCalendar:
    """A calendar of one event with `lines`."""
    event = [
        "BEGIN:VEVENT",
        "UID:1",
        f"DTSTART:{start}",
        "DURATION:P1D",
        f"SUMMARY:{title}",
        *lines,
        "END:VEVENT",
    ]
    return whole(*event)


def whole(*lines: str) -> ReadCalendar:
    """A calendar of these lines."""
    return read_calendar("\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *lines, "END:VCALENDAR", ""]), asked())


def words(calendar: ReadCalendar) -> str:
    """All problems as one text."""
    return " ".join(problem.message for problem in calendar.problems)


def test_pagerduty_names_people_and_its_schedule_in_the_title() -> None:
    calendar = corpus("pagerduty-primary.ics")
    assert calendar.people == ["Jane Doe", "Li Wei", "Marek Novák", "Priya Nair", "Tomás O'Brien"]
    assert {shift.role for shift in calendar.shifts} == {"primary"}
    rotation = look_at(calendar.shifts, NOW)
    assert (rotation.size, rotation.odd_turns, rotation.gaps) == (5, [], [])
    assert "@" not in repr(calendar)


def test_a_schedule_for_each_role_is_imported_one_after_the_other() -> None:
    assert {shift.role for shift in corpus("pagerduty-primary.ics", role="secondary").shifts} == {"secondary"}


def test_opsgenie_has_addresses_and_both_rotations() -> None:
    calendar = corpus("opsgenie-both.ics")
    assert "Jane Doe" in calendar.people
    assert "@" not in repr(calendar)
    assert [shift.role for shift in calendar.shifts].count("secondary") == 8
    assert calendar.shifts[0].starts_at == datetime(2026, 11, 2, 8, tzinfo=UTC)  # nine in Berlin
    assert look_at(calendar.shifts, NOW).same == []


def test_an_endless_weekly_series_is_read_for_ninety_days() -> None:
    calendar = corpus("google-weekly.ics")
    assert calendar.problems == ()
    rotation = look_at(calendar.shifts, NOW)
    assert (rotation.odd_turns, rotation.gaps) == ([], [])
    swapped = next(
        each for each in calendar.shifts if each.starts_at == datetime(2026, 11, 29, 23, tzinfo=UTC)
    )
    assert swapped.person == "Li Wei"  # one occurrence was changed
    assert [each.why for each in calendar.skipped] == ["It is cancelled."]


def test_a_teams_calendar_is_narrowed_by_words_and_names_people_by_invitation() -> None:
    assert "Team lunch" in corpus("google-team-calendar.ics").people
    calendar = corpus("google-team-calendar.ics", only="on call")
    assert calendar.people == ["Jane Doe", "Marek Novák", "Priya Nair", "Tomás O'Brien"]
    assert look_at(calendar.shifts, NOW).odd_turns == []
    assert len(calendar.skipped) == 1


def test_outlook_names_zones_its_own_way_and_html_in_a_name_is_text() -> None:
    calendar = corpus("outlook-zones.ics")
    assert {(each.person, each.role) for each in calendar.shifts} == {
        ("Nils Holm", "primary"),
        ("<b>Jo</b>hanna Berg", "secondary"),
    }
    assert calendar.shifts[0].starts_at == datetime(2026, 11, 23, 8, tzinfo=UTC)


def test_turns_that_follow_the_sun_are_read_and_are_no_weeks() -> None:
    rotation = look_at(corpus("follow-the-sun.ics").shifts, NOW)
    assert rotation.gaps == []
    assert len(rotation.odd_turns) > 10


@pytest.mark.parametrize(
    ("rule", "start", "says"),
    [
        ("FREQ=SECONDLY", "20261101T090000Z", "every second"),
        ("FREQ=MINUTELY", "20261101T090000Z", "every minute"),
        ("FREQ=HOURLY", "20261101T090000Z", "more than 2,000 turns"),
        ("FREQ=HOURLY", "19910101T090000Z", "too often"),
        (
            "FREQ=DAILY;BYHOUR=" + ",".join(map(str, range(24))) + ";BYMINUTE=0,15,30,45",
            "20261101T090000Z",
            "too often",
        ),
        ("FREQ=DAILY;COUNT=5;BYMONTH=2;BYMONTHDAY=30", "20261101T090000Z", "days only, which may never come"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "20261101T090000Z", "may never come"),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=MO", "20261103T090000Z", "may never come"),
        ("FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30", "20261101T090000Z", ""),
        ("FREQ=YEARLY;BYDAY=60MO", "20261101T090000Z", "cannot be read"),
        ("FREQ=YEARLY;COUNT=3;BYMONTH=2;BYMONTHDAY=30", "20261101T090000Z", ""),
        ("FREQ=WEEKLY;BYDAY=MO", "00010101T090000Z", "since 1"),
        ("FREQ=BANANA", "20261101T090000Z", "cannot be read"),
        ("FREQ=WEEKLY;INTERVAL=0", "20261101T090000Z", "1 or more"),
        ("FREQ=WEEKLY;INTERVAL=0", "20261124T100000Z", "1 or more"),
        ("FREQ=DAILY;INTERVAL=-1", "20261124T100000Z", "1 or more"),
    ],
)
def test_an_endless_or_explosive_recurrence_ends_quickly(rule: str, start: str, says: str) -> None:
    begun = time.perf_counter()
    calendar = made(f"RRULE:{rule}", start=start)
    assert time.perf_counter() - begun < 5
    if says:
        assert says in words(calendar)
        assert calendar.shifts == ()
    else:  # a day that never comes: only the first one, which DTSTART names, is there
        assert len(calendar.shifts) == 1


def test_many_costly_series_are_refused_together() -> None:
    events = []
    for number in range(300):
        events += ["BEGIN:VEVENT", f"UID:{number}", "DTSTART:20200101T090000Z", "DURATION:P1D", "SUMMARY:Ann"]
        events += ["RRULE:FREQ=DAILY;INTERVAL=2", "END:VEVENT"]
    begun = time.perf_counter()
    calendar = whole(*events)
    assert time.perf_counter() - begun < 5
    assert "too often" in words(calendar)
    assert calendar.shifts == ()


def test_more_turns_than_fit_end_the_reading() -> None:
    events = []
    for number in range(400):
        events += [
            "BEGIN:VEVENT",
            f"UID:{number}",
            "DTSTART:20261101T090000Z",
            "DURATION:P1D",
            f"SUMMARY:P{number}",
        ]
        events += ["RRULE:FREQ=WEEKLY", "END:VEVENT"]
    begun = time.perf_counter()
    calendar = whole(*events)
    assert time.perf_counter() - begun < 5
    assert "more than 2,000 turns" in words(calendar)
    assert calendar.problems[0].line > 0


def test_a_series_whose_turns_last_for_centuries() -> None:
    calendar = whole(
        "BEGIN:VEVENT", "UID:1", "DTSTART:20200101T090000Z", "DTEND:29990101T090000Z", "RRULE:FREQ=DAILY",
        "SUMMARY:Ann", "END:VEVENT",
    )  # fmt: skip
    assert "lasts over a year" in words(calendar)


def test_a_time_zone_that_changes_all_the_time() -> None:
    calendar = whole(
        "BEGIN:VTIMEZONE", "TZID:Foo", "BEGIN:STANDARD", "DTSTART:19700101T000000", "TZOFFSETFROM:+0100",
        "TZOFFSETTO:+0200", "RRULE:FREQ=SECONDLY", "END:STANDARD", "END:VTIMEZONE",
        "BEGIN:VEVENT", "UID:1", "DTSTART;TZID=Foo:20261101T090000", "DURATION:P1D", "SUMMARY:Ann",
        "END:VEVENT",
    )  # fmt: skip
    assert calendar.problems[0].line == 9
    assert "changes more than once a month" in words(calendar)


def test_a_zone_that_nobody_knows_is_not_guessed() -> None:
    calendar = whole(
        "BEGIN:VEVENT", "UID:1", "DTSTART;TZID=Mars/Olympus:20261101T090000", "DURATION:P1D", "SUMMARY:Ann",
        "END:VEVENT",
    )  # fmt: skip
    assert "Mars/Olympus" in words(calendar)
    assert calendar.problems[0].line == 3


def test_every_problem_has_its_line_and_nothing_is_taken() -> None:
    calendar = whole(
        "BEGIN:VEVENT", "UID:1", "DTSTART:20261101T090000Z", "DURATION:P7D", "SUMMARY:Ann", "END:VEVENT",
        "BEGIN:VEVENT", "UID:2", "DTSTART:yesterday", "SUMMARY:Bo", "END:VEVENT",
        "BEGIN:VEVENT", "UID:3", "SUMMARY:Cy", "END:VEVENT",
    )  # fmt: skip
    assert [(problem.line, problem.message.split(" ")[0]) for problem in calendar.problems] == [
        (9, "DTSTART"), (14, "DTSTART"),
    ]  # fmt: skip
    assert calendar.shifts == ()


def test_an_event_that_names_nobody() -> None:
    calendar = made(title="On-call")
    assert "names nobody" in words(calendar)


def test_dates_listed_one_by_one() -> None:
    dates = ",".join(f"2026{month:02}{day:02}T090000Z" for month in (11, 12) for day in range(1, 29))
    assert len(made("RDATE:" + dates).shifts) == 56
    assert "single dates" in words(made("RDATE:" + ",".join([dates] * 50)))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("<html><body>Sign in</body></html>", "web page"),
        ("name,team\nx,y", "no calendar"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nnonsense", "cut off or damaged"),
        ("BEGIN:VCALENDAR\nEND:VCALENDAR\n", "no events"),
        (
            "BEGIN:VCALENDAR\n" + "BEGIN:X\n" * 50_000 + "END:X\n" * 50_000 + "END:VCALENDAR\n",
            "nested too deep",
        ),
        ("BEGIN:VCALENDAR\n" + "BEGIN:VEVENT\nEND:VEVENT\n" * 2_001 + "END:VCALENDAR\n", "2,001 events"),
    ],
)
def test_what_is_no_calendar_is_refused_with_words(text: str, says: str) -> None:
    begun = time.perf_counter()
    assert says in words(read_calendar(text, asked()))
    assert time.perf_counter() - begun < 5


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"  ", "Choose a calendar file"),
        (b"x" * (MAX_BYTES + 1), "larger than 1 MB"),
        (b"BEGIN:VCALENDAR\nSUMMARY:\xff", "Line 2 is not UTF-8"),
        (b"BEGIN\x00", "binary"),
    ],
)
def test_bytes_that_are_no_text(data: bytes, says: str) -> None:
    problem = decode(data)
    assert isinstance(problem, Problem)
    assert says in problem.message


def test_a_megabyte_on_one_line_is_read_in_bounded_time() -> None:
    begun = time.perf_counter()
    calendar = made("DESCRIPTION:" + "a" * 900_000)
    assert time.perf_counter() - begun < 5
    assert len(calendar.shifts) == 1
    assert calendar.shifts[0].ends_at - calendar.shifts[0].starts_at == timedelta(days=1)


@pytest.mark.parametrize(
    "lines",
    [
        ["DTEND:20261102T090000Z", "DTEND:20261103T090000Z"],
        ["DTEND:yesterday"],
        ["DTSTART:20261101T090000Z"],
        ["DURATION:P99999999D"],
        ["RRULE:FREQ=WEEKLY;COUNT=-5"],
        ["RRULE:FREQ=WEEKLY;UNTIL=20261201T000000Z;COUNT=3"],
        ["RECURRENCE-ID;RANGE=THISANDFUTURE:20261105T090000Z"],
        ["RDATE;VALUE=PERIOD:20261105T090000Z/P1D"],
        ["BEGIN:VEVENT"],
    ],
)
def test_properties_that_contradict_each_other_end_in_words_or_turns(lines: list[str]) -> None:
    event = ["BEGIN:VEVENT", "UID:1", "SUMMARY:Ann", "DTSTART:20261101T090000Z", *lines, "END:VEVENT"]
    calendar = whole(*event)
    assert calendar.problems or calendar.shifts
    assert all(problem.message.endswith(".") for problem in calendar.problems)


@settings(deadline=None)
@given(st.data())
def test_a_damaged_calendar_is_refused_or_read_but_never_fails(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(path.name for path in CORPUS.glob("*.ics"))))
    lines = (CORPUS / name).read_text().splitlines()[:60]
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(lines) - 1))
        lines[place] = data.draw(
            st.one_of(st.sampled_from(lines), st.text(max_size=30), st.just(lines[place][:-3]))
        )
    calendar = read_calendar("\n".join(lines), asked())
    assert not (calendar.problems and calendar.shifts)
