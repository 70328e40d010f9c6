"""Look at the triggers of the register, and reopen each decision whose trigger is reached, once.

A decision is reopened by changing its row under its lock; whoever comes second finds it reopened. What
follows from that (reviews that rest on it, the owner's mail) is written on the row too, so a worker that dies
in between loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from checklist.rules import holds
from checklist.rules import look_again as with_warning
from checklist.rules.triggers import Reading, evaluate
from readiness.accounts.rights import Actor
from readiness.errors import NotFound, WrongState
from reviews import events, permissions
from reviews.actions.base import Change, changing, clean_text
from reviews.models import Answer, Deferral, Review, SignOff
from reviews.models.deferral import WATCHED
from reviews.permissions import Subject
from reviews.states import OPEN_REVIEW, DeferralState, ReviewStatus

BATCH: Final = 1000
_MOST_WHY: Final = 500
_NOTES: Final = 200


def watch(today: date | None = None) -> int:
    """Look at every trigger that can be computed, over all services, in one pass; return how many are due.

    One query reads a batch of decisions together with the facts of their services. Only what is reached is
    locked and read again.
    """
    day = today or timezone.localdate()
    return sum(len(reopen(ids, day)) for ids in _reached(day))


def _reached(today: date) -> Iterator[list[int]]:
    last = 0
    rows = _watched().filter(service__archived_at__isnull=True).order_by("pk")
    fields = ("pk", "choice", "trigger", "rule", "facts", "service__facts")
    while batch := list(rows.filter(pk__gt=last).values_list(*fields)[:BATCH]):
        last = batch[-1][0]
        found = [
            pk
            for pk, choice, trigger, rule, before, facts in batch
            if read(trigger, rule if choice == "defer" else None, facts, before, today).reached
        ]
        if found:
            yield found


def _watched() -> QuerySet[Deferral]:
    return Deferral.objects.filter(state__in=WATCHED, is_watched=True)


def read(
    trigger: dict[str, Any],
    rule: dict[str, Any] | None,
    facts: dict[str, Any],
    before: dict[str, Any],
    today: date,
) -> Reading:
    """Look at a trigger and, for what is deferred, at the checklist's own rule for its time."""
    found = evaluate(trigger, facts, before=before, today=today)
    if not found.reached and rule is not None and holds(rule, facts) is True:
        return Reading(
            True, f"{rule['fact']} is {facts[rule['fact']]}" if "fact" in rule else "its time came"
        )
    return found


@transaction.atomic
def reopen(ids: Iterable[int], today: date) -> list[Deferral]:
    """Reopen those of `ids` whose trigger is still reached; what somebody else holds is left to them."""
    rows = _watched().select_for_update(of=("self",), skip_locked=True).select_related("service__team")
    return _reopen(rows.filter(pk__in=list(ids)).order_by("pk"), today)


def reopen_reached(service_ids: list[int]) -> list[Deferral]:
    """Look at the triggers of services whose facts have just changed, in the caller's transaction."""
    if not service_ids:
        return []
    rows = _watched().select_for_update(of=("self",)).select_related("service__team")
    return _reopen(rows.filter(service_id__in=service_ids).order_by("pk"), timezone.localdate())


def _reopen(rows: QuerySet[Deferral], today: date) -> list[Deferral]:
    now, reached, acts = timezone.now(), [], []
    for row in rows:
        rule = row.rule if row.choice == "defer" else None
        found = read(row.trigger, rule, row.service.facts, row.facts, today)
        if not found.reached:
            continue
        row.state, row.reopened_at, row.reopened_by = DeferralState.REOPENED, now, None
        row.reopened_why = found.why[:_MOST_WHY]
        row.noted_at = row.mailed_at = None
        reached.append(row)
        acts.append((row.service, _act("system:deferral:reopened", row)))
    fields = ["state", "reopened_at", "reopened_by", "reopened_why", "noted_at", "mailed_at"]
    Deferral.objects.bulk_update(reached, fields, batch_size=500)
    if acts:
        events.record_each(None, acts)
    return reached


def _act(verb: str, row: Deferral) -> events.Act:
    data = {
        "deferral": row.pk,
        "revision": row.revision,
        "trigger": row.trigger_text,
        "why": row.reopened_why,
    }
    summary = f"Look again at “{row.title}”: {row.reopened_why}"
    return events.Act(verb, summary, item=row.item, data=data)


