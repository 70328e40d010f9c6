"""Decisions that a team adds to its register beside the checklist's: add, decide again, close."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from readiness.accounts.rights import Actor, who_changed
from readiness.errors import Conflict, Invalid, NotFound, WrongState
from reviews import events, permissions
from reviews.actions.base import clean_text
from reviews.actions.register import NOT_REOPENED, is_watched, read_trigger
from reviews.actions.watching import locked
from reviews.models import Deferral, Service
from reviews.permissions import Subject
from reviews.queries.people import find_people
from reviews.states import DeferralState

_MOST_TITLE = 200
_ARCHIVED = "This service is archived. Restore it first."


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decides: `choice` is defer or adopt, `owner` a name or an address, `trigger` as typed."""

    title: str
    choice: str
    reason: str
    owner: str
    trigger: str


def add_deferral(actor: Actor, service_id: int, decision: Decision) -> Deferral:
    """Add a decision of the team's own. Raises Invalid for what is missing or cannot be read."""
    with transaction.atomic():
        rows = Service.objects.select_for_update(of=("self",), no_key=True).select_related("team")
        service = rows.filter(pk=service_id).first()
        if service is None:
            raise NotFound("There is no such service any more, or you may not see it.")
        permissions.allowed(actor, "deferral.decide", Subject(team_id=service.team_id)).require()
        if service.archived_at:
            raise WrongState(_ARCHIVED)
        fields = _cleaned(decision, service.facts)
        row = Deferral(service=service, decided_by_id=actor.id, decided_at=timezone.now(), **fields)
        _save(row)
        _record(actor, row, "person:deferral:added", f"{_word(row)} “{row.title}”")
    return row


def decide_again(actor: Actor, deferral_id: int, decision: Decision, revision: int) -> Deferral:
    """Take a decision of the team's own anew, which also answers a trigger that was reached.

    Raises Conflict, with the stored one as `current`, when somebody decided since `revision`.
    """
    with transaction.atomic():
        row = _own(actor, deferral_id)
        if row.revision != revision:
            name = row.decided_by.name if row.decided_by else ""
            who = who_changed(actor, row.decided_by_id, name, "this decision")
            raise Conflict(f"{who} Look at it, then decide.", row)
        before = row.state
        for name, value in {**_cleaned(decision, row.service.facts), **NOT_REOPENED}.items():
            setattr(row, name, value)
        row.decided_by_id, row.decided_at = actor.id, timezone.now()
        row.revision += 1
        _save(row)
        _record(actor, row, "person:deferral:decided", f"{_word(row)} “{row.title}”", before=before)
    return row


def close_deferral(actor: Actor, deferral_id: int, reason: str) -> Deferral:
    """Take a decision of the team's own off the register, with a reason. It stays in the record."""
    why = clean_text(reason, "reason", "The reason", required=True)
    with transaction.atomic():
        row = _own(actor, deferral_id)
        row.state, row.decided_by_id, row.decided_at = DeferralState.CLOSED, actor.id, timezone.now()
        row.revision += 1
        row.save()
        _record(actor, row, "person:deferral:closed", f"Closed “{row.title}”", reason=why)
    return row


def _own(actor: Actor, deferral_id: int) -> Deferral:
    row = locked(deferral_id)
    permissions.allowed(actor, "deferral.decide", Subject(team_id=row.service.team_id)).require()
    if row.service.archived_at:
        raise WrongState(_ARCHIVED)
    if not row.is_free:
        raise WrongState("This decision belongs to the checklist. Take it in a review of the service.")
    if row.state == DeferralState.CLOSED:
        raise WrongState("This decision is closed. Add a new one.")
    return row


def _cleaned(decision: Decision, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Check everything, and tell all mistakes together."""
    errors: dict[str, list[str]] = {}
    fields: dict[str, Any] = {"choice": decision.choice, "facts": dict(facts), "trigger": {}}
    if decision.choice not in ("defer", "adopt"):
        errors["choice"] = ["Decide: defer or adopt."]
    fields["state"] = DeferralState.ADOPTED if decision.choice == "adopt" else DeferralState.DEFERRED
    texts = (("title", "What it is about", _MOST_TITLE), ("reason", "The reason", None))
    for name, label, most in texts:
        try:
            limit = {"most": most} if most else {}
            fields[name] = clean_text(getattr(decision, name), name, label, required=True, **limit)
        except Invalid as error:
            errors |= error.fields
    person = find_people([decision.owner]).get(decision.owner)
    if person is None:
        errors["owner"] = ["Choose a person of this installation, by name or address."]
    try:
        fields["trigger"] = read_trigger(decision.trigger, facts)
    except Invalid as error:
        errors |= error.fields
    if errors:
        raise Invalid("Nothing is stored yet: see the fields below.", errors)
    fields["title"] = " ".join(fields["title"].split())
    fields["trigger_text"] = " ".join(decision.trigger.split())
    watched = is_watched(decision.choice, fields["trigger"], None)
    return {**fields, "owner": person, "is_watched": watched}


def _save(row: Deferral) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        message = f"The register of {row.service} has “{row.title}” already. Decide it there."
        raise Invalid(message, {"title": [message]}) from error


def _word(row: Deferral) -> str:
    return "Adopted" if row.choice == "adopt" else "Deferred"


def _record(actor: Actor, row: Deferral, verb: str, summary: str, **more: Any) -> None:
    data = {
        "deferral": row.pk,
        "revision": row.revision,
        "choice": row.choice,
        "reason": row.reason,
        "owner": str(row.owner),
        "trigger": row.trigger_text,
        **more,
    }
    events.record(actor, events.Act(verb, summary, data=data), service=row.service)
