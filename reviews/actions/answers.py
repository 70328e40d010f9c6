"""Save and confirm answers, guarded by an optimistic revision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from checklist.models import Item
from checklist.rules.specs import InventorySpec
from readiness.accounts.rights import Actor, who_changed
from readiness.errors import Conflict, Invalid
from reviews.actions.base import Change, ReviewRef, answer_of, changing, clean_text
from reviews.actions.dependents import context_for, judge_dependents
from reviews.actions.register import has_decisions, keep_register, read_trigger, with_owners
from reviews.actions.revisions import SAID, write_revision
from reviews.actions.runbook_texts import fill_from_lint
from reviews.judging import Judged, judge
from reviews.models import Answer, AnswerRevision, Waiver
from reviews.states import ANSWERABLE, AnswerState, WaiverStatus

# These a person decides even where figures decide the rest.
BY_HAND = frozenset({AnswerState.NOT_APPLICABLE, AnswerState.DEFERRED})


@dataclass(frozen=True, slots=True)
class Said:
    """What a person says about an item. `data` holds the figures, drill or rows that its kind asks for.

    `data` None leaves what is recorded as it is: rows are edited one by one (`reviews.actions.rows`).
    """

    state: str
    note: str = ""
    reason: str = ""
    trigger: str = ""
    data: dict[str, Any] | None = field(default_factory=dict)


Reading = Callable[[Item], Said]


def save_answer(
    actor: Actor,
    which: int | ReviewRef,
    item_slug: str,
    said: Said | Reading,
    revision: int,
) -> Answer:
    """Save what a member says about an item.

    `said` may be a function that reads it for the item: a form is read without fetching the item first.
    `revision` is the one that the member saw. Raises Conflict, with the stored answer as `current`, when
    somebody saved another text since; saving the same text again is no conflict, so a lost reply can be
    repeated. Raises Invalid for a state that the item does not take or a reason that is missing.
    """
    with changing(which, actor, "answer.save") as change:
        answer = answer_of(change.review, item_slug, which)
        new, judged = _cleaned(answer, said if isinstance(said, Said) else said(answer.item))
        same = all(getattr(answer, name) == getattr(new, name) for name in SAID)
        again = answer.to_confirm or bool(answer.judgement.get("look_again"))
        if same and not again:
            return answer
        if not same and _written_since(answer, revision):
            raise Conflict(_conflict_message(actor, answer), current=answer)
        end_waiver(change, answer, new.state)
        _write(change, answer, new, judged)
    return answer


def take_record(change: Change, answer: Answer, data: dict[str, Any]) -> None:
    """Let what a drill recorded decide its answer; the caller holds the review's lock.

    What a person decided by hand stays: not applicable, deferred, and waived while the drill is not met.
    """
    judged = judge(answer.item, data, answer.note, context_for(answer, change.review.facts))
    by_hand = answer.state in BY_HAND or (
        answer.state == AnswerState.WAIVED and judged.state != AnswerState.MET
    )
    state = answer.state if by_hand else judged.state
    new = Said(state, answer.note, answer.reason, answer.trigger, judged.data)
    if all(getattr(answer, name) == getattr(new, name) for name in SAID):
        return
    end_waiver(change, answer, state)
    _write(change, answer, new, judged)


def confirm_answer(actor: Actor, which: int | ReviewRef, item_slug: str, revision: int) -> Answer:
    """Say that an answer carried over from the last review still holds."""
    with changing(which, actor, "answer.save") as change:
        answer = answer_of(change.review, item_slug, which)
        if not answer.to_confirm:
            return answer
        if revision != answer.revision:
            raise Conflict(_conflict_message(actor, answer), current=answer)
        said = Said(**{name: getattr(answer, name) for name in SAID})
        _write(change, answer, *_cleaned(answer, said))
    return answer


def _written_since(answer: Answer, revision: int) -> bool:
    """Whether somebody saved another answer since `revision`; edits of rows leave its texts alone."""
    if revision == answer.revision:
        return False
    later = AnswerRevision.objects.filter(answer=answer, revision__gt=revision)
    return later.exclude(rows=[]).count() != answer.revision - revision


def _conflict_message(actor: Actor, answer: Answer) -> str:
    last = AnswerRevision.objects.filter(answer=answer).select_related("author").first()
    by, name = (last.author_id, str(last.author or "")) if last else (None, "")
    who = who_changed(actor, by, name, "this answer")
    return f"{who} Compare both texts and save the one that holds."


def _cleaned(answer: Answer, said: Said) -> tuple[Said, Judged]:
    """Check what was said; return it as it will be stored, and the judgement on its figures or rows."""
    if not answer.applicable:
        raise Invalid("This item does not apply to this service, so it takes no answer.")
    note = clean_text(said.note, "note", "The note")
    given = answer.data if said.data is None else said.data
    if answer.item.kind == Item.Kind.DRILL:
        if given and given != answer.data:
            raise Invalid("A drill is run, or recorded afterwards, on its own page. Nothing was saved.")
        given = answer.data
    data = _with_lint(answer.item, with_owners(answer.item, given))
    # The register is the service's: its triggers look at its facts, which may be newer than the review's.
    facts = answer.review.service.facts if has_decisions(answer.item) else answer.review.facts
    judged = judge(answer.item, data, note, context_for(answer, facts))
    state = _state(answer, said, judged)
    reason = clean_text(said.reason, "reason", "The reason")
    trigger = clean_text(said.trigger, "trigger", "The trigger")
    if state == AnswerState.NOT_APPLICABLE and not reason:
        raise Invalid("Say why this does not apply.", {"reason": ["Say why this does not apply."]})
    if state == AnswerState.DEFERRED:
        _check_deferral(answer, reason, trigger)
    return Said(state, note, reason, trigger, judged.data), judged


def _with_lint(item: Item, data: dict[str, Any]) -> dict[str, Any]:
    """Whatever is said of a runbook's lint, only what the linter says of its kept text counts."""
    rows = data.get("rows")
    if item.kind != Item.Kind.INVENTORY or item.spec.get("source") or not isinstance(rows, list):
        return data
    spec = InventorySpec.model_validate(item.spec)
    if not spec.runbook or not all(isinstance(row, dict) for row in rows):
        return data
    return {**data, "rows": fill_from_lint(spec, rows)}


