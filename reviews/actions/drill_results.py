"""What a drill comes to: grade it, record one that happened elsewhere, let a deployment bear it out.

Every finished drill is kept. The newest one whose time can be trusted decides the answer and is its evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from checklist.rules import judge_drill
from checklist.rules.drills import is_runbook_link
from checklist.rules.judging import duration_in_words
from checklist.rules.rows import clean_row, read_moment
from checklist.rules.specs import DrillSpec
from readiness import clock
from readiness.accounts.rights import Actor
from readiness.errors import Invalid
from reviews.actions.answers import take_record
from reviews.actions.base import Change, changing, clean_text
from reviews.actions.drills import Held, drill_answer, holding, people_of, require_status
from reviews.actions.evidence import attach, end, make_file, make_link, make_note
from reviews.drill_records import record_of
from reviews.models import Answer, Drill, DrillEntry, Evidence, StoredFile
from reviews.queries.content import digest_of
from reviews.queries.drills import (
    deployment_within,
    known_runbooks,
    load_drill,
    newest_valid,
    spec_of,
    standing_of,
)
from reviews.states import DrillSource, DrillStatus, EvidenceGrade, EvidenceKind

OUTCOMES: Final = ("passed", "failed")
_LONGEST: Final = timedelta(days=7)
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_INSTRUCTIONS: Final = (
    "This link leads to instructions: they say how it is done, not what came out. Attach "
    "the result, such as the output of the check, a note of its figures, or a link to the run."
)


@dataclass(frozen=True, slots=True)
class Result:
    """The result that must come with some drills: a stored file, or a note, or a link."""

    file: StoredFile | None = None
    file_name: str = ""
    note: str = ""
    url: str = ""

    @property
    def given(self) -> bool:
        """Whether there is anything."""
        return bool(self.file or self.note.strip() or self.url)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A drill that happened elsewhere, as a person tells of it. Moments are aware; `raw_fields` by key."""

    runner_id: int
    witness_id: int
    started_at: datetime
    stopped_at: datetime
    outcome: str
    log: str = ""
    commands: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    grades: Mapping[str, str] = field(default_factory=dict)
    raw_fields: Mapping[str, Any] = field(default_factory=dict)
    result: Result = Result()


def attach_result(actor: Actor, drill_id: int, result: Result) -> Drill:
    """Attach the result of a drill before it is graded; a later one takes its place.

    Raises Invalid for a link that leads to instructions and not to a result.
    """
    with holding(actor, drill_id, "drill.log") as held:
        require_status(held, "drill.log")
        if not result.given:
            raise Invalid("Attach a file, write a note, or paste a link.")
        held.drill.artifact = _artifact(held.change, held.answer, held.drill, result)
        held.drill.save(update_fields=["artifact"])
        held.log(DrillEntry.Kind.DETAILS, f"Result: {held.drill.artifact.title}", ms=held.drill.duration_ms)
        held.change.touch(held.answer.section)
    return held.drill


def grade_drill(
    actor: Actor, drill_id: int, *, outcome: str, grades: Mapping[str, str], remark: str = ""
) -> Drill:
    """The witness says whether it passed and which answers were right; the drill then stays as it is.

    `grades` holds right or wrong by the question's slug. Raises Invalid for what is missing. Sending the same
    grade again is no error.
    """
    said = clean_text(remark, "remark", "The remark", most=5_000)
    with holding(actor, drill_id, "drill.grade") as held:
        drill = held.drill
        if drill.status == DrillStatus.GRADED and (drill.outcome, drill.grades) == (outcome, dict(grades)):
            return drill
        require_status(held, "drill.grade")
        _check_grades(held, outcome, grades)
        if outcome == "passed":
            _require_complete(held.spec, drill)
        drill.outcome, drill.grades, drill.remark = outcome, dict(grades), said
        _end(held)
    return drill


