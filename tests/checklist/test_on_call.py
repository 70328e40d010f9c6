"""The arithmetic of a rota: planning, replacing, and what its turns say."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checklist.rules.on_call import (
    Rotation,
    gaps_of,
    in_both_roles,
    load_estimate,
    look_at,
    page_load,
    people_of,
    shape_problems,
    size_verdict,
    turns_of,
)
from checklist.rules.on_call_figures import load_figure, shape_figure, size_figure
from checklist.rules.rota import Shift, Span, replaced, weekly

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 10, 20, 12, tzinfo=UTC)
FIRST = datetime(2026, 10, 13, 10, tzinfo=BERLIN)
PEOPLE = ["Ann", "Bo", "Cy", "Di", "Ed", "Flo"]
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)

hours = st.integers(min_value=0, max_value=24 * 40)


@st.composite
def some_shifts(draw: st.DrawFn) -> list[Shift]:
    """A handful of shifts of a few people, in any order, overlapping or not."""
    rows = draw(
        st.lists(
            st.tuples(
                hours,
                st.integers(1, 24 * 14),
                st.sampled_from(["Ann", "ann ", "Bo", "Cy"]),
                st.sampled_from(["primary", "secondary"]),
            ),
            max_size=12,
        )
    )
    base = NOW - 20 * DAY
    return [Shift(base + HOUR * at, base + HOUR * (at + long), who, role) for at, long, who, role in rows]


def shift(who: str, at: float, days: float, role: str = "primary") -> Shift:
    """A shift of some days, `at` days from now."""
    starts = NOW + DAY * at
    return Shift(starts, starts + DAY * days, who, role)  # type: ignore[arg-type]


def held(shifts: list[Shift], role: str, moment: datetime) -> set[str]:
    """Who holds a role at a moment."""
    return {
        each.person.strip().casefold()
        for each in shifts
        if each.role == role and each.starts_at <= moment < each.ends_at
    }


@given(st.integers(1, 8), st.integers(1, 12), st.dates(date(2026, 1, 1), date(2027, 1, 1)))
def test_a_weekly_rotation_has_no_gap_and_keeps_its_hour(people: int, weeks: int, day: date) -> None:
    first = datetime(day.year, day.month, day.day, 10, tzinfo=BERLIN)
    shifts = weekly([f"P{n}" for n in range(people)], first, weeks, with_secondary=people > 1)
    primary = [each for each in shifts if each.role == "primary"]
    assert len(primary) == weeks
    assert all(each.starts_at.astimezone(BERLIN).hour == 10 for each in shifts)
    assert all(one.ends_at == two.starts_at for one, two in pairwise(primary))
    assert gaps_of(shifts, "primary", Span(primary[0].starts_at, primary[-1].ends_at)) == []
    assert in_both_roles(shifts) == []
    if people > 1:
        assert len(turns_of(shifts, "primary")) == weeks
        now = primary[0].starts_at
        assert look_at(shifts, now).odd_turns == []


def test_the_change_of_the_clocks_makes_no_odd_turn() -> None:
    shifts = weekly(PEOPLE[:4], FIRST, 8, with_secondary=True)
    lengths = {each.length for each in shifts}
    assert WEEK + HOUR in lengths  # the week in which Berlin has 25 hours on a Sunday
    assert look_at(shifts, NOW).odd_turns == []


def test_a_secondary_needs_a_second_person() -> None:
    with pytest.raises(ValueError, match="second person"):
        weekly(["Ann", " ann"], FIRST, 4, with_secondary=True)
    with pytest.raises(ValueError, match="at least one"):
        weekly([], FIRST, 4, with_secondary=False)


@given(some_shifts(), some_shifts(), hours, st.integers(1, 500))
def test_replacing_changes_only_the_span(old: list[Shift], new: list[Shift], at: int, long: int) -> None:
    base = NOW - 20 * DAY
    span = Span(base + HOUR * at, base + HOUR * (at + long))
    inside = [
        Shift(max(each.starts_at, span.starts_at), min(each.ends_at, span.ends_at), each.person, each.role)
        for each in new
        if each.starts_at < span.ends_at and each.ends_at > span.starts_at and each.role == "primary"
    ]
    result = replaced(old, inside, span, ("primary",))
    for place in range(0, 24 * 60, 7):
        moment = base + HOUR * place
        within = span.starts_at <= moment < span.ends_at
        assert held(result, "primary", moment) == held(inside if within else old, "primary", moment)
        assert held(result, "secondary", moment) == held(old, "secondary", moment)
    assert all(each.length > timedelta() for each in result)


@given(some_shifts())
def test_gaps_are_just_when_nobody_is_there(shifts: list[Shift]) -> None:
    span = Span(NOW - 20 * DAY, NOW + 30 * DAY)
    gaps = gaps_of(shifts, "primary", span)
    for place in range(0, 24 * 50, 5):
        moment = span.starts_at + HOUR * place
        in_gap = any(gap.starts_at <= moment < gap.ends_at for gap in gaps)
        assert in_gap == (not held(shifts, "primary", moment))


@given(some_shifts())
def test_both_roles_are_just_when_one_person_holds_both(shifts: list[Shift]) -> None:
    twice = in_both_roles(shifts)
    for place in range(0, 24 * 50, 5):
        moment = NOW - 20 * DAY + HOUR * place
        both = held(shifts, "primary", moment) & held(shifts, "secondary", moment)
        assert held(twice, "primary", moment) == both


@given(some_shifts())
def test_nobody_is_on_call_longer_than_the_rota(shifts: list[Shift]) -> None:
    for person in people_of(shifts):
        mine = [each for each in shifts if each.person.strip().casefold() == person.name.strip().casefold()]
        assert person.primary <= sum((each.length for each in mine if each.role == "primary"), timedelta())
        assert person.rotates == (person.primary + person.secondary >= DAY)


def test_a_cover_of_some_hours_neither_counts_nor_ends_a_turn() -> None:
    shifts = [shift("Ann", 0, 3), shift("Bo", 3, 0.2), shift("Ann", 3.2, 3.8), shift("Cy", 7, 7)]
    turns = turns_of(shifts, "primary")
    assert [(turn.person, turn.length) for turn in turns] == [("Ann", WEEK), ("Cy", WEEK)]
    rotation = look_at(shifts, NOW)
    assert rotation.size == 2
    assert [person.name for person in rotation.people if not person.rotates] == ["Bo"]


def test_two_weeks_in_a_row_are_an_odd_turn() -> None:
    shifts = [shift("Ann", -7, 7), shift("Bo", 0, 7), shift("Bo", 7, 7), shift("Cy", 14, 7)]
    rotation = look_at(shifts, NOW)
    assert [(turn.person, turn.length) for turn in rotation.odd_turns] == [("Bo", 2 * WEEK)]
    problems = shape_problems(rotation, NOW)
    assert problems[0] == "1 of 3 turns does not last a week: Bo for 14 days."
    assert "There is no secondary." in problems
    assert "The next four weeks are not planned to their end." in problems


def test_gaps_and_one_person_in_both_roles_are_told() -> None:
    shifts = [
        shift("Ann", 0, 7), shift("Bo", 8, 28),
        shift("Ann", 0, 7, "secondary"), shift("Cy", 7, 29, "secondary"),
    ]  # fmt: skip
    problems = " ".join(shape_problems(look_at(shifts, NOW), NOW))
    assert "Nobody is primary for 24 h, in 1 gap." in problems
    assert "Primary and secondary at the same time: Ann." in problems


@pytest.mark.parametrize(
    ("size", "verdict"), [(0, "not_met"), (3, "not_met"), (4, "warn"), (5, "warn"), (6, "met")]
)
def test_size_against_four_and_six(size: int, verdict: str) -> None:
    assert size_verdict(size) == verdict


def test_who_left_the_rota_long_ago_does_not_count() -> None:
    shifts = [shift("Old", -60, 7), *weekly(PEOPLE[:4], FIRST, 8, with_secondary=True)]
    assert look_at(shifts, NOW).size == 4


@given(
    st.dictionaries(
        st.tuples(st.sampled_from([date(2026, 10, 5), date(2026, 10, 12)]), st.sampled_from(PEOPLE)),
        st.integers(0, 50),
        min_size=1,
    )
)
def test_the_load_is_that_of_the_worst_person(counts: dict[tuple[date, str], int]) -> None:
    load = page_load(counts)
    assert load is not None
    weeks = len({week for week, _ in counts})
    totals = [sum(n for (_, who), n in counts.items() if who == person) for person in PEOPLE]
    assert load[0] == pytest.approx(max(totals) / weeks, abs=0.005)
    assert load[3] == max(counts.values())


def test_without_counts_the_load_is_estimated_from_pages_and_people() -> None:
    alerts = [
        {"tier": "page", "fired": 9}, {"tier": "ticket", "fired": 40}, {"tier": "page", "fired": None},
        {"tier": "page", "fired": 3},
    ]  # fmt: skip
    assert load_estimate(alerts, 4) == (3.0, 12)
    assert load_estimate(alerts, 0) is None  # nobody to divide by
    assert load_estimate([], 4) is None
    rotation = look_at(weekly(PEOPLE[:4], FIRST, 8, with_secondary=True), NOW)
    figure = load_figure(rotation, {}, alerts, NOW.date())
    assert figure is not None
    assert (figure.verdict, figure.data["number"]) == ("not_met", 3.0)
    assert "estimate" in figure.words
    assert "not the worst person" in figure.data["how"]
    counted = load_figure(rotation, {(date(2026, 10, 12), "Ann"): 2}, alerts, NOW.date())
    assert counted is not None
    assert (counted.verdict, counted.data["number"], counted.caution) == ("met", 2.0, "")


def test_figures_take_their_limits_from_the_item_and_say_their_source() -> None:
    rotation = look_at(weekly(PEOPLE[:4], FIRST, 8, with_secondary=True), NOW)
    size = size_figure(rotation, "From the rota.", NOW.date(), least=5, target=8)
    assert size is not None
    assert (size.verdict, size.data["number"]) == ("not_met", 4)
    assert size.data["how"].endswith("From the rota.")
    shape = shape_figure(rotation, "From the rota.", NOW)
    assert shape is not None
    assert shape.verdict == "met"
    empty = Rotation(Span(NOW, NOW))
    assert size_figure(empty, "", NOW.date()) is None
    assert shape_figure(empty, "", NOW) is None