def _state(answer: Answer, said: Said, judged: Judged) -> str:
    """The state to store: what the person says or, where figures decide, what they say."""
    state = said.state or AnswerState.UNANSWERED
    if state == AnswerState.WAIVED and answer.state == AnswerState.WAIVED:
        return state
    if state not in ANSWERABLE:
        raise Invalid("Choose one of the answers.", {"state": ["Choose one of the answers."]})
    decided = answer.item.kind == Item.Kind.ATTESTATION or state in BY_HAND
    return state if decided else judged.state


def _check_deferral(answer: Answer, reason: str, trigger: str) -> None:
    if not answer.item.allow_deferral:
        message = "This item cannot be deferred. Meet it, or ask for a waiver."
        raise Invalid(message, {"state": [message]})
    missing = {
        name: [text]
        for name, value, text in (
            ("reason", reason, "Say why this can wait."),
            ("trigger", trigger, "Say what makes you look at it again, and when."),
        )
        if not value
    }
    if missing:
        raise Invalid("A deferral needs a reason and a trigger.", missing)
    read_trigger(trigger, answer.review.service.facts)


def end_waiver(change: Change, answer: Answer, state: str) -> None:
    """A waiver covers “not met”. Another answer ends it: it must not come back by itself."""
    if answer.state not in (AnswerState.NOT_MET, AnswerState.WAIVED):
        return
    was_waived = answer.state == AnswerState.WAIVED
    if state == AnswerState.WAIVED or (state == AnswerState.NOT_MET and not was_waived):
        return
    live = Waiver.objects.filter(answer=answer, status__in=(WaiverStatus.REQUESTED, WaiverStatus.GRANTED))
    for waiver in live:
        waiver.status = WaiverStatus.WITHDRAWN
        waiver.save(update_fields=["status"])
        change.record(
            "person:waiver:withdrawn",
            f"The waiver of “{answer.item.title}” ended with a new answer",
            section=answer.section.slug,
            item=answer.item.slug,
            data={"waiver": waiver.pk},
        )


def _write(change: Change, answer: Answer, said: Said, judged: Judged) -> None:
    before = {name: getattr(answer, name) for name in SAID}
    for name in SAID:
        setattr(answer, name, getattr(said, name))
    answer.judgement = judged.as_json()
    answer.revision += 1
    answer.to_confirm = False
    author_id = change.actor.id if change.actor else None
    answer.answered_by_id, answer.answered_at = author_id, change.at
    answer.save(update_fields=[*SAID, "judgement", "revision", "to_confirm", "answered_by", "answered_at"])
    write_revision(answer, change, author_id)
    changed = [name for name in SAID if before[name] != getattr(said, name)]
    change.record(
        "person:answer:saved",
        f"Answered “{answer.item.title}”: {AnswerState(said.state).label.lower()}",
        section=answer.section.slug,
        item=answer.item.slug,
        data={
            "revision": answer.revision,
            "changed": changed,
            "before": {name: before[name] for name in changed},
            "after": {name: getattr(said, name) for name in changed},
        },
    )
    keep_register(change, answer)
    change.touch(answer.section)
    if "data" in changed and answer.item.kind == Item.Kind.INVENTORY:
        judge_dependents(change, answer)
