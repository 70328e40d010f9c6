"""Which open reviews wait for somebody, as queries over review ids: nothing is run here, and none grows."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet

from readiness.accounts.rights import Actor
from reviews.models import AnswerRevision, Approval, Review, ReviewSection, Waiver
from reviews.states import OPEN_REVIEW, SectionStatus, WaiverStatus

_FOR_TEAM = (SectionStatus.OPEN, SectionStatus.CHANGES_REQUESTED)
_FOR_REVIEWERS = (SectionStatus.SUBMITTED, SectionStatus.STALE)


def waiting_for(actor: Actor) -> Q | None:
    """The condition on a Review that it waits for `actor`, in any role; None when it never can."""
    parts = []
    if actor.member_team_ids:
        sections = ReviewSection.objects.filter(review=OuterRef("pk"), status__in=_FOR_TEAM)
        parts.append(Q(Exists(sections), service__team_id__in=actor.member_team_ids))
    if actor.is_reviewer:
        parts.append(Q(pk__in=sections_to_approve(actor).values("review_id")))
    if actor.is_accountable:
        sections = ReviewSection.objects.filter(review=OuterRef("pk"))
        parts.append(~Q(Exists(sections.exclude(status=SectionStatus.APPROVED))))
    if not parts:
        return None
    return Q(*parts, _connector=Q.OR)


def reviews_waiting_for(actor: Actor) -> QuerySet[Review]:
    """Open reviews that wait for `actor`: to answer, to approve or to sign off."""
    waits = waiting_for(actor)
    if waits is None:
        return Review.objects.none()
    return Review.objects.filter(waits, status__in=OPEN_REVIEW)


def sections_to_approve(actor: Actor) -> QuerySet[ReviewSection]:
    """Sections of open reviews that `actor` could approve now: in order, in role, and not their own work."""
    earlier = ReviewSection.objects.filter(
        review=OuterRef("review_id"), position__lt=OuterRef("position")
    ).exclude(status=SectionStatus.APPROVED)
    lifted = Waiver.objects.filter(section=OuterRef("pk"), answer__isnull=True, status=WaiverStatus.GRANTED)
    given = Approval.objects.filter(section=OuterRef("pk"), reviewer=actor.id, stale_at__isnull=True)
    wrote = AnswerRevision.objects.filter(section=OuterRef("pk"), author=actor.id)
    return ReviewSection.objects.filter(
        Q(section__reviewer_roles__overlap=sorted(actor.reviewer_roles)) | Q(section__reviewer_roles=[]),
        ~Exists(earlier) | Exists(lifted),
        ~Exists(given),
        ~Exists(wrote),
        status__in=_FOR_REVIEWERS,
        review__status__in=OPEN_REVIEW,
    )