def record_drill(actor: Actor, review_id: int, item_slug: str, told: Recorded) -> Drill:
    """Keep a drill that happened elsewhere, with typed times: self-reported, whoever watched it.

    Raises Invalid, by field, for people who may not, for times that cannot be, and for what is missing.
    """
    with changing(review_id, actor, "drill.record") as change:
        answer = drill_answer(change, item_slug)
        spec = spec_of(answer.item)
        runner, witness = people_of(answer, spec, told.runner_id, told.witness_id)
        _check_times(told)
        fields = clean_row(spec.fields, told.raw_fields)[0]
        drill = Drill(
            service=change.review.service,
            review=change.review,
            answer=answer,
            item=item_slug,
            source=DrillSource.RECORDED,
            status=DrillStatus.STOPPED,
            runner=runner,
            witness=witness,
            arranged_by_id=actor.id,
            arranged_at=change.at,
            started_at=told.started_at,
            stopped_at=told.stopped_at,
            duration_ms=round((told.stopped_at - told.started_at).total_seconds() * 1000),
            commands=clean_text(told.commands, "commands", "The command", most=5_000),
            fields={key: value for key, value in fields.items() if value is not None},
        )
        held = Held(change, drill, answer, spec)
        log = clean_text(told.log, "log", "What happened")
        _check_grades(held, told.outcome, told.grades, told.answers)
        if told.outcome == "passed":
            _require_complete(spec, drill, told.raw_fields, has_result=told.result.given)
        # The one open drill of the item is not this one: it is graded from the first moment on.
        drill.status, drill.ended_at = DrillStatus.GRADED, None
        drill.save(force_insert=True)
        if told.result.given:
            drill.artifact = _artifact(change, answer, drill, told.result)
        for question, text in told.answers.items():
            said = clean_text(text, f"answer-{question}", "The answer")
            if said:
                held.log(DrillEntry.Kind.ANSWERED, said, question=question)
        drill.outcome, drill.grades, drill.remark = told.outcome, dict(told.grades), log
        _end(held)
    return drill


def corroborate(drill_id: int) -> bool:
    """Raise the grade of a graded drill where a deployment event bears it out; whether it did. Once only."""
    with holding(None, drill_id, "drill.corroborate") as held:
        drill = held.drill
        if drill.status != DrillStatus.GRADED or not held.spec.corroborated or drill.corroborated_by_id:
            return False
        drill.corroborated_by = deployment_within(drill)
        if drill.corroborated_by is None:
            return False
        drill.save(update_fields=["corroborated_by"])
        _tell_corroborated(held)
        _count_newest(held.change, held.answer, again=drill.pk)
    return True


def _check_grades(
    held: Held, outcome: str, grades: Mapping[str, str], answers: Mapping[str, str] | None = None
) -> None:
    if outcome not in OUTCOMES:
        raise Invalid("Say whether it passed.", {"outcome": ["Say whether the drill passed or failed."]})
    slugs = [question.slug for question in held.spec.questions]
    if set(grades) - set(slugs) or set(grades.values()) - {"right", "wrong"}:
        raise Invalid("These grades could not be read. Reload the page and try again.")
    given = answers if answers is not None else {each.slug: each.answer for each in held.sheet().given}
    missing = {
        f"grade-{slug}": ["Say whether this answer was right."]
        for slug in slugs
        if given.get(slug, "").strip() and slug not in grades
    }
    if missing:
        raise Invalid("Grade every answer that was given.", missing)


def _check_times(told: Recorded) -> None:
    now = clock.read().at
    if told.stopped_at < told.started_at:
        message = "The drill cannot finish before it starts. Check both times."
    elif told.stopped_at > now + timedelta(minutes=1):
        message = "The drill cannot finish in the future. Check both times."
    elif told.stopped_at - told.started_at > _LONGEST:
        message = f"A drill of more than {_LONGEST.days} days cannot be right. Check both times."
    else:
        return
    raise Invalid(message, {"stopped_at": [message]})


def _require_complete(
    spec: DrillSpec,
    drill: Drill,
    raw_fields: Mapping[str, Any] | None = None,
    *,
    has_result: bool | None = None,
) -> None:
    """Raise Invalid, by field, for what the item asks for and nobody filled in."""
    _, errors = clean_row(spec.fields, drill.fields if raw_fields is None else raw_fields)
    missing = {f"field-{key}": [message] for key, message in errors.items()}
    for column in spec.fields:
        moment = read_moment(drill.fields.get(column.key)) if column.type == "datetime" else None
        if moment and drill.stopped_at and moment > drill.stopped_at:
            missing[f"field-{column.key}"] = [f"{column.label}: this is after the drill ended."]
        elif moment and moment < _EARLIEST:
            missing[f"field-{column.key}"] = [f"{column.label}: this is before the year {_EARLIEST.year}."]
    if spec.max_commands is not None and not drill.commands.strip():
        missing["commands"] = ["Write down the command that was run."]
    if spec.artifact and not (drill.artifact_id if has_result is None else has_result):
        missing["result"] = [f"Attach {spec.artifact}."]
    if missing:
        labels = {f"field-{column.key}": column.label for column in spec.fields}
        named = ", ".join(labels.get(name, name) for name in missing)
        raise Invalid(f"Something is missing or cannot be read: {named}.", missing)


