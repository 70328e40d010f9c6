"""Run a drill: arrange it, start its clock, answer, note, stop. Grading it is in `drill_results`.

All times are the server's (`readiness.clock`). Every act is a line of the drill's log and, where it changes
where the drill stands, an Event.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db.models import Q
from django.utils import timezone

from checklist.models import Item
from checklist.rules.drills import why_not_run, why_not_witness
from checklist.rules.rows import clean_row
from checklist.rules.specs import DrillSpec
from readiness import clock
from readiness.accounts.models import User
from readiness.accounts.rights import Actor
from readiness.errors import Invalid, NotFound, WrongState
from reviews.actions.base import Change, answer_of, changing, clean_text
from reviews.models import Answer, Drill, DrillEntry
from reviews.queries.drills import DrillSheet, load_drill, runner_facts, spec_of
from reviews.states import OPEN_DRILL, DrillStatus, drill_allows

# A running clock that nobody stopped is closed after a day; one that was not started, or not graded, later.
LEFT_RUNNING: Final = timedelta(days=1)
LEFT_WAITING: Final = timedelta(days=7)
MAX_NOTES: Final = 400
_PICK_UP: Final = 200
_MOVED: Final = (
    "The server's clock was moved {how} by {much} while this drill ran. The time was taken from the "
    "machine's steady clock, which cannot be moved."
)
CLOCK_FAULT: Final = (
    "The server's clock went back while this drill ran, and the machine was started anew in between. Its "
    "time cannot be known, so it does not count. Run it again."
)


@dataclass(frozen=True, slots=True)
class Held:
    """A drill under its review's lock, with what acting on it needs."""

    change: Change
    drill: Drill
    answer: Answer
    spec: DrillSpec

    def sheet(self) -> DrillSheet:
        """The drill with its log as it is now. One query."""
        return load_drill(self.drill)

    def tell(self, verb: str, summary: str, **data: Any) -> None:
        """Record an Event about the drill."""
        self.change.record(
            verb,
            summary,
            section=self.answer.section.slug,
            item=self.answer.item.slug,
            data={"drill": self.drill.pk, **data},
        )

    def log(
        self, kind: DrillEntry.Kind, text: str = "", *, question: str = "", ms: int | None = None
    ) -> None:
        """Write a line of the drill's log; `ms` since the start of the clock."""
        started, at = self.drill.started_at, self.change.at
        if started is not None and ms is not None:
            at = started + timedelta(milliseconds=ms)
        DrillEntry.objects.create(
            drill=self.drill,
            kind=kind,
            question=question,
            text=text,
            at=at,
            elapsed_ms=ms,
            by_id=self.change.actor.id if self.change.actor else None,
        )

    def look(self) -> clock.Elapsed:
        """Look at the clock and keep the time as the least that a later look can show."""
        found = clock.elapsed(self.drill.start_reading, clock.read(), self.drill.mark_ms)
        self.drill.mark_ms = found.ms
        self.drill.save(update_fields=["mark_ms"])
        return found


@contextmanager
def holding(actor: Actor | None, drill_id: int, verb: str) -> Iterator[Held]:
    """Open the frame of a write on a drill: its review's lock, the right, the state of the review.

    Whether the drill's own status allows the verb is asked by `require_status`, after what makes it
    idempotent.
    """
    review_id = Drill.objects.filter(pk=drill_id).values_list("review_id", flat=True).first()
    if review_id is None:
        raise NotFound("There is nothing at this address, or you may not see it.")
    found: list[Drill] = []

    def subject() -> dict[str, Any]:
        rows = Drill.objects.select_related(
            "runner", "witness", "answer__item", "artifact", "corroborated_by"
        )
        found.append(rows.get(pk=drill_id))
        return {"runner_id": found[0].runner_id, "witness_id": found[0].witness_id}

    with changing(review_id, actor, verb, subject=subject) as change:
        if not found:  # the system itself asks for no right
            subject()
        drill = found[0]
        answer = answer_of(change.review, drill.answer.item.slug)
        drill.review, drill.answer = change.review, answer
        yield Held(change, drill, answer, spec_of(answer.item))


def require_status(held: Held, verb: str) -> None:
    """Raise WrongState unless the drill's status allows the verb."""
    why_not = drill_allows(verb, held.drill.status)
    if why_not:
        raise WrongState(why_not)


def arrange_drill(
    actor: Actor,
    review_id: int,
    item_slug: str,
    *,
    runner_id: int,
    witness_id: int,
    raw_fields: Mapping[str, Any] | None = None,
) -> Drill:
    """Say who runs a drill and who watches; the clock is started later, by one of them.

    Raises Invalid, naming the field runner or witness, for people who may not; WrongState while another drill
    of the item is open.
    """
    with changing(review_id, actor, "drill.arrange") as change:
        answer = drill_answer(change, item_slug)
        spec = spec_of(answer.item)
        runner, witness = people_of(answer, spec, runner_id, witness_id)
        if answer.drills.filter(status__in=OPEN_DRILL).exists():
            raise WrongState("A drill of this item is open already. Finish it or call it off first.")
        drill = Drill.objects.create(
            service=change.review.service,
            review=change.review,
            answer=answer,
            item=item_slug,
            runner=runner,
            witness=witness,
            arranged_by_id=actor.id,
            arranged_at=change.at,
            fields=clean_row(spec.fields, raw_fields or {})[0] if raw_fields else {},
        )
        held = Held(change, drill, answer, spec)
        held.log(DrillEntry.Kind.ARRANGED)
        held.tell(
            "person:drill:arranged",
            f"Arranged a drill of “{answer.item.title}”: {runner} runs it, {witness} watches",
            runner=runner.pk,
            witness=witness.pk,
        )
    return drill


