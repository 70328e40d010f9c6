"""Carry the last review's answers over into a new one, as drafts to confirm."""

from __future__ import annotations

from collections import defaultdict

from django.db.models import Q
from django.utils import timezone

from reviews.models import Answer, AnswerRevision, Evidence, Review
from reviews.states import AnswerState

# A waiver is a decision for one review: its item starts again as not met.
_CARRIED_AS = {AnswerState.WAIVED.value: AnswerState.NOT_MET.value}


def carry_over(review: Review) -> int:
    """Copy answers by item slug from `review.previous`, each to be confirmed, with evidence still fresh.

    Returns how many answers were carried. Called inside the transaction that creates the review.
    """
    assert review.previous is not None  # noqa: S101  # the caller checked; keeps the types honest
    old = {
        answer.item.slug: answer
        for answer in review.previous.answers.select_related("item").exclude(state=AnswerState.UNANSWERED)
    }
    writers = _writers(list(old.values()))
    carried = []
    for answer in review.answers.select_related("item"):
        before = old.get(answer.item.slug)
        if before is None or before.item.kind != answer.item.kind or not answer.applicable:
            continue
        answer.state = _CARRIED_AS.get(before.state, before.state)
        answer.note, answer.reason, answer.trigger = before.note, before.reason, before.trigger
        answer.data, answer.judgement = before.data, before.judgement
        answer.answered_by_id, answer.answered_at = before.answered_by_id, before.answered_at
        answer.to_confirm = True
        answer.shaped_by = sorted(writers[before.pk] | set(before.shaped_by))
        carried.append((answer, before))
    Answer.objects.bulk_update(
        [answer for answer, _ in carried],
        [
            "state",
            "note",
            "reason",
            "trigger",
            "data",
            "judgement",
            "answered_by",
            "answered_at",
            "to_confirm",
            "shaped_by",
        ],
    )
    _carry_evidence(review, carried)
    return len(carried)


def _writers(answers: list[Answer]) -> dict[int, set[int]]:
    """Who wrote each of the answers: confirming a carried text does not make it somebody else's work."""
    found: dict[int, set[int]] = defaultdict(set)
    revisions = AnswerRevision.objects.filter(answer__in=answers, author__isnull=False)
    for answer_id, author_id in revisions.values_list("answer_id", "author_id").distinct():
        found[answer_id].add(author_id)
    return found


def _carry_evidence(review: Review, carried: list[tuple[Answer, Answer]]) -> None:
    fresh = Evidence.objects.filter(
        Q(valid_until__isnull=True) | Q(valid_until__gte=timezone.localdate()),
        answer_id__in=[before.pk for _, before in carried],
        ended_at__isnull=True,
    )
    by_answer = defaultdict(list)
    for row in fresh:
        by_answer[row.answer_id].append(row)
    copies = []
    for answer, before in carried:
        for row in by_answer[before.pk]:
            origin = row.pk
            row.pk, row._state.adding = None, True  # noqa: SLF001  # Django's documented way to copy a row
            row.review, row.answer, row.carried_from_id = review, answer, origin
            copies.append(row)
    Evidence.objects.bulk_create(copies)
