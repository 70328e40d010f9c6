"""Open reviews as the plan of a move sees them: a fixed number of queries for any number of reviews."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone

from checklist.draft_queries import latest_published
from checklist.models import ChecklistVersion
from reviews.models import Answer, Approval, Drill, Finding, Review, ReviewSection, Waiver
from reviews.moving import AnswerNow, Held, Plan, ReviewNow, SectionNow, Target, plan_move
from reviews.queries.sheet import LIVE_WAIVER
from reviews.states import OPEN_DRILL, OPEN_REVIEW, FindingStatus


def open_reviews(checklist_slug: str) -> QuerySet[Review]:
    """The open reviews over any version of a checklist."""
    rows = Review.objects.select_related("service", "version", "checklist")
    return rows.filter(checklist__slug=checklist_slug, status__in=OPEN_REVIEW).order_by("service__name", "id")


def newer_version(review: Review) -> ChecklistVersion | None:
    """The latest version of an open review's checklist, if it is not the review's own. One query at most."""
    if not review.is_open:
        return None
    latest = latest_published(review.checklist.slug)
    return None if latest is None or latest.pk == review.version_id else latest


def plan_moves(reviews: Iterable[Review], target: Target, now: datetime | None = None) -> list[Plan]:
    """Plan the move of each review to `target`, in the order given."""
    moment = now or timezone.now()
    return [plan_move(each, target, moment) for each in load_reviews(list(reviews))]


def load_reviews(reviews: list[Review]) -> list[ReviewNow]:
    """What the plan needs of each review: six queries."""
    ids = [review.pk for review in reviews]
    standing: dict[int, list[str]] = defaultdict(list)
    approvals = Approval.objects.filter(section__review_id__in=ids, stale_at__isnull=True)
    for approval in approvals.select_related("reviewer"):
        standing[approval.section_id].append(str(approval.reviewer))
    sections: dict[int, list[SectionNow]] = defaultdict(list)
    rows = ReviewSection.objects.filter(review_id__in=ids).select_related("section")
    for row in rows.order_by("position"):
        sections[row.review_id].append(SectionNow(row.section, row.status, tuple(standing[row.pk])))
    answers: dict[int, dict[str, AnswerNow]] = defaultdict(dict)
    for answer in _answers(ids):
        answers[answer.review_id][answer.item.slug] = AnswerNow(
            item=answer.item,
            section=answer.section.slug,
            state=answer.state,
            applicable=answer.applicable,
            to_confirm=answer.to_confirm,
            note=answer.note,
            data=answer.data,
            judgement=answer.judgement,
        )
    held = _held(ids)
    return [
        ReviewNow(
            pk=review.pk,
            label=f"{review.service.name}, review {review.number}",
            url=review.get_absolute_url(),
            version=review.version.number,
            facts=review.facts,
            sections=sections[review.pk],
            answers=answers[review.pk],
            held=held[review.pk],
        )
        for review in reviews
    ]


def _answers(ids: list[int]) -> QuerySet[Answer]:
    rows = Answer.objects.filter(review_id__in=ids).select_related("item", "section")
    return rows.order_by("section__position", "item__position")


def _held(ids: list[int]) -> dict[int, list[Held]]:
    """Live waivers, open findings and open drills of each review."""
    held: dict[int, list[Held]] = defaultdict(list)
    waivers = Waiver.objects.filter(review_id__in=ids, status__in=LIVE_WAIVER)
    for waiver in waivers.select_related("section", "answer__item"):
        item = waiver.answer.item if waiver.answer else None
        title = item.title if item else "Approval out of order"
        slug = item.slug if item else ""
        held[waiver.review_id].append(Held(waiver.pk, "waiver", title, waiver.section.slug, slug))
    findings = Finding.objects.filter(review_id__in=ids).exclude(status=FindingStatus.VERIFIED)
    for finding in findings.select_related("section", "answer__item"):
        slug = finding.answer.item.slug if finding.answer else ""
        held[finding.review_id].append(Held(finding.pk, "finding", finding.title, finding.section.slug, slug))
    drills = Drill.objects.filter(review_id__in=ids, status__in=sorted(OPEN_DRILL))
    for drill in drills.select_related("answer__item", "answer__section"):
        item = drill.answer.item
        held[drill.review_id].append(
            Held(drill.pk, "drill", item.title, drill.answer.section.slug, item.slug)
        )
    return held


def orphaned_answers(review: Review) -> QuerySet[Answer]:
    """Answers to items that the review's version does not ask any more, the latest first."""
    rows = Answer.everything.filter(review=review, orphaned_at__isnull=False)
    return (
        rows.select_related("item", "answered_by").prefetch_related("evidence").order_by("-orphaned_at", "id")
    )