def drill_answer(change: Change, item_slug: str) -> Answer:
    """The answer of a drill item of the locked review; raises for other kinds and where none applies."""
    answer = answer_of(change.review, item_slug)
    if answer.item.kind != Item.Kind.DRILL:
        raise NotFound("This item asks for no drill.")
    if not answer.applicable:
        raise WrongState("This item does not apply to this service, so there is no drill to run.")
    return answer


def people_of(answer: Answer, spec: DrillSpec, runner_id: int, witness_id: int) -> tuple[User, User]:
    """The runner and the witness, if they may be that. The one place where this is decided for a write."""
    people = User.objects.filter(is_active=True).in_bulk([runner_id, witness_id])
    for name, each in (("runner", runner_id), ("witness", witness_id)):
        if each not in people:
            raise _refused(name, "Choose somebody who has an account here.")
    why_not = why_not_witness(runner_id, witness_id)
    if why_not:
        raise _refused("witness", why_not)
    why_not = why_not_run(spec.runner, runner_facts(answer, people[runner_id], spec.runner))
    if why_not:
        raise _refused("runner", why_not)
    return people[runner_id], people[witness_id]


def _refused(field: str, message: str) -> Invalid:
    return Invalid(message, {field: [message]})


def start_drill(actor: Actor, drill_id: int, *, declared_new: bool = False) -> Drill:
    """Start the clock; a second start changes nothing. Who may run it is asked again: time has passed."""
    with holding(actor, drill_id, "drill.start") as held:
        drill = held.drill
        if drill.status == DrillStatus.RUNNING:
            return drill
        require_status(held, "drill.start")
        people_of(held.answer, held.spec, drill.runner_id, drill.witness_id)
        if held.spec.runner == "new_to_on_call" and not declared_new:
            raise _refused(
                "declared_new",
                f"Confirm that {drill.runner} has never been on call for this service. "
                "Otherwise somebody else has to run this drill.",
            )
        now = clock.read()
        drill.status = DrillStatus.RUNNING
        drill.declared_new = declared_new and held.spec.runner == "new_to_on_call"
        drill.started_at, drill.start_boot, drill.start_ticks_ns = now.at, now.boot, now.ticks_ns
        drill.save(update_fields=["status", "declared_new", "started_at", "start_boot", "start_ticks_ns"])
        held.log(DrillEntry.Kind.STARTED, ms=0)
        held.tell(
            "person:drill:started",
            f"Started the clock of a drill of “{held.answer.item.title}”",
            declared_new=drill.declared_new,
        )
    return drill


def give_answer(actor: Actor, drill_id: int, question: str, text: str) -> Drill:
    """Answer a question while the clock runs. The last open one stops the clock; sending it twice is fine."""
    said = clean_text(text, "text", "The answer", required=True)
    with holding(actor, drill_id, "drill.run") as held:
        before = {each.slug: each for each in held.sheet().given}
        if question not in before:
            raise NotFound("This drill asks no such question.")
        if before[question].answer == said:
            return held.drill
        require_status(held, "drill.run")
        found = held.look()
        if _over(held, found):
            return held.drill
        held.log(DrillEntry.Kind.ANSWERED, said, question=question, ms=found.ms)
        if all(each.answer for slug, each in before.items() if slug != question):
            _stop(held, found)
    return held.drill


def note(actor: Actor, drill_id: int, text: str) -> Drill:
    """Write down what happens, with the time."""
    said = clean_text(text, "text", "The note", required=True, most=2_000)
    with holding(actor, drill_id, "drill.log") as held:
        require_status(held, "drill.log")
        if held.drill.entries.count() >= MAX_NOTES:
            raise WrongState(
                f"This log has {MAX_NOTES} lines, the most it takes. Put the rest into the remark."
            )
        ms = held.look().ms if held.drill.status == DrillStatus.RUNNING else held.drill.duration_ms
        held.log(DrillEntry.Kind.NOTED, said, ms=ms)
    return held.drill


