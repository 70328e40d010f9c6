"""Keep the register in step with what answers say: a decision taken in a review is a row of the service.

Only a complete decision is kept. While somebody is typing, the last complete one stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from checklist.models import Item
from checklist.rules import holds
from checklist.rules.triggers import MAX_TEXT, TriggerError, evaluate, parse
from readiness.errors import Invalid
from reviews.actions.base import Change
from reviews.models import Answer, Deferral
from reviews.queries.people import find_people
from reviews.states import AnswerState, DeferralState


@dataclass(frozen=True, slots=True)
class Decided:
    """One complete decision, as an answer says it."""

    decision: str
    title: str
    until: str
    choice: str
    reason: str
    owner_id: int
    trigger_text: str
    trigger: dict[str, Any]
    rule: dict[str, Any] | None = None


def has_decisions(item: Item) -> bool:
    """Whether answers to `item` can hold decisions of the register."""
    return item.kind == Item.Kind.REGISTER or item.allow_deferral


def with_owners(item: Item, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a register's data with each owner by name and id; `owner_id` None: nobody has that name."""
    if item.kind != Item.Kind.REGISTER or not isinstance(data.get("rows"), list):
        return dict(data)
    rows = [dict(row) for row in data["rows"] if isinstance(row, Mapping)]
    people = find_people([str(row.get("owner") or "") for row in rows])
    for row in rows:
        row.pop("owner_id", None)
        if str(row.get("owner") or "").strip():
            person = people.get(str(row["owner"]))
            row["owner_id"] = person.pk if person else None
            row["owner"] = str(person) if person else row["owner"]
    return {**data, "rows": rows}


def read_trigger(text: str, facts: Mapping[str, Any], *, field: str = "trigger") -> dict[str, Any]:
    """Read a trigger that is to tell something later; Invalid, naming `field`, says what is wrong with it."""
    try:
        tree = parse(text)
    except TriggerError as error:
        raise Invalid(str(error), {field: [str(error)]}) from error
    reading = evaluate(tree, facts, before=facts, today=timezone.localdate())
    message = ""
    if reading.reached:
        message = f"This is reached already: {reading.why}. Choose a trigger that lies ahead."
    elif "zero" in reading.problem:
        message = reading.problem
    if message:
        raise Invalid(message, {field: [message]})
    return tree


def keep_register(change: Change, answer: Answer) -> None:
    """Bring the service's register in step with an answer that was just written."""
    if not has_decisions(answer.item):
        return
    if answer.item.kind == Item.Kind.REGISTER and answer.state != AnswerState.NOT_APPLICABLE:
        for decided in _rows(answer, change.review.service.facts):
            _keep(change, answer, decided)
    elif answer.state == AnswerState.DEFERRED:
        _keep(change, answer, _whole(answer, change))
    elif answer.state != AnswerState.UNANSWERED:
        _close(change, answer)


def _rows(answer: Answer, facts: Mapping[str, Any]) -> list[Decided]:
    by_slug = {row.get("decision"): row for row in answer.data.get("rows", [])}
    judged = answer.judgement.get("rows", [])
    found = []
    for spot, spec in enumerate(answer.item.spec["decisions"]):
        row = by_slug.get(spec["slug"])
        if row is None or spot >= len(judged) or judged[spot]["verdict"] == "not_met":
            continue
        rule = spec.get("reached_when")
        was_due = row["choice"] == "defer" and rule is not None and holds(rule, facts) is True
        found.append(
            Decided(
                spec["slug"],
                spec["title"],
                spec["defer_until"],
                row["choice"],
                row["reason"],
                row["owner_id"],
                row["trigger"],
                parse(row["trigger"]),
                None if was_due else rule,
            )
        )
    return found


def _whole(answer: Answer, change: Change) -> Decided:
    """An answer that is deferred as a whole belongs to whoever said so."""
    assert change.actor is not None  # noqa: S101  # answers are written by people
    slug, title = answer.item.slug, answer.item.title
    tree = parse(answer.trigger)
    return Decided(slug, title, "", "defer", answer.reason, change.actor.id, answer.trigger, tree)


def _keep(change: Change, answer: Answer, decided: Decided) -> None:
    review = change.review
    fields = {
        "answer": answer,
        "title": decided.title,
        "until": decided.until,
        "choice": decided.choice,
        "state": DeferralState.DEFERRED if decided.choice == "defer" else DeferralState.ADOPTED,
        "reason": decided.reason,
        "owner_id": decided.owner_id,
        "trigger_text": decided.trigger_text[:MAX_TEXT],
        "trigger": decided.trigger,
        "rule": decided.rule,
        "is_watched": is_watched(decided.choice, decided.trigger, decided.rule),
        "facts": review.service.facts,
        "decided_by_id": change.actor.id if change.actor else None,
        "decided_at": change.at,
        **NOT_REOPENED,
    }
    row = _row_of(change, answer, decided.decision)
    if row is None:
        Deferral.objects.create(
            service=review.service,
            checklist=review.checklist,
            item=answer.item.slug,
            decision=decided.decision,
            **fields,
        )
        return
    for name, value in fields.items():
        setattr(row, name, value)
    row.revision += 1
    row.save()


NOT_REOPENED = {
    "reopened_at": None,
    "reopened_why": "",
    "reopened_by": None,
    "noted_at": None,
    "mailed_at": None,
}


def is_watched(choice: str, trigger: Mapping[str, Any], rule: Mapping[str, Any] | None) -> bool:
    """Whether there is anything that a worker can compute."""
    return "manual" not in trigger or (choice == "defer" and rule is not None)


def _row_of(change: Change, answer: Answer, decision: str) -> Deferral | None:
    rows = Deferral.objects.select_for_update().filter(
        service_id=change.review.service_id,
        checklist_id=change.review.checklist_id,
        item=answer.item.slug,
        decision=decision,
    )
    return rows.first()


def _close(change: Change, answer: Answer) -> None:
    """The item is met, not met or does not apply: nothing is deferred any more."""
    rows = Deferral.objects.filter(
        service_id=change.review.service_id,
        checklist_id=change.review.checklist_id,
        item=answer.item.slug,
    ).exclude(state=DeferralState.CLOSED)
    rows.update(state=DeferralState.CLOSED, answer=answer, decided_at=change.at)
