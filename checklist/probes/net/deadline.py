"""One point in monotonic time by which a whole run must be over."""

from __future__ import annotations

import time

from checklist.probes.net.errors import TimedOut


class Deadline:
    """A budget of seconds that only shrinks. System clock changes do not move it."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self, *, connected: bool, at_most: float | None = None) -> float:
        """Seconds left, at most `at_most`. Raises TimedOut when nothing is left."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimedOut(f"No complete answer within {self.seconds:g} seconds.", connected=connected)
        return left if at_most is None else min(left, at_most)

    def has(self, seconds: float) -> bool:
        """Whether more than `seconds` are left."""
        return self._end - time.monotonic() > seconds
