"""The clock of drills: whatever is done to the wall clock, no time is negative and none runs backwards."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.clock import TOLERANCE_MS, Elapsed, Reading, _boot, _ticks, elapsed

ROOT = Path(__file__).resolve().parents[2]
START = Reading(datetime(2026, 11, 23, 12, tzinfo=UTC), "a", 5_000_000_000)
seconds = st.integers(-(10**7), 10**7)
boots = st.sampled_from(["", "a", "b"])


def later(wall: float, steady: float, boot: str = "a") -> Reading:
    return Reading(START.at + timedelta(seconds=wall), boot, START.ticks_ns + round(steady * 10**9))


@given(seconds, seconds, boots, st.integers(0, 10**9))
def test_never_negative_and_never_less_than_was_seen(
    wall: int, steady: int, boot: str, at_least_ms: int
) -> None:
    found = elapsed(START, later(wall, steady, boot), at_least_ms)
    assert found.ms >= at_least_ms >= 0


@given(seconds, st.integers(0, 10**6))
def test_on_one_machine_the_wall_clock_does_not_matter(wall: int, steady: int) -> None:
    found = elapsed(START, later(wall, steady))
    assert found.ms == steady * 1000
    assert found.sure
    assert found.moved_ms == (0 if abs(wall - steady) * 1000 <= TOLERANCE_MS else (wall - steady) * 1000)


def test_the_steady_clock_goes_on_in_another_process() -> None:
    """What a restart of the server does: another process, the same machine."""
    look = "from readiness import clock; print(clock._boot(), clock._ticks())"
    before = Reading(START.at, _boot(), _ticks())
    said = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True, cwd=ROOT)
    boot, _, ticks = said.stdout.rpartition(" ")
    after = Reading(START.at - timedelta(hours=1), boot.strip(), int(ticks))
    found = elapsed(before, after)
    assert found.sure == bool(before.boot)
    assert 0 <= found.ms < 60_000


@given(st.lists(st.tuples(seconds, seconds, boots), max_size=8))
def test_one_look_after_the_other_never_goes_back(looks: list[tuple[int, int, str]]) -> None:
    mark = 0
    for wall, steady, boot in looks:
        found = elapsed(START, later(wall, steady, boot), mark)
        assert found.ms >= mark
        mark = found.ms


@pytest.mark.parametrize(
    ("wall", "seen_ms", "expected"),
    [
        (60, 0, Elapsed(60_000)),
        (60, 60_000, Elapsed(60_000)),
        (59, 60_000, Elapsed(60_000)),  # disciplined by a second: no reason to doubt it
        (-300, 60_000, Elapsed(60_000, -360_000, sure=False)),
        (-300, 0, Elapsed(0, -300_000, sure=False)),
    ],
)
def test_across_machines_the_database_tells_the_time(wall: int, seen_ms: int, expected: Elapsed) -> None:
    assert elapsed(START, later(wall, 0, "b"), seen_ms) == expected
    assert elapsed(Reading(START.at), later(wall, 0, ""), seen_ms) == expected