def fill_in(actor: Actor, drill_id: int, raw_fields: Mapping[str, Any], commands: str) -> Drill:
    """Keep what the item asks for besides the time. What cannot be read stays as typed; grading names it."""
    run = clean_text(commands, "commands", "The command", most=5_000)
    with holding(actor, drill_id, "drill.log") as held:
        require_status(held, "drill.log")
        row, _ = clean_row(held.spec.fields, raw_fields)
        fields = {key: value for key, value in row.items() if value is not None}
        if (fields, run) == (held.drill.fields, held.drill.commands):
            return held.drill
        held.drill.fields, held.drill.commands = fields, run
        held.drill.save(update_fields=["fields", "commands"])
        ms = held.look().ms if held.drill.status == DrillStatus.RUNNING else held.drill.duration_ms
        held.log(DrillEntry.Kind.DETAILS, run, ms=ms)
    return held.drill


def stop_drill(actor: Actor, drill_id: int) -> Drill:
    """Stop the clock. A second stop, at the same moment or later, changes nothing."""
    with holding(actor, drill_id, "drill.stop") as held:
        if held.drill.stopped_at is not None:
            return held.drill
        require_status(held, "drill.stop")
        found = held.look()
        if not _over(held, found):
            _stop(held, found)
    return held.drill


def _stop(held: Held, found: clock.Elapsed) -> None:
    drill = held.drill
    assert drill.started_at is not None  # noqa: S101  # it runs
    drill.status, drill.duration_ms = DrillStatus.STOPPED, found.ms
    drill.stopped_at = drill.started_at + timedelta(milliseconds=found.ms)
    drill.clock_fault = "" if found.sure else CLOCK_FAULT
    drill.save(update_fields=["status", "duration_ms", "stopped_at", "clock_fault"])
    if not found.sure:
        held.log(DrillEntry.Kind.CLOCK, CLOCK_FAULT, ms=found.ms)
    elif found.moved_ms:
        held.log(DrillEntry.Kind.CLOCK, _moved_words(found.moved_ms), ms=found.ms)
    held.log(DrillEntry.Kind.STOPPED, ms=found.ms)
    held.tell(
        "person:drill:stopped",
        f"Stopped the clock of a drill of “{held.answer.item.title}”",
        duration_ms=found.ms,
        clock_moved_ms=found.moved_ms,
        clock_sure=found.sure,
    )


def _moved_words(moved_ms: int) -> str:
    seconds = round(abs(moved_ms) / 1000)
    return _MOVED.format(how="back" if moved_ms < 0 else "forward", much=f"{seconds:,} s")


def abandon_drill(actor: Actor, drill_id: int, reason: str = "") -> Drill:
    """Call a drill off. It stays in the record and does not count; calling it off twice is no error."""
    why = clean_text(reason, "reason", "The reason", most=300)
    with holding(actor, drill_id, "drill.abandon") as held:
        if held.drill.status == DrillStatus.ABANDONED:
            return held.drill
        require_status(held, "drill.abandon")
        _abandon(held, why or "Called off.", "person:drill:abandoned")
    return held.drill


def _over(held: Held, found: clock.Elapsed) -> bool:
    """Close a drill whose clock was left running too long, whoever comes first: a person or the worker."""
    if found.ms <= LEFT_RUNNING.total_seconds() * 1000:
        return False
    _abandon(held, "Its clock was left running for more than a day.", "system:drill:abandoned")
    return True


def expire_drill(drill_id: int) -> bool:
    """Close a drill that was left open; whether it was. Run twice, it is done once."""
    with holding(None, drill_id, "drill.expire") as held:
        drill = held.drill
        if not drill.is_open:
            return False
        if drill.status == DrillStatus.RUNNING:
            return _over(held, held.look())
        since = drill.stopped_at or drill.arranged_at
        if timezone.now() - since <= LEFT_WAITING:
            return False
        words = "not graded" if drill.status == DrillStatus.STOPPED else "not started"
        _abandon(held, f"It was {words} within {LEFT_WAITING.days} days.", "system:drill:abandoned")
    return True


def drills_to_expire() -> list[int]:
    """Ids of drills that may have been left open: the action looks at each again."""
    now = timezone.now()
    running = Q(status=DrillStatus.RUNNING, started_at__lt=now - LEFT_RUNNING)
    ready = Q(status=DrillStatus.READY, arranged_at__lt=now - LEFT_WAITING)
    stopped = Q(status=DrillStatus.STOPPED, stopped_at__lt=now - LEFT_WAITING)
    rows = Drill.objects.filter(running | ready | stopped).order_by("pk")
    return list(rows.values_list("pk", flat=True)[:_PICK_UP])


def end_drills(change: Change, answer: Answer, reason: str) -> None:
    """Abandon what is open of an answer, inside the frame of another act."""
    for drill in answer.drills.filter(status__in=OPEN_DRILL):
        _abandon(Held(change, drill, answer, spec_of(answer.item)), reason, "system:drill:abandoned")


def _abandon(held: Held, reason: str, verb: str) -> None:
    drill = held.drill
    drill.status, drill.ended_at, drill.ended_reason = DrillStatus.ABANDONED, held.change.at, reason
    drill.save(update_fields=["status", "ended_at", "ended_reason"])
    held.log(DrillEntry.Kind.ABANDONED, reason)
    held.tell(verb, f"A drill of “{held.answer.item.title}” was abandoned: {reason}"[:300])