def _artifact(change: Change, answer: Answer, drill: Drill, result: Result) -> Evidence:
    """Keep the result as evidence of its own, of the day of the drill."""
    title = "Result of the drill"
    if result.file is not None:
        row = make_file(result.file, result.file_name)
    elif result.url:
        row = make_link(result.url, title)
        if is_runbook_link(row.url, known_runbooks(answer)):
            raise Invalid(_INSTRUCTIONS, {"url": [_INSTRUCTIONS]})
    else:
        row = make_note(result.note, title)
        words = result.note.split()
        if all("://" in word for word in words):
            # A note of links alone is links.
            known = known_runbooks(answer)
            if any(is_runbook_link(word, known) for word in words):
                raise Invalid(_INSTRUCTIONS, {"note": [_INSTRUCTIONS]})
    row.observed_on = timezone.localdate(drill.stopped_at or change.at)
    attach(change, answer, row, change.actor.id if change.actor else None)
    if drill.artifact is not None:
        end(change, drill.artifact, row)
    change.record(
        "person:evidence:added",
        f"Added “{row.title}” as the result of a drill of “{answer.item.title}”",
        section=answer.section.slug,
        item=answer.item.slug,
        data={"evidence": row.pk, "kind": row.kind, "sha256": row.sha256, "drill": drill.pk},
    )
    return row


def _end(held: Held) -> None:
    """Close a graded drill: judge it, look for a deployment that bears it out, let the newest one count."""
    drill, change = held.drill, held.change
    sheet = held.sheet()
    judgement = judge_drill(held.answer.item.spec, record_of(sheet), now=change.at)
    drill.status, drill.ended_at, drill.judgement = DrillStatus.GRADED, change.at, asdict(judgement)
    if held.spec.corroborated:
        drill.corroborated_by = deployment_within(drill)
    drill.save()
    held.log(DrillEntry.Kind.GRADED, drill.remark)
    recorded = drill.source == DrillSource.RECORDED
    held.tell(
        "person:drill:recorded" if recorded else "person:drill:graded",
        f"{'Recorded' if recorded else 'Graded'} a drill of “{held.answer.item.title}”: "
        f"{drill.get_outcome_display().lower()}, {_took(drill)}",
        outcome=drill.outcome,
        grades=drill.grades,
        verdict=judgement.verdict,
        duration_ms=drill.duration_ms,
        runner=drill.runner_id,
        witness=drill.witness_id,
        record=digest_of(record_of(sheet)),
    )
    if drill.corroborated_by is not None:
        _tell_corroborated(held)
    _count_newest(change, held.answer)


def _tell_corroborated(held: Held) -> None:
    event = held.drill.corroborated_by
    assert event is not None  # noqa: S101  # the caller set it
    words = f"{event} at {event.at:%H:%M:%S} UTC in {event.environment} bears it out"
    held.log(DrillEntry.Kind.CORROBORATED, words)
    held.tell(
        "system:drill:corroborated",
        f"A drill of “{held.answer.item.title}”: {words}"[:300],
        deployment=event.pk,
    )


def _count_newest(change: Change, answer: Answer, again: int | None = None) -> None:
    """Let the newest valid drill decide the answer and stand as its evidence; with `again`, that one anew."""
    newest = newest_valid(answer)
    if newest is None or newest.stopped_at is None:
        return
    newest.answer = answer
    carried = read_moment(answer.data.get("finished_at"))
    if carried is not None and carried > newest.stopped_at and answer.data.get("drill") != newest.pk:
        return  # carried over from the last review, and newer
    live = answer.evidence.filter(ended_at__isnull=True, kind=EvidenceKind.DRILL)
    old = list(live.values_list("pk", "drill_id"))
    if again == newest.pk or newest.pk not in [drill_id for _, drill_id in old]:
        row = _evidence(newest)
        attach(
            change,
            answer,
            row,
            newest.witness_id if newest.source == DrillSource.PAGE else newest.arranged_by_id,
        )
        ended = answer.evidence.filter(pk__in=[pk for pk, _ in old])
        ended.update(ended_at=change.at, superseded_by=row)
    take_record(change, answer, record_of(load_drill(newest)))
    change.touch(answer.section)


def _evidence(drill: Drill) -> Evidence:
    sheet = load_drill(drill)
    return Evidence(
        kind=EvidenceKind.DRILL,
        grade=_grade(drill, sheet.spec),
        title=f"Drill, {drill.get_outcome_display().lower()}, {_took(drill)}",
        drill=drill,
        sha256=digest_of(record_of(sheet)),
        observed_on=timezone.localdate(drill.stopped_at),
    )


def _grade(drill: Drill, spec: DrillSpec) -> str:
    """Self-reported is attested at most: people say so, whoever they are. See docs/adr/0071."""
    if standing_of(drill, spec) != "Self-reported":
        return EvidenceGrade.WITNESSED
    proven = drill.source == DrillSource.PAGE or drill.artifact_id is not None
    return EvidenceGrade.ATTESTED if proven else EvidenceGrade.ASSERTED


def _took(drill: Drill) -> str:
    return duration_in_words(round((drill.duration_ms or 0) / 1000))
