"""The rota as a calendar: bars lie where they should, and never over each other."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from checklist.rules.on_call import look_at
from checklist.rules.rota import Shift, weekly
from reviews.rota_picture import COLUMNS, Bar, Week, weeks_of

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 10, 21, 12, tzinfo=UTC)


def drawn(shifts: list[Shift]) -> list[Week]:
    """The picture of some shifts."""
    return weeks_of(shifts, look_at(shifts, NOW), NOW, BERLIN)


def bars(week: Week, lane: int = 0) -> list[tuple[int, int, str, str]]:
    """The bars of a lane, short."""
    return [(bar.start, bar.width, bar.label, bar.kind) for bar in week.lanes[lane].bars]


def test_turns_from_tuesday_to_tuesday_over_the_change_of_the_clocks() -> None:
    shifts = weekly(["Ann", "Bo"], datetime(2026, 10, 13, 12, tzinfo=BERLIN), 4, with_secondary=True)
    first, second, third, *_ = drawn(shifts)
    assert first.days[0] == date(2026, 10, 12)
    assert second.is_now
    assert bars(second) == [(1, 6, "Ann", "turn"), (7, 22, "Bo", "turn")]
    assert bars(second, 1) == [(1, 6, "Bo", "turn"), (7, 22, "Ann", "turn")]
    assert bars(third) == [(1, 6, "Bo", "turn"), (7, 22, "Ann", "turn")]  # the 25th had 25 hours
    assert first.lanes[0].bars[0].when == "Tue 13 Oct 12:00 to Mon 19 Oct 00:00"


def test_a_short_gap_is_still_seen_and_one_person_in_both_roles_is_marked() -> None:
    monday = datetime(2026, 10, 19, tzinfo=BERLIN).astimezone(UTC)
    day, hour = timedelta(days=1), timedelta(hours=1)
    shifts = [
        Shift(monday, monday + 3 * day, "Ann", "primary"),
        Shift(monday + 3 * day + hour, monday + 7 * day, "Bo", "primary"),
        Shift(monday, monday + 5 * day, "Cy", "secondary"),
        Shift(monday + 5 * day, monday + 7 * day, "Bo", "secondary"),
    ]
    (week,) = drawn(shifts)
    assert bars(week) == [
        (1, 12, "Ann", "turn"), (13, 1, "Nobody", "gap"), (14, 7, "Bo", "turn"), (21, 8, "Bo", "same"),
    ]  # fmt: skip
    assert bars(week, 1) == [(1, 20, "Cy", "turn"), (21, 8, "Bo", "same")]


def test_without_a_secondary_there_is_one_lane() -> None:
    shifts = weekly(["Ann"], datetime(2026, 10, 20, 10, tzinfo=BERLIN), 2, with_secondary=False)
    assert [len(week.lanes) for week in drawn(shifts)] == [1, 1, 1]
    assert weeks_of([], look_at([], NOW), NOW, BERLIN) == []


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(-300, 900),
            st.integers(1, 300),
            st.sampled_from(["Ann", "Bo", "Cy"]),
            st.sampled_from(["primary", "secondary"]),
        ),
        min_size=1,
        max_size=15,
    )
)
def test_bars_stay_in_the_week_and_never_overlap(rows: list[tuple[int, int, str, str]]) -> None:
    hour = timedelta(hours=1)
    shifts = [
        Shift(NOW + hour * at, NOW + hour * (at + long), who, role)  # type: ignore[arg-type]
        for at, long, who, role in rows
    ]
    for week in drawn(shifts):
        for lane in week.lanes:
            reached = 1
            for bar in lane.bars:
                assert isinstance(bar, Bar)
                assert bar.start >= reached
                assert bar.width >= 1
                reached = bar.start + bar.width
            assert reached <= COLUMNS + 1
