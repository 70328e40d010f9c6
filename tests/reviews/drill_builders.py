"""Drills over a small checklist, and a clock that tests can move."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from readiness import clock
from readiness.accounts.models import User
from readiness.accounts.rights import Actor, actor_of
from reviews.actions.drill_results import Recorded, Result, grade_drill, record_drill
from reviews.actions.drills import arrange_drill, give_answer, start_drill, stop_drill
from reviews.models import Answer, Drill, Review
from tests.cast import Cast
from tests.reviews.builders import make_review, make_service, make_version

ITEM = "item-1-1"
ON_CALL: dict[str, Any] = {
    "operator": "An engineer new to on-call",
    "runner": "new_to_on_call",
    "max_seconds": 600,
    "questions": [
        {"slug": "what", "text": "What changed?"},
        {"slug": "where", "text": "Where is it?"},
        {"slug": "who", "text": "Who is affected?"},
    ],
}
STRANGER: dict[str, Any] = {
    "operator": "Someone who has never seen the system",
    "runner": "stranger",
    "fields": [{"key": "without_help", "label": "Recovered without any help", "type": "boolean"}],
    "must_be_true": ["without_help"],
}
ROLLBACK: dict[str, Any] = {
    "operator": "A senior engineer",
    "under_seconds": 180,
    "max_commands": 1,
    "corroborated": True,
    "fields": [
        {"key": "bad_version", "label": "Version rolled back from"},
        {"key": "good_version", "label": "Version rolled back to"},
    ],
}
RESTORE: dict[str, Any] = {
    "operator": "An engineer",
    "max_age_days": 90,
    "artifact": "the result of the check",
    "fields": [
        {"key": "declared_rto", "label": "RTO", "type": "number", "unit": "minutes"},
        {"key": "checks_passed", "label": "The checks passed", "type": "boolean"},
    ],
    "must_be_true": ["checks_passed"],
    "objectives": [{"label": "Time to restore", "measured": "duration", "declared": "declared_rto"}],
}
NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)


@dataclass
class Clock:
    """A wall clock and a steady clock, moved apart or together."""

    at: datetime = NOW
    boot: str = "boot-1"
    ticks_ns: int = field(default=10**12)

    def read(self) -> clock.Reading:
        return clock.Reading(self.at, self.boot, self.ticks_ns)

    def forward(self, seconds: float) -> None:
        """Time passes."""
        self.at += timedelta(seconds=seconds)
        self.ticks_ns += round(seconds * 10**9)

    def set_wall(self, seconds: float) -> None:
        """Somebody sets the wall clock by so many seconds."""
        self.at += timedelta(seconds=seconds)

    def reboot(self) -> None:
        """The machine is started anew: the steady clock begins again."""
        self.boot, self.ticks_ns = "boot-2", 10**9


@contextmanager
def moved_clock(at: datetime = NOW) -> Iterator[Clock]:
    """Take the time from a clock of the test's own."""
    made = Clock(at)
    with clock.reading_from(made.read):
        yield made


def drill_review(cast: Cast, spec: dict[str, Any] = ON_CALL, **item_fields: Any) -> Review:
    """A review with one item, which is a drill."""
    version = make_version("drills", 1, 1, kind="drill", spec=spec, **item_fields)
    service = Review.objects.first()
    return make_review(
        actor_of(cast.member), service.service if service else make_service(cast.team, cast.owner), version
    )


def answer_of(review: Review) -> Answer:
    """The drill's answer as it is stored now."""
    return Answer.objects.select_related("item").get(review=review, item__slug=ITEM)


def arranged(cast: Cast, review: Review, runner: User | None = None, witness: User | None = None) -> Drill:
    """A drill that the stranger runs and the owner watches."""
    return arrange_drill(
        actor_of(cast.member),
        review.pk,
        ITEM,
        runner_id=(runner or cast.stranger).pk,
        witness_id=(witness or cast.owner).pk,
    )


def started(cast: Cast, review: Review, **people: User) -> Drill:
    """A drill whose clock runs."""
    drill = arranged(cast, review, **people)
    return start_drill(actor_of(drill.runner), drill.pk, declared_new=True)


def answered(cast: Cast, review: Review, moved: Clock, seconds: float, **people: User) -> Drill:
    """A drill with three answers, the last of which stopped it after `seconds`."""
    drill = started(cast, review, **people)
    for share, slug in enumerate(("what", "where", "who"), 1):
        moved.forward(seconds / 3)
        drill = give_answer(actor_of(drill.runner), drill.pk, slug, f"Answer {share}")
    return drill


def graded(
    cast: Cast, review: Review, moved: Clock, seconds: float, *, wrong: str = "", **people: User
) -> Drill:
    """An on-call drill from its beginning to its grade."""
    drill = answered(cast, review, moved, seconds, **people)
    grades = {slug: "wrong" if slug == wrong else "right" for slug in ("what", "where", "who")}
    outcome = "failed" if wrong else "passed"
    return grade_drill(actor_of(drill.witness), drill.pk, outcome=outcome, grades=grades)


def stopped(cast: Cast, review: Review, moved: Clock, seconds: float, **people: User) -> Drill:
    """A drill that somebody stopped after `seconds`."""
    drill = started(cast, review, **people)
    moved.forward(seconds)
    return stop_drill(actor_of(drill.runner), drill.pk)


def told(cast: Cast, start: datetime, seconds: float, **changes: Any) -> Recorded:
    """A drill as somebody tells of it."""
    values: dict[str, Any] = {
        "runner_id": cast.stranger.pk,
        "witness_id": cast.owner.pk,
        "started_at": start,
        "stopped_at": start + timedelta(seconds=seconds),
        "outcome": "passed",
        "log": "It went well.",
    }
    return Recorded(**{**values, **changes})


def restored(cast: Cast, start: datetime, seconds: float = 1_200, **changes: Any) -> Recorded:
    """A restore drill as somebody tells of it."""
    values: dict[str, Any] = {
        "raw_fields": {"declared_rto": "60", "checks_passed": "yes"},
        "result": Result(note="41 tables, 0 differences"),
    }
    return told(cast, start, seconds, **{**values, **changes})


def recorded(actor: Actor, review: Review, what: Recorded) -> Drill:
    """Record a drill that happened elsewhere."""
    return record_drill(actor, review.pk, ITEM, what)
