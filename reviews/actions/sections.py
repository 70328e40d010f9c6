"""Submit, approve and send back a section."""

from __future__ import annotations

from readiness.accounts.rights import Actor
from readiness.errors import Conflict, Invalid, WrongState
from reviews.actions.base import Change, answer_of, changing, clean_text, keep_content, section_of
from reviews.models import Approval, ChangeRequest, ReviewSection, SectionContent
from reviews.queries.content import difference, digest_of, section_content
from reviews.queries.sheet import SectionSheet, load_sheet
from reviews.rules import Stops, out_of_order, quorum_missing
from reviews.states import SectionStatus, WaiverStatus, section_after, section_allows


def submit_section(actor: Actor, section: ReviewSection) -> ReviewSection:
    """Hand a section to its reviewers. Raises WrongState naming what is unanswered or not met."""
    with changing(section.review_id, actor, "section.submit", section=section) as change:
        row = section_of(change.review, section.slug)
        _require_state("section.submit", row)
        sheet = load_sheet(row)
        _refuse_problems(sheet, {Stops.SUBMIT}, "This section cannot be submitted yet.")
        content = section_content(sheet)
        digest = digest_of(content)
        keep_content(digest, content)
        row.submitted_by_id, row.submitted_at = actor.id, change.at
        change.set_status(row, SectionStatus.SUBMITTED, "submitted_by", "submitted_at")
        row.change_requests.filter(resolved_at__isnull=True).update(resolved_at=change.at)
        change.record(
            "person:section:submitted",
            f"Submitted {row.section.title}",
            section=row.slug,
            data={"digest": digest},
        )
    return row


def approve_section(actor: Actor, section: ReviewSection, seen_digest: str, note: str = "") -> ReviewSection:
    """Accept a section at the content that the reviewer saw.

    `seen_digest` is the digest of the page that the reviewer looked at. Raises Conflict, with the differences
    as `current`, when the content is not that any more; WrongState out of order or while something stands in
    the way.
    """
    text = clean_text(note, "note", "The note")
    with changing(section.review_id, actor, "section.approve", section=section) as change:
        row = section_of(change.review, section.slug)
        _require_state("section.approve", row)
        _require_order(row)
        sheet = load_sheet(row)
        _refuse_problems(sheet, {Stops.SUBMIT, Stops.APPROVE}, "This section cannot be approved yet.")
        content = section_content(sheet)
        digest = digest_of(content)
        if digest != seen_digest:
            since = _since(seen_digest, content)
            look = "Look at the changes" if since else "Read it again as it is now"
            raise Conflict(
                f"This section changed after you opened it. {look}, then approve again.", current=since
            )
        if any(approval.reviewer_id == actor.id for approval in sheet.valid_approvals):
            raise WrongState("You have approved this section already.")
        keep_content(digest, content)
        approval = Approval.objects.create(
            section=row,
            reviewer_id=actor.id,
            roles=sorted(actor.reviewer_roles),
            content_id=digest,
            note=text,
            at=change.at,
        )
        change.record(
            "person:section:approved",
            f"Approved {row.section.title}",
            section=row.slug,
            data={"digest": digest, "roles": approval.roles, "note": text},
        )
        _settle(change, row, [*sheet.valid_approvals, approval])
    return row


def request_changes(
    actor: Actor, section: ReviewSection, reason: str, item_slug: str | None = None
) -> ChangeRequest:
    """Send a section back to the team with a reason, about one item or the whole. Its approvals go stale."""
    text = clean_text(reason, "reason", "The reason", required=True)
    with changing(section.review_id, actor, "section.request_changes", section=section) as change:
        row = section_of(change.review, section.slug)
        if row.status != SectionStatus.CHANGES_REQUESTED:
            _require_state("section.request_changes", row)
        answer = answer_of(change.review, item_slug) if item_slug else None
        if answer and answer.section_id != row.pk:
            raise Invalid("This item belongs to another section.")
        request = ChangeRequest.objects.create(
            section=row, answer=answer, by_id=actor.id, reason=text, at=change.at
        )
        row.approvals.filter(stale_at__isnull=True).update(
            stale_at=change.at, stale_reason="Changes were requested."
        )
        change.set_status(row, SectionStatus.CHANGES_REQUESTED)
        change.record(
            "person:section:changes_requested",
            f"Asked for changes in {row.section.title}",
            section=row.slug,
            item=item_slug or "",
            data={"reason": text},
        )
    return request


def _since(seen_digest: str, content: dict[str, object]) -> list[object]:
    before = SectionContent.objects.filter(digest=seen_digest).first()
    return list(difference(before.content, content)) if before else []


def _require_state(verb: str, row: ReviewSection) -> None:
    why_not = section_allows(verb, row.status)
    if why_not:
        raise WrongState(why_not)


def _require_order(row: ReviewSection) -> None:
    waived = row.waivers.filter(answer__isnull=True, status=WaiverStatus.GRANTED).exists()
    others = row.review.sections.select_related("section")
    statuses = {other.position: (other.status, other.section.title) for other in others}
    why_not = out_of_order(row.position, statuses, order_waived=waived)
    if why_not:
        raise WrongState(why_not)


def _refuse_problems(sheet: SectionSheet, stops: set[Stops], intro: str) -> None:
    found = [problem for problem in sheet.problems if problem.stops in stops]
    if not found:
        return
    first = found[0]
    more = f" And {len(found) - 1} more." if len(found) > 1 else ""
    where = f"{first.title}: " if first.title else ""
    raise WrongState(f"{intro} {where}{first.text}{more}")


def _settle(change: Change, row: ReviewSection, approvals: list[Approval]) -> None:
    """Move the section on: approved once the quorum and the roles that it asks for are complete."""
    missing, roles = quorum_missing(
        row.section.approvals_required,
        row.section.reviewer_roles,
        [frozenset(approval.roles) for approval in approvals],
    )
    if missing or roles:
        change.set_status(row, SectionStatus.SUBMITTED)
        return
    row.approved_at = change.at
    change.set_status(row, section_after("section.approve", row.status), "approved_at")
    change.record("system:section:complete", f"{row.section.title} has all its approvals", section=row.slug)
