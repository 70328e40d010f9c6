"""The drills of the demo: run through the product's own actions, on a clock that shows the past."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.utils import timezone

from readiness import clock
from reviews.actions.deployments import Reported, report_deployment
from reviews.actions.drill_results import Recorded, Result, grade_drill, record_drill
from reviews.actions.drills import arrange_drill, fill_in, give_answer, note, start_drill, stop_drill
from reviews.actions.tokens import create_token, recognise
from reviews.models import Answer
from reviews.queries.drills import spec_of

if TYPE_CHECKING:
    from readiness.demo.stories import Story

# Who could run or watch a drill of another team's service, in this order.
_ENGINEERS: Final = ("lin", "priya", "max")


@dataclass
class _Past:
    """A clock of the past, moved by hand."""

    at: datetime

    def read(self) -> clock.Reading:
        """What it shows."""
        return clock.Reading(self.at)

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.at += timedelta(seconds=seconds)


def days_before(days: int) -> str:
    """A moment so many days ago, as the samples have it."""
    return (timezone.now() - timedelta(days=days)).isoformat(timespec="seconds")


def run_drill(story: Story, who: str, row: Answer, sample: Mapping[str, Any]) -> None:
    """Run the sample of a drill: here with the clock, or recorded afterwards where it has a result.

    `who` is of the owning team. Somebody from outside runs what only they may run, and else watches.
    """
    outside = _outsider(story, who)
    spec, team_runs = spec_of(row.item), spec_of(row.item).runner == "anyone"
    runner, witness = (who, outside) if team_runs else (outside, who)
    runner_id, witness_id = story.people[runner].id, story.people[witness].id
    began = datetime.fromisoformat(sample["when"])
    if spec.artifact:
        told = Recorded(
            runner_id=runner_id,
            witness_id=witness_id,
            started_at=began,
            stopped_at=began + timedelta(seconds=sample["seconds"]),
            outcome="passed",
            log=sample["log"],
            raw_fields=sample.get("fields", {}),
            result=Result(note=sample["result"]),
        )
        record_drill(story.people[who], story.review.pk, row.item.slug, told)
        return
    past = _Past(began)
    with clock.reading_from(past.read):
        drill = arrange_drill(
            story.people[who], story.review.pk, row.item.slug, runner_id=runner_id, witness_id=witness_id
        )
        start_drill(story.people[runner], drill.pk, declared_new=spec.runner == "new_to_on_call")
        fill_in(story.people[runner], drill.pk, sample.get("fields", {}), sample.get("commands", ""))
        asked = list(sample.get("answers", {}).items())
        for question, text in asked:
            past.forward(sample["seconds"] / len(asked))
            give_answer(story.people[runner], drill.pk, question, text)
        if not asked:
            past.forward(sample["seconds"])
            stop_drill(story.people[witness], drill.pk)
        note(story.people[witness], drill.pk, sample["log"])
        wrong = sample.get("wrong", "")
        grades = {question: "wrong" if question == wrong else "right" for question, _ in asked}
        grade_drill(
            story.people[witness],
            drill.pk,
            outcome="failed" if wrong else "passed",
            grades=grades,
            remark="One dashboard was missing. We mended it and ran the drill again." if wrong else "",
        )


def report_rollback(story: Story, who: str, sample: Mapping[str, Any]) -> None:
    """Have the pipeline report the rollback that the drill will make, with a token of its own."""
    now = timezone.now()
    _, text = create_token(
        story.people[who],
        story.service.pk,
        name="GitHub Actions",
        actions=["deployments.write"],
        expires_at=now + timedelta(days=180),
    )
    token = recognise(text)
    assert token is not None  # noqa: S101  # made a moment ago
    began = now.astimezone(UTC) - timedelta(days=sample["when"]["days_ago"])
    reported = Reported(
        kind="rollback",
        version="2041",
        environment="production",
        at=began + timedelta(seconds=sample["seconds"] - 8),
        run_url=f"https://ci.acme.example/{story.service.slug}/runs/7711",
    )
    report_deployment(token, reported, "run-7711")


def _outsider(story: Story, who: str) -> str:
    team = story.service.team_id
    free = [name for name in _ENGINEERS if name != who and team not in story.people[name].member_team_ids]
    return free[0]
