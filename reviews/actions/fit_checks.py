"""“Does not fit” as an outcome: a team records it, an accountable person signs it, and a packet says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from checklist.facts import clean_facts
from checklist.models import ChecklistVersion
from checklist.rules import fit_check
from readiness.accounts.rights import Actor
from readiness.errors import Conflict, NotFound, WrongState
from reviews import events, permissions
from reviews.actions.base import clean_text
from reviews.actions.services import locked_service
from reviews.actions.watching import reopen_reached
from reviews.fit_snapshots import build_fit_snapshot
from reviews.models import FitCheck, Packet, Service, Snapshot
from reviews.packets import fit_schema, schema
from reviews.permissions import Subject
from reviews.queries.content import digest_of
from reviews.states import LIVE_FIT_CHECK, OPEN_REVIEW, FitCheckStatus


def record_misfit(
    actor: Actor, service_id: int, checklist_slug: str, facts: Mapping[str, Any], note: str
) -> FitCheck:
    """Record that a checklist does not fit a service with these facts, which the service keeps.

    It takes the place of an earlier record. Raises WrongState when the facts do not say so, or while a review
    is open; Invalid for bad facts or a missing note.
    """
    text = clean_text(note, "note", "What follows from it", required=True)
    cleaned = clean_facts(facts)
    verdict = fit_check(cleaned)
    with transaction.atomic():
        service = locked_service(service_id)
        permissions.allowed(actor, "fit.record", Subject(team_id=service.team_id)).require()
        _require_possible(service, verdict.verdict)
        version = _version(checklist_slug)
        now = timezone.now()
        end_fit_checks(service, "A newer fit check takes its place.")
        row = FitCheck.objects.create(
            service=service,
            version=version,
            facts=cleaned,
            verdict=verdict.verdict,
            reasons=verdict.reasons,
            note=text,
            digest=digest_of(_content(version, cleaned, verdict.reasons, text)),
            recorded_by_id=actor.id,
            recorded_at=now,
        )
        service.facts = cleaned
        service.revision += 1
        service.save(update_fields=["facts", "revision", "updated_at"])
        reopen_reached([service.pk])
        data = {"fit_check": row.pk, "facts": cleaned, "reasons": verdict.reasons, "note": text}
        summary = f"Recorded that {version.checklist.title} does not fit"
        events.record(actor, events.Act("person:fit_check:recorded", summary, data=data), service=service)
    return row


def _require_possible(service: Service, verdict: str) -> None:
    if service.archived_at:
        raise WrongState("This service is archived. Restore it first.")
    if verdict != "does_not_fit":
        raise WrongState("The facts do not say that it does not fit. Start a review.")
    if service.reviews.filter(status__in=OPEN_REVIEW).exists():
        raise WrongState("A review of this service is open. Withdraw it first, or finish it.")


def _version(checklist_slug: str) -> ChecklistVersion:
    rows = ChecklistVersion.objects.select_related("checklist").filter(
        checklist__slug=checklist_slug, status=ChecklistVersion.Status.PUBLISHED
    )
    version = rows.order_by("-number").first()
    if version is None:
        raise NotFound("This checklist is not published. Choose another one.")
    return version


def _content(
    version: ChecklistVersion, facts: dict[str, Any], reasons: list[str], note: str
) -> dict[str, Any]:
    """What a signature stands for."""
    return {"checklist": version.content_hash, "facts": facts, "reasons": reasons, "note": note}


def end_fit_checks(service: Service, why: str) -> None:
    """What stood before is superseded; its packet stays. For a service that the caller has locked."""
    rows = FitCheck.objects.filter(service=service, status__in=LIVE_FIT_CHECK)
    rows.update(status=FitCheckStatus.SUPERSEDED, ended_at=timezone.now(), ended_why=why)


def withdraw_fit_check(actor: Actor, fit_check_id: int, reason: str) -> FitCheck:
    """Take back a record that is not signed yet."""
    why = clean_text(reason, "reason", "The reason", required=True, most=300)
    with transaction.atomic():
        row = lock_fit_check(fit_check_id)
        permissions.allowed(actor, "fit.withdraw", Subject(team_id=row.service.team_id)).require()
        _require_unsigned(row)
        row.status, row.ended_at, row.ended_why = FitCheckStatus.WITHDRAWN, timezone.now(), why
        row.save()
        data = {"fit_check": row.pk, "reason": why}
        act = events.Act("person:fit_check:withdrawn", "Withdrew the record of the fit check", data=data)
        events.record(actor, act, service=row.service)
    return row


def sign_fit_check(actor: Actor, fit_check_id: int, note: str, *, seen_digest: str) -> Packet:
    """Sign that the checklist does not fit, and freeze the snapshot; the caller queues the packet's id.

    Raises Refused for whoever recorded it, WrongState when it is not waiting or when the facts of the service
    say otherwise by now, Conflict when `seen_digest` is not that of the record.
    """
    text = clean_text(note, "note", "The note")
    with transaction.atomic():
        row = lock_fit_check(fit_check_id)
        about = Subject(team_id=row.service.team_id, requester_id=row.recorded_by_id)
        permissions.allowed(actor, "fit.sign", about).require()
        _require_unsigned(row)
        if row.digest != seen_digest:
            raise Conflict("This is not what you saw. Read it again, then sign.")
        now_fits = fit_check(row.service.facts)
        if now_fits.verdict != "does_not_fit":
            raise WrongState(
                f"The facts of the service changed since: by now they say “{now_fits.label.lower()}”. "
                "The team withdraws this and starts a review."
            )
        row.status, row.signed_by_id, row.signed_at = FitCheckStatus.SIGNED, actor.id, timezone.now()
        row.sign_note = text
        row.save()
        data = {"fit_check": row.pk, "digest": row.digest, "note": text}
        summary = f"Signed that {row.version.checklist.title} does not fit"
        events.record(actor, events.Act("person:fit_check:signed", summary, data=data), service=row.service)
        return _freeze(row)


def _freeze(row: FitCheck) -> Packet:
    content = fit_schema.canonical(build_fit_snapshot(row))
    snapshot = Snapshot.objects.create(
        fit_check=row,
        content=content,
        sha256=schema.content_hash(content),
        schema_version=fit_schema.SCHEMA_VERSION,
        created_at=row.signed_at or timezone.now(),
    )
    data = {"fit_check": row.pk, "sha256": snapshot.sha256, "size": len(content)}
    act = events.Act("system:snapshot:frozen", f"Froze the snapshot {snapshot.sha256[:12]}", data=data)
    events.record(None, act, service=row.service)
    return Packet.objects.create(snapshot=snapshot, requested_at=timezone.now())


def _require_unsigned(row: FitCheck) -> None:
    if row.status != FitCheckStatus.RECORDED:
        raise WrongState(f"This fit check is {row.get_status_display().lower()}; nothing in it can change.")


def lock_fit_check(fit_check_id: int) -> FitCheck:
    """Lock one record and return it with service, team and checklist. Raises NotFound."""
    rows = FitCheck.objects.select_for_update(of=("self",)).select_related(
        "service__team", "version__checklist", "recorded_by", "signed_by"
    )
    row = rows.filter(pk=fit_check_id).first()
    if row is None:
        raise NotFound("There is nothing at this address, or you may not see it.")
    return row
