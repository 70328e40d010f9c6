"""Headroom, what changed, and when the next look is due."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checklist.rules.capacity import changes, due, due_after, figures_of, in_words, judged, tiers

amounts = st.one_of(st.integers(1, 10**9), st.floats(0.001, 10**9, allow_nan=False))


def row(tier: str, limit: object, peak: object, resource: str = "connections") -> dict[str, object]:
    """A row of the headroom item."""
    return {"tier": tier, "resource": resource, "limit": limit, "peak": peak}


@pytest.mark.parametrize(
    ("limit", "peak", "headroom", "verdict"),
    [
        (100, 70, 30.0, "met"),
        (100, 70.1, 29.9, "warn"),
        (100_000, 70_001, 30.0, "warn"),  # just below, though it is shown as 30
        (100, 85, 15.0, "warn"),
        (100, 85.1, 14.9, "not_met"),
        (100, 100, 0.0, "not_met"),
        (100, 130, -30.0, "not_met"),
        (100, 0, 100.0, "met"),
    ],
)
def test_headroom_against_thirty_and_fifteen(
    limit: float, peak: float, headroom: float, verdict: str
) -> None:
    assert judged(limit, peak)[:2] == (headroom, verdict)


def test_a_limit_of_zero_is_said_and_not_divided_by() -> None:
    headroom, verdict, words = judged(0, 10)
    assert (headroom, verdict) == (None, "not_met")
    assert words == "The limit is 0, so there is no headroom to work out. Enter what the tier can take."
    assert judged(None, 10)[2] == "Limit or peak is missing."


@given(amounts, amounts)
def test_headroom_never_fails_and_follows_its_limits(limit: float, peak: float) -> None:
    headroom, verdict, _ = judged(limit, peak)
    assert headroom is not None
    assert (verdict == "met") == (judged(limit, peak, target=30, least=0)[1] == "met")
    assert verdict == "not_met" or headroom >= 14.9


@given(st.lists(st.tuples(st.text(max_size=5), st.integers(0, 50), st.integers(0, 50)), max_size=10))
def test_the_least_headroom_comes_first(rows: list[tuple[str, int, int]]) -> None:
    found = tiers([row(name, limit, peak) for name, limit, peak in rows])
    assert len(found) == len(rows)
    order = [float("-inf") if tier.headroom is None else tier.headroom for tier in found]
    assert order == sorted(order)
    assert all(0 <= tier.used <= 100 for tier in found)


def test_time_to_scale_is_found_by_the_tiers_name() -> None:
    scaling = [{"tier": " web ", "how": "Autoscaling", "minutes": 4}]
    web, database = tiers([row("Web", 10, 5), row("Database", 10, 5)], scaling)[::-1]
    assert (web.name, web.how, web.scales_in) == ("Web", "Autoscaling", "4 min")
    assert (database.how, database.scales_in) == ("", "")


@pytest.mark.parametrize(
    ("minutes", "words"), [(4, "4 min"), (90, "90 min"), (180, "3 h"), (1440, "1 day"), (4320, "3 days")]
)
def test_minutes_in_words(minutes: int, words: str) -> None:
    assert in_words(minutes) == words


def test_what_changed_is_told_in_sentences() -> None:
    limit = {"kind": "rate_limit", "name": "Mail API", "limit": "50 a second"}
    before = figures_of(tiers([row("Web", 10, 5), row("Cache", 8, 1)]), 100, [limit], "The database.")
    after = figures_of(
        tiers([row("Web", 10, 8), row("Queue", 5, 1)]),
        150,
        [{**limit, "limit": "100 a second"}],
        "The queue.",
    )
    assert changes(before, after) == [
        "New tier: Queue.",
        "Tier no longer listed: Cache.",
        "Web: peak 5 → 8; 50 % left before, 20 % left now.",
        "Peak traffic: 100 before, 150 now (+50 %).",
        "Limit of Mail API: 50 a second → 100 a second.",
        "What is said of the bottleneck changed.",
    ]
    assert changes(after, after) == []
    assert changes(figures_of([], 0, [], ""), figures_of([], 5, [], "")) == ["Peak traffic: 0 before, 5 now."]
    assert changes({}, after)[0] == "New tier: Web."


def test_overdue_after_thirty_eight_days() -> None:
    held = date(2026, 10, 1)
    last = due_after(held)
    assert last == held + timedelta(days=38)
    assert due(last, last).overdue_days == 0
    assert due(last, last + timedelta(days=1)).overdue_days == 1
    assert due(last, last + timedelta(days=1)).words == "Overdue for 1 day."
    assert due(None, last).words == "None was held yet."
