"""The times of past drills against the limit, laid out for an SVG that the server draws. Pure geometry."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

WIDTH: Final = 640
HEIGHT: Final = 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 12, 22, 30
MOST: Final = 20
_WIDEST: Final = 34
_DAY_WIDTH: Final = 58
_STEPS: Final = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)
_MOST_TICKS: Final = 4


@dataclass(frozen=True, slots=True)
class Past:
    """One finished drill: `seconds` it took, whether it met the item, and its page."""

    at: datetime
    seconds: float
    met: bool
    url: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One drill as a bar; `words` for the tooltip and for those who cannot see it."""

    x: int
    y: int
    width: int
    height: int
    middle: int
    tone: str
    mark: str
    day: str
    words: str
    url: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars, ticks of the scale as (y, words), and the line of the limit."""

    bars: list[Bar]
    ticks: list[tuple[int, str]]
    limit_y: int | None
    limit_words: str
    words: str

    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    base: int = HEIGHT - _BOTTOM


def draw(past: Sequence[Past], limit_seconds: int | None) -> Chart | None:
    """Lay out the newest drills, the oldest of them on the left; None where there is nothing to compare."""
    shown = list(past)[-MOST:]
    if not shown:
        return None
    top = max([each.seconds for each in shown] + ([limit_seconds * 1.15] if limit_seconds else []))
    step = next((step for step in _STEPS if top / step <= _MOST_TICKS), _STEPS[-1])
    scale = max(top, step) * 1.04
    room = HEIGHT - _TOP - _BOTTOM

    def y_of(seconds: float) -> int:
        return round(HEIGHT - _BOTTOM - room * min(seconds, scale) / scale)

    slot = (WIDTH - _LEFT - _RIGHT) / max(len(shown), 6)
    width = max(6, min(_WIDEST, round(slot * 0.6)))
    # A day needs room for its words, on a phone too.
    every = max(1, math.ceil(_DAY_WIDTH / slot))
    bars = []
    for spot, each in enumerate(shown):
        middle, y = round(_LEFT + slot * (spot + 0.5)), y_of(each.seconds)
        said = "met" if each.met else "not met"
        bars.append(
            Bar(
                x=middle - width // 2,
                y=y,
                width=width,
                height=max(2, HEIGHT - _BOTTOM - y),
                middle=middle,
                tone="ok" if each.met else "bad",
                mark="✓" if each.met else "✗",
                day=f"{each.at:%-d %b}" if (len(shown) - 1 - spot) % every == 0 else "",
                words=f"{each.at:%-d %b %Y}: {short(each.seconds)}, {said}",
                url=each.url,
            )
        )
    ticks = [(y_of(tick), short(tick)) for tick in range(0, int(scale) + 1, step)]
    limit = f"limit {short(limit_seconds)}" if limit_seconds else ""
    met = sum(each.met for each in shown)
    words = f"{len(shown)} drill{'s' if len(shown) > 1 else ''}, {met} met, the newest {bars[-1].words}"
    return Chart(bars, ticks, y_of(limit_seconds) if limit_seconds else None, limit, words)


def short(seconds: float) -> str:
    """A duration as a clock shows it: "6:12", "1:04:30"."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
