"""The chart of past drills: nothing leaves the picture, whatever the times."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.drill_chart import HEIGHT, MOST, WIDTH, Past, draw, short

START = datetime(2026, 11, 23, tzinfo=UTC)


def past(*seconds: float, met: bool = True) -> list[Past]:
    return [
        Past(START + timedelta(days=spot), each, met, f"/drills/{spot}/") for spot, each in enumerate(seconds)
    ]


@given(st.lists(st.floats(0, 7 * 86_400), max_size=60), st.none() | st.integers(1, 100_000))
def test_every_bar_is_inside_the_picture(seconds: list[float], limit: int | None) -> None:
    chart = draw(past(*seconds), limit)
    if not seconds:
        assert chart is None
        return
    assert chart is not None
    assert len(chart.bars) == min(len(seconds), MOST)
    for bar in chart.bars:
        assert chart.left <= bar.x
        assert bar.x + bar.width <= WIDTH
        assert 0 <= bar.y <= bar.y + bar.height <= HEIGHT
    assert 1 <= len(chart.ticks) <= 12
    assert all(0 <= y <= HEIGHT for y, _ in chart.ticks)
    assert (chart.limit_y is None) == (limit is None)
    assert chart.limit_y is None or 0 <= chart.limit_y <= HEIGHT


def test_over_the_limit_is_above_its_line() -> None:
    chart = draw(past(601, 600), 600)
    assert chart is not None
    assert chart.limit_y is not None
    assert chart.bars[0].y <= chart.limit_y
    assert chart.words == "2 drills, 2 met, the newest 24 Nov 2026: 10:00, met"


def test_words_and_marks_tell_what_colours_tell() -> None:
    chart = draw(past(700, met=False), 600)
    assert chart is not None
    (bar,) = chart.bars
    assert (bar.tone, bar.mark) == ("bad", "✗")
    assert bar.words == "23 Nov 2026: 11:40, not met"


def test_days_do_not_run_into_each_other() -> None:
    chart = draw(past(*[60] * MOST), None)
    assert chart is not None
    shown = [bar.middle for bar in chart.bars if bar.day]
    assert chart.bars[-1].day
    assert all(after - before >= 50 for before, after in itertools.pairwise(shown))


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0:00"), (59.9, "0:59"), (372, "6:12"), (3870, "1:04:30")]
)
def test_a_duration_as_a_clock_shows_it(seconds: float, words: str) -> None:
    assert short(seconds) == words
