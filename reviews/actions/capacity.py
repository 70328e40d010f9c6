"""Writes on the monthly review of headroom: that it was held, and its use as an answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from checklist.rules.capacity import due_after
from readiness.accounts.rights import Actor
from readiness.errors import Invalid, NotFound, WrongState
from reviews import events, permissions
from reviews.actions.answers import Said, save_answer
from reviews.actions.base import ReviewRef, clean_text
from reviews.actions.evidence import About, add_note
from reviews.actions.services import ARCHIVED, locked_service
from reviews.events import Act
from reviews.models import Answer, CapacityReview
from reviews.permissions import Subject
from reviews.queries.capacity import MONTHLY, load_capacity
from reviews.states import AnswerState

MAX_ACTIONS: Final = 3
_MAX_LINE: Final = 500
_EARLIEST: Final = timedelta(days=366)


def record_review(
    actor: Actor,
    service_id: int,
    *,
    held_on: date,
    people: str,
    notes: str = "",
    actions: Sequence[tuple[str, str]] = (),
) -> CapacityReview:
    """Record that headroom was reviewed; `actions` are (what, owner), three at most.

    The figures of today are kept with it, so that the next agenda can say what changed. The same again on the
    same day is no second review. Raises Invalid, Refused, or WrongState for an archived service.
    """
    who = clean_text(people, "people", "Who was there", required=True, most=_MAX_LINE)
    text = clean_text(notes, "notes", "The notes")
    todo = _actions(actions)
    today = timezone.localdate()
    if held_on > today:
        raise _invalid("held_on", "This day has not come yet. Record a review after it was held.")
    if held_on < today - _EARLIEST:
        raise _invalid("held_on", "This is more than a year ago. Record the last review that was held.")
    with transaction.atomic():
        service = locked_service(service_id)
        permissions.allowed(actor, "capacity.review", Subject(team_id=service.team_id)).require()
        if service.archived_at:
            raise WrongState(ARCHIVED)
        same = service.capacity_reviews.filter(held_on=held_on, people=who, notes=text, actions=todo).first()
        if same is not None:
            return same
        known = load_capacity(service)
        row = CapacityReview.objects.create(
            service=service,
            held_on=held_on,
            due_on=due_after(held_on, known.recurring_days),
            people=who,
            notes=text,
            actions=todo,
            figures=known.figures,
            recorded_by_id=actor.id,
            recorded_at=timezone.now(),
        )
        data = {"capacity_review": row.pk, "held_on": held_on.isoformat(), "actions": todo}
        summary = f"Reviewed the headroom of {service.name} on {held_on:%-d %b %Y}"
        events.record(actor, Act("person:capacity:reviewed", summary, data=data), service=service)
    return row


def use_review(actor: Actor, which: ReviewRef, capacity_review_id: int, *, revision: int) -> Answer:
    """Answer the monthly item with a review that was held, its minutes attached as evidence of that day.

    Raises Conflict when the answer changed since `revision`; then nothing is attached either.
    """
    with transaction.atomic():
        row = CapacityReview.objects.filter(pk=capacity_review_id, service__slug=which.service).first()
        rows = Answer.objects.select_related("item").filter(
            review__service__slug=which.service, review__number=which.number, item__slug=MONTHLY
        )
        answer = rows.first()
        if row is None or answer is None:
            raise NotFound("There is nothing at this address, or you may not see it.")
        note = answer.note or f"Held on {row.held_on:%-d %b %Y}, with {row.people}."
        saved = save_answer(actor, which, MONTHLY, Said(AnswerState.MET, note=note), revision)
        about = About(f"Headroom review of {row.held_on:%-d %b %Y}", row.held_on)
        add_note(actor, answer.review_id, MONTHLY, minutes_of(row), about)
    return saved


def minutes_of(row: CapacityReview) -> str:
    """The minutes of a review of headroom, as Markdown."""
    lines = [f"Headroom review, held on {row.held_on:%-d %b %Y}.", "", f"There: {row.people}."]
    tiers = row.figures.get("tiers", [])
    if tiers:
        lines += ["", "Headroom at peak:", ""]
        lines += [f"- {tier['tier']}: {_left(tier.get('headroom'))}" for tier in tiers[:20]]
    if row.notes:
        lines += ["", row.notes]
    if row.actions:
        lines += ["", "Next:", "", *(f"- {each['what']} ({each['owner']})" for each in row.actions)]
    return "\n".join(lines)


def _left(headroom: float | None) -> str:
    return "unknown" if headroom is None else f"{headroom:g} %"


def _actions(actions: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    todo = []
    for place, (what, owner) in enumerate(actions, 1):
        task = clean_text(what, f"what_{place}", "The action", most=_MAX_LINE)
        name = clean_text(owner, f"owner_{place}", "The owner", most=_MAX_LINE)
        if not task and not name:
            continue
        if not task:
            raise _invalid(f"what_{place}", f"Say what {name} will do.")
        if not name:
            raise _invalid(f"owner_{place}", "Every action needs an owner. Say who does it.")
        todo.append({"what": task, "owner": name})
    if len(todo) > MAX_ACTIONS:
        raise _invalid("what_1", f"End with at most {MAX_ACTIONS} actions: more are not done in a month.")
    return todo


def _invalid(name: str, message: str) -> Invalid:
    return Invalid(message, {name: [message]})
