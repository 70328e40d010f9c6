"""Who wrote what: the people who may not approve it."""

from __future__ import annotations

from django.db.models import F, Func, IntegerField, Q

from reviews.models import Answer, AnswerRevision, Evidence, Finding, Waiver


def section_authors(section_id: int) -> frozenset[int]:
    """User ids of all who wrote, proved, asked for a waiver or fixed a finding there. One query."""
    return _people(Q(section_id=section_id), Q(answer__section_id=section_id), Q(section_id=section_id))


def answer_authors(answer_id: int) -> frozenset[int]:
    """User ids of all who ever wrote the answer, added its evidence or asked for its waiver. One query."""
    return _people(Q(pk=answer_id), Q(answer_id=answer_id), Q(answer_id=answer_id))


def review_authors(review_id: int) -> frozenset[int]:
    """User ids of all who wrote any part of the review. One query."""
    return _people(Q(review_id=review_id), Q(answer__review_id=review_id), Q(review_id=review_id))


def _people(answers: Q, of_answer: Q, of_waiver: Q) -> frozenset[int]:
    wrote = AnswerRevision.objects.filter(of_answer, author__isnull=False).values_list("author_id")
    shaped = Answer.objects.filter(answers, shaped_by__len__gt=0).annotate(
        person=Func(F("shaped_by"), function="unnest", output_field=IntegerField())
    )
    # Evidence that a probe made is nobody's own work, whoever pressed the button.
    proved = Evidence.objects.filter(of_answer, added_by__isnull=False, probe_run__isnull=True)
    # Taking a proof away is work on the section as much as adding one.
    withdrew = Evidence.objects.filter(of_answer, ended_by__isnull=False, superseded_by__isnull=True)
    asked = Waiver.objects.filter(of_waiver).values_list("requested_by_id")
    fixed = Finding.objects.filter(of_waiver, fixed_by__isnull=False).values_list("fixed_by_id")
    people = wrote.union(
        shaped.values_list("person"),
        proved.values_list("added_by_id"),
        withdrew.values_list("ended_by_id"),
        asked,
        fixed,
    )
    return frozenset(row[0] for row in people)
