"""The clock of timed exercises: one for all processes, and never made shorter by a wall clock that is moved.

A reading has two parts. The wall clock is the database's, so that several web processes on several machines
agree. The steady clock is that of this machine's kernel: nobody can set it, it goes on over a restart of our
processes, and it can be compared with an earlier reading of the same boot.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

from django.db import connection

# A wall clock that is being disciplined drifts by less than this within a day.
TOLERANCE_MS: Final = 2_000
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_NS_PER_MS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at both clocks. `boot` names the boot that `ticks_ns` counts from; empty where unknown."""

    at: datetime
    boot: str = ""
    ticks_ns: int = 0


@dataclass(frozen=True, slots=True)
class Elapsed:
    """Milliseconds since a reading, never negative. `moved_ms`: how far the wall clock was moved meanwhile.

    `sure` is false when the wall clock went back and no steady clock reaches across: the time is then the
    least that it can have been, and nothing may rest on it.
    """

    ms: int
    moved_ms: int = 0
    sure: bool = True


_instead: ContextVar[Callable[[], Reading] | None] = ContextVar("clock_instead", default=None)


def read() -> Reading:
    """Look at the clocks now. One query."""
    instead = _instead.get()
    if instead is not None:
        return instead()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (at,) = cursor.fetchone()
    return Reading(at, _boot(), _ticks())


def elapsed(start: Reading, now: Reading, at_least_ms: int = 0) -> Elapsed:
    """Return the time from `start` to `now`, at least `at_least_ms`, which an earlier look has shown."""
    wall = round((now.at - start.at).total_seconds() * 1000)
    if start.boot and start.boot == now.boot and now.ticks_ns >= start.ticks_ns:
        steady = (now.ticks_ns - start.ticks_ns) // _NS_PER_MS
        moved = wall - steady
        return Elapsed(max(steady, at_least_ms), moved if abs(moved) > TOLERANCE_MS else 0)
    short = wall - at_least_ms
    if short < -TOLERANCE_MS:
        return Elapsed(at_least_ms, short, sure=False)
    return Elapsed(max(wall, at_least_ms))


@contextmanager
def reading_from(source: Callable[[], Reading]) -> Iterator[None]:
    """Take readings from `source` in this context: for made-up stories of the past, and for tests."""
    token = _instead.set(source)
    try:
        yield
    finally:
        _instead.reset(token)


@cache
def _boot() -> str:
    try:
        return _BOOT_ID.read_text().strip()[:64]
    except OSError:
        return ""


def _ticks() -> int:
    # Counts on while the machine sleeps, where the system has such a clock.
    return time.clock_gettime_ns(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
