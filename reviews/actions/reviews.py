"""Start and withdraw a review, and correct the facts that decide what applies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone

from checklist.facts import clean_facts
from checklist.models import Checklist, ChecklistVersion, Item
from checklist.rules import applies, fit_check
from readiness.accounts.rights import Actor
from readiness.errors import Conflict, NotFound, WrongState
from reviews import permissions
from reviews.actions.base import Change, changing, clean_text, count_figures
from reviews.actions.carry_over import carry_over
from reviews.actions.dependents import shape
from reviews.actions.fit_checks import end_fit_checks
from reviews.actions.watching import note_in, reopen_reached
from reviews.models import Answer, Review, ReviewSection, Service
from reviews.permissions import Subject
from reviews.queries.content import digest_of
from reviews.states import OPEN_REVIEW, ReviewStatus


def start_review(actor: Actor, service_id: int, checklist_slug: str, facts: Mapping[str, Any]) -> Review:
    """Start a review of a service over the latest published version of a checklist.

    Keeps `facts` on the service too, records the fit check's verdict, and carries the last review's answers
    over as drafts to confirm. Raises WrongState when one is open already, Invalid for bad facts.
    """
    cleaned = clean_facts(facts)
    with transaction.atomic():
        service = (
            Service.objects.select_for_update(of=("self",), no_key=True)
            .select_related("team")
            .filter(pk=service_id)
            .first()
        )
        if service is None:
            raise NotFound("This service does not exist any more.")
        permissions.allowed(actor, "review.start", Subject(team_id=service.team_id)).require()
        if service.archived_at:
            raise WrongState("This service is archived. Restore it before you start a review.")
        version = _latest_version(checklist_slug)
        _refuse_second_open(service, version.checklist)
        review = _create(actor, service, version, cleaned)
        service.facts = cleaned
        service.revision += 1
        service.save(update_fields=["facts", "revision", "updated_at"])
        reopen_reached([service.pk])
        end_fit_checks(service, f"Review {review.number} was started.")
        change = Change(review, actor)
        _create_answers(review, cleaned)
        carried = carry_over(review) if review.previous else 0
        sections = list(review.sections.all())
        for section in sections:
            count_figures(section)
        change.record(
            "person:review:started",
            f"Started review {review.number} with {version}",
            data={"facts": cleaned, "fit": review.fit, "carried_over": carried},
        )
        change.close()
    return review


def withdraw_review(actor: Actor, review_id: int, reason: str) -> None:
    """End an open review without a decision. It stays readable; a new one can be started."""
    text = clean_text(reason, "reason", "The reason", required=True)
    with changing(review_id, actor, "review.withdraw") as change:
        change.review.status = ReviewStatus.WITHDRAWN
        change.review.withdrawn_reason = text
        change.review.ended_at = change.at
        change.record(
            "person:review:withdrawn", f"Withdrew review {change.review.number}", data={"reason": text}
        )


def change_facts(
    actor: Actor, review_id: int, facts: Mapping[str, Any], *, seen: str | None = None
) -> Review:
    """Correct the facts of an open review: items begin or cease to apply, the fit check is made again.

    `seen` is the digest of the facts that the person started from. Raises Conflict, with the stored facts as
    `current`, when somebody else corrected them since.
    """
    cleaned = clean_facts(facts)
    with changing(review_id, actor, "review.facts") as change:
        review = change.review
        if cleaned == review.facts:
            return review
        if seen is not None and seen != digest_of(review.facts):
            raise Conflict(
                "Somebody corrected the facts while you had them open. Compare them, then save again.",
                current=review.facts,
            )
        before, declared = review.facts, review.fit.get("declared", review.facts)
        review.facts, review.fit = cleaned, _fit(cleaned, declared)
        moved = 0
        for section in review.sections.select_related("section"):
            section.review = review
            changed = _reapply(section, cleaned, actor)
            moved += changed
            if changed:
                change.touch(section)
        Service.objects.filter(pk=review.service_id).update(facts=cleaned, revision=F("revision") + 1)
        for deferral in reopen_reached([review.service_id]):
            note_in(change, deferral)
        change.record(
            "person:review:facts_changed",
            f"Changed the profile facts; {moved} item{'' if moved == 1 else 's'} affected",
            data={"before": before, "after": cleaned, "fit": review.fit},
        )
    return review


def _fit(facts: Mapping[str, Any], declared: Mapping[str, Any]) -> dict[str, Any]:
    """The verdict on the facts of today; `declared` are those of the start, to be held against it later."""
    verdict = fit_check(facts)
    return {"verdict": verdict.verdict, "reasons": list(verdict.reasons), "declared": dict(declared)}


def _latest_version(checklist_slug: str) -> ChecklistVersion:
    rows = ChecklistVersion.objects.select_related("checklist").filter(
        checklist__slug=checklist_slug, status=ChecklistVersion.Status.PUBLISHED
    )
    version = rows.order_by("-number").first()
    if version is None:
        raise NotFound("This checklist has no published version. Ask an administrator to publish one.")
    return version


def _refuse_second_open(service: Service, checklist: Checklist) -> None:
    open_one = service.reviews.filter(checklist=checklist, status__in=OPEN_REVIEW).first()
    if open_one:
        raise WrongState(
            f"Review {open_one.number} of {service.name} with this checklist is still open. "
            "Finish or withdraw it first."
        )


def _create(actor: Actor, service: Service, version: ChecklistVersion, facts: dict[str, Any]) -> Review:
    number = (service.reviews.aggregate(last=Max("number"))["last"] or 0) + 1
    done = (ReviewStatus.SIGNED_OFF, ReviewStatus.SUPERSEDED)
    previous = (
        service.reviews.filter(checklist=version.checklist, status__in=done).order_by("-number").first()
    )
    now = timezone.now()
    return Review.objects.create(
        service=service,
        checklist=version.checklist,
        version=version,
        number=number,
        facts=facts,
        fit=_fit(facts, facts),
        previous=previous,
        started_by_id=actor.id,
        started_at=now,
        changed_at=now,
    )


def _create_answers(review: Review, facts: Mapping[str, Any]) -> None:
    rows = [
        ReviewSection(review=review, section=section, position=section.position, slug=section.slug)
        for section in review.version.sections.all()
    ]
    sections = {row.section_id: row for row in ReviewSection.objects.bulk_create(rows)}
    Answer.objects.bulk_create(
        Answer(
            review=review,
            section=sections[item.section_id],
            item=item,
            applicable=applies(item.applies_when, facts),
        )
        for item in Item.objects.filter(version=review.version)
    )


def _reapply(section: ReviewSection, facts: Mapping[str, Any], actor: Actor) -> int:
    changed = []
    for answer in section.answers.select_related("item"):
        applicable = applies(answer.item.applies_when, facts)
        if applicable != answer.applicable:
            answer.applicable = applicable
            shape(answer, actor)
            changed.append(answer)
    return Answer.objects.bulk_update(changed, ["applicable", "shaped_by"]) if changed else 0
