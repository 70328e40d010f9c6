"""Figures on on-call that an answer may take over: the value, what it says, and where it comes from. Pure.

A figure is offered, never written by itself: a person looks at it and takes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from checklist.rules.judgement import Verdict
from checklist.rules.on_call import (
    LEAST_PEOPLE,
    MOST_PAGES,
    TARGET_PEOPLE,
    Rotation,
    load_estimate,
    page_load,
    shape_problems,
    size_verdict,
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: the verdict on it, in words, and its source.

    `data` is what an answer to a measure takes over, `note` what one to an attestation does. `caution` says
    what the figure cannot know.
    """

    title: str
    verdict: Verdict
    words: str
    source: str
    data: dict[str, Any] = field(default_factory=dict)
    caution: str = ""

    @property
    def note(self) -> str:
        """The figure as a paragraph of a note."""
        return f"{self.words} {self.source}".strip()


def size_figure(
    rotation: Rotation,
    source: str,
    today: date,
    *,
    least: float = LEAST_PEOPLE,
    target: float = TARGET_PEOPLE,
) -> Figure | None:
    """How many people really take turns, against `least` and `target`; None without a rota."""
    if not rotation.people:
        return None
    names = [person.name for person in rotation.people if person.rotates]
    covers = [person.name for person in rotation.people if not person.rotates]
    words = f"{_people(len(names))} {'takes' if len(names) == 1 else 'take'} turns: {', '.join(names)}."
    if covers:
        words += f" Only short covers: {', '.join(covers)}."
    how = f"{words} {source}"
    data = {"number": rotation.size, "measured_on": today.isoformat(), "how": how}
    verdict = size_verdict(rotation.size, least=least, target=target)
    return Figure("People who take turns", verdict, words, source, data)


def shape_figure(rotation: Rotation, source: str, now: datetime) -> Figure | None:
    """Whether turns last a week, with a primary and a secondary at all times; None without a rota."""
    if not rotation.people:
        return None
    problems = shape_problems(rotation, now)
    if problems:
        return Figure("Shape of the rotation", "not_met", " ".join(problems), source)
    words = f"All {len(rotation.turns)} turns last a week, with a primary and a secondary throughout."
    return Figure("Shape of the rotation", "met", words, source)


def load_figure(
    rotation: Rotation,
    counts: Mapping[tuple[date, str], int],
    alerts: Iterable[Mapping[str, Any]],
    today: date,
    *,
    most: float = MOST_PAGES,
) -> Figure | None:
    """Pages per person and week: counted where somebody counted, else estimated from the alert inventory."""
    load = page_load(counts)
    if load is not None:
        pages, person, week, peak = load
        weeks = len({each for each, _ in counts})
        words = f"{pages:g} pages a week for {person}, who gets most."
        source = (
            f"Counted by person and week over {weeks} week{'s' if weeks > 1 else ''}. "
            f"Most for one person in one week: {peak}, in the week of {week:%-d %b %Y}."
        )
        return _load(pages, words, source, today, most)
    estimate = load_estimate(alerts, rotation.size)
    if estimate is None:
        return None
    pages, fired = estimate
    words = f"{pages:g} pages a person and week, as an estimate."
    source = (
        f"The page alerts of the inventory fired {fired} times in 7 days, divided by the "
        f"{_people(rotation.size)} who take turns."
    )
    caution = "An average over everybody, not the worst person. Count pages by person to know that."
    return _load(pages, words, source, today, most, caution)


def _load(pages: float, words: str, source: str, today: date, most: float, caution: str = "") -> Figure:
    how = " ".join(part for part in (words, source, caution) if part)
    data = {"number": pages, "measured_on": today.isoformat(), "how": how}
    verdict: Verdict = "not_met" if pages > most else "met"
    return Figure("Pages per person and week", verdict, words, source, data, caution)


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"
