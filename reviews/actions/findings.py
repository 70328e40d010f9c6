"""Raise, fix and verify findings."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils import timezone

from readiness.accounts.models import User
from readiness.accounts.rights import Actor
from readiness.errors import Invalid, NotFound, WrongState
from reviews.actions.base import Change, answer_of, changing, clean_text, section_of
from reviews.models import Finding, ReviewSection
from reviews.states import FindingStatus


def raise_finding(
    actor: Actor,
    section: ReviewSection,
    *,
    title: str,
    detail: str = "",
    blocking: bool = True,
    item_slug: str | None = None,
    owner_id: int | None = None,
    due_on: date | None = None,
) -> Finding:
    """Record a gap, on an item or on the whole section. The owner, if named, belongs to the owning team."""
    cleaned = clean_text(title, "title", "The title", required=True, most=200)
    text = clean_text(detail, "detail", "The description")
    if due_on and due_on < timezone.localdate():
        raise Invalid("The due date is past.", {"due_on": ["Choose today or a later day."]})
    with changing(section.review_id, actor, "finding.raise", section=section) as change:
        row = section_of(change.review, section.slug)
        answer = answer_of(change.review, item_slug) if item_slug else None
        if answer and answer.section_id != row.pk:
            raise Invalid("This item belongs to another section.")
        _require_owner(owner_id, change.review.service.team_id)
        finding = Finding.objects.create(
            review=change.review,
            section=row,
            answer=answer,
            title=cleaned,
            detail=text,
            blocking=blocking,
            owner_id=owner_id,
            due_on=due_on,
            raised_by_id=actor.id,
            raised_at=change.at,
        )
        _record(change, "person:finding:raised", "Raised a finding", finding)
    return finding


def fix_finding(actor: Actor, finding_id: int, note: str) -> Finding:
    """Say how a finding was fixed; a reviewer verifies it next."""
    text = clean_text(note, "note", "The description of the fix", required=True)
    found = _finding(finding_id)
    with changing(found.review_id, actor, "finding.fix", section=found.section) as change:
        finding = _finding(finding_id)
        if finding.status != FindingStatus.OPEN:
            raise WrongState(f"This finding is {finding.get_status_display().lower()} already.")
        finding.status, finding.fix_note = FindingStatus.FIXED, text
        finding.fixed_by_id, finding.fixed_at = actor.id, change.at
        finding.save(update_fields=["status", "fix_note", "fixed_by", "fixed_at"])
        _record(change, "person:finding:fixed", "Fixed the finding", finding)
    return finding


def verify_finding(actor: Actor, finding_id: int, *, accept: bool) -> Finding:
    """Close a fixed finding, or open it again when the fix does not hold."""
    found = _finding(finding_id)

    def subject() -> dict[str, Any]:
        return {"requester_id": _finding(finding_id).fixed_by_id}

    with changing(found.review_id, actor, "finding.verify", section=found.section, subject=subject) as change:
        finding = _finding(finding_id)
        if finding.status != FindingStatus.FIXED:
            raise WrongState("Only a finding that is marked as fixed can be verified.")
        if accept:
            finding.status = FindingStatus.VERIFIED
            finding.verified_by_id, finding.verified_at = actor.id, change.at
        else:
            finding.status = FindingStatus.OPEN
        finding.save(update_fields=["status", "verified_by", "verified_at"])
        verb = "verified" if accept else "reopened"
        _record(change, f"person:finding:{verb}", f"{verb.capitalize()} the finding", finding)
    return finding


def _finding(finding_id: int) -> Finding:
    rows = Finding.objects.select_related("section__section", "answer__item")
    row = rows.filter(pk=finding_id).first()
    if row is None:
        raise NotFound("This finding does not exist any more.")
    return row


def _require_owner(owner_id: int | None, team_id: int) -> None:
    if owner_id is None:
        return
    if not User.objects.filter(pk=owner_id, is_active=True, memberships__team_id=team_id).exists():
        raise Invalid(
            "The owner has to be a member of the team.", {"owner": ["Choose a member of the team."]}
        )


def _record(change: Change, verb: str, words: str, finding: Finding) -> None:
    change.record(
        verb,
        f"{words} “{finding.title}”",
        section=finding.section.slug,
        item=finding.answer.item.slug if finding.answer else "",
        data={"finding": finding.pk, "status": finding.status, "blocking": finding.blocking},
    )
