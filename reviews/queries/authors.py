"""Who wrote what: the people who may not approve it."""

from __future__ import annotations

from django.db.models import Q

from reviews.models import AnswerRevision, Evidence, Finding, Waiver


def section_authors(section_id: int) -> frozenset[int]:
    """User ids of all who wrote, proved, asked for a waiver or fixed a finding there. One query."""
    return _people(Q(answer__section_id=section_id), Q(section_id=section_id))


def answer_authors(answer_id: int) -> frozenset[int]:
    """User ids of all who ever wrote the answer, added its evidence or asked for its waiver. One query."""
    return _people(Q(answer_id=answer_id), Q(answer_id=answer_id))


def review_authors(review_id: int) -> frozenset[int]:
    """User ids of all who wrote any part of the review. One query."""
    return _people(Q(answer__review_id=review_id), Q(review_id=review_id))


def _people(of_answer: Q, of_waiver: Q) -> frozenset[int]:
    # Evidence that a probe made is nobody's own work, whoever pressed the button.
    wrote = AnswerRevision.objects.filter(of_answer, author__isnull=False).values_list("author_id")
    proved = Evidence.objects.filter(of_answer, added_by__isnull=False, probe_run__isnull=True)
    asked = Waiver.objects.filter(of_waiver).values_list("requested_by_id")
    fixed = Finding.objects.filter(of_waiver, fixed_by__isnull=False).values_list("fixed_by_id")
    return frozenset(row[0] for row in wrote.union(proved.values_list("added_by_id"), asked, fixed))