def look_again(actor: Actor, deferral_id: int, reason: str) -> Deferral:
    """Reopen a decision by hand: the way of a trigger that only people can watch.

    Raises WrongState when it is not standing any more.
    """
    why = clean_text(reason, "reason", "The reason", required=True, most=_MOST_WHY).rstrip(". ")
    with transaction.atomic():
        row = locked(deferral_id)
        permissions.allowed(actor, "deferral.reopen", Subject(team_id=row.service.team_id)).require()
        if row.state not in WATCHED:
            raise WrongState(f"This decision is not standing: it is “{row.get_state_display().lower()}”.")
        row.state, row.reopened_at, row.reopened_why = DeferralState.REOPENED, timezone.now(), why
        row.reopened_by_id, row.noted_at = actor.id, None
        # Who reopens their own decision need not be told.
        row.mailed_at = row.reopened_at if row.owner_id == actor.id else None
        row.save()
        events.record(actor, _act("person:deferral:reopened", row), service=row.service)
    return row


def locked(deferral_id: int) -> Deferral:
    """Lock one decision and return it with service, team and owner. Raises NotFound."""
    rows = Deferral.objects.select_for_update(of=("self",)).select_related("service__team", "owner", "answer")
    row = rows.filter(pk=deferral_id).first()
    if row is None:
        raise NotFound("There is nothing at this address, or you may not see it.")
    return row


# -- What follows from a reached trigger -----------------------------------------------------------------


def deferrals_to_note() -> list[int]:
    """Ids of reopened decisions whose reviews have not been told yet."""
    rows = Deferral.objects.filter(state=DeferralState.REOPENED, noted_at__isnull=True)
    return list(rows.order_by("pk").values_list("pk", flat=True)[:_NOTES])


def note_reopened(deferral_id: int) -> bool:
    """Tell the reviews that rest on a reopened decision; True when this call did so.

    In an open review its answer gets a warning, which is content: an approval of the section goes stale. The
    sign-off of a signed-off review goes stale; its packet stays as it is.
    """
    row = Deferral.objects.filter(pk=deferral_id, state=DeferralState.REOPENED, noted_at__isnull=True).first()
    if row is None:
        return False
    same = Deferral.objects.filter(pk=row.pk, revision=row.revision, reopened_at=row.reopened_at)
    live = Review.objects.filter(
        service_id=row.service_id, status__in=[*OPEN_REVIEW, ReviewStatus.SIGNED_OFF]
    )
    if row.checklist_id:
        live = live.filter(checklist_id=row.checklist_id)
    for review_id in live.order_by("pk").values_list("pk", flat=True):
        with changing(review_id, None, "deferral.note") as change:
            # Read again under the review's lock: the team may have decided anew meanwhile.
            if same.filter(state=DeferralState.REOPENED).exists():
                note_in(change, row)
    return same.filter(noted_at__isnull=True).update(noted_at=timezone.now()) == 1


def note_in(change: Change, row: Deferral) -> None:
    """Write a reopened decision into one locked review. Does nothing the second time."""
    if not change.review.is_open:
        _stale_sign_off(change, row)
        return
    answer = Answer.objects.filter(
        review=change.review,
        item__slug=row.item,
        applicable=True,
        to_confirm=False,
        orphaned_at__isnull=True,
    )
    found = answer.select_related("item", "section__section").first() if row.item else None
    if found is None or found.pk != row.answer_id:
        return
    if row.decision in found.judgement.get("look_again", {}):
        return
    found.judgement = with_warning(found.item.spec, found.judgement, row.decision, row.reopened_why)
    found.save(update_fields=["judgement"])
    found.section.review = change.review
    change.touch(found.section)
    change.record(
        "system:deferral:reopened",
        f"Look again at “{row.title}”: {row.reopened_why}",
        section=found.section.slug,
        item=row.item,
        data={"deferral": row.pk, "revision": row.revision, "why": row.reopened_why},
    )


def _stale_sign_off(change: Change, row: Deferral) -> None:
    """A sign-off rests on the decisions that stood then; one taken later is no part of it."""
    sign_off = SignOff.objects.filter(
        review=change.review, stale_at__isnull=True, at__gte=row.decided_at
    ).first()
    if sign_off is None:
        return
    sign_off.stale_at = change.at
    sign_off.stale_reason = f"Look again at “{row.title}”: {row.reopened_why}"[:300]
    sign_off.save(update_fields=["stale_at", "stale_reason"])
    change.record(
        "system:sign_off:stale",
        f"The sign-off went stale: look again at “{row.title}”",
        item=row.item,
        data={"deferral": row.pk, "revision": row.revision, "why": row.reopened_why},
    )
