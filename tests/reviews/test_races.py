"""Races on PostgreSQL with real threads: none may lose a write or leave an approval on unseen content."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from readiness.accounts.rights import actor_of
from readiness.errors import DomainError
from reviews import events
from reviews.actions.answers import Said, save_answer
from reviews.actions.reviews import start_review
from reviews.actions.sections import approve_section, submit_section
from reviews.actions.sign_off import review_digest, sign_off
from reviews.models import Answer, AnswerRevision, Review, Service, SignOff, Snapshot
from reviews.queries.sheet import load_review_sheets
from tests.cast import Cast
from tests.reviews.builders import (
    answer_all,
    approve_all,
    make_review,
    make_service,
    make_version,
    section,
    seen,
)

pytestmark = pytest.mark.django_db(transaction=True)


def together(*acts: Callable[[], Any]) -> list[Any]:
    """Run `acts` in threads that start at one barrier; return results or domain errors, in order."""
    barrier = threading.Barrier(len(acts))
    results: list[Any] = [None] * len(acts)

    def run(place: int, act: Callable[[], Any]) -> None:
        try:
            barrier.wait(5)
            results[place] = act()
        except DomainError as error:
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return results


@pytest.fixture
def review(cast: Cast, transactional_db: None) -> Review:
    """A review of one section with two items."""
    return make_review(actor_of(cast.member), make_service(cast.team, cast.owner), make_version("race", 1, 2))


def test_two_saves_of_one_answer_lose_nothing(cast: Cast, review: Review) -> None:
    """One wins; the other is told and gets the winner's text."""
    results = together(
        lambda: save_answer(actor_of(cast.member), review.pk, "item-1-1", Said("met", note="a"), 0),
        lambda: save_answer(actor_of(cast.owner), review.pk, "item-1-1", Said("met", note="b"), 0),
    )
    errors = [result for result in results if isinstance(result, DomainError)]
    assert len(errors) == 1
    stored = Answer.objects.get(review=review, item__slug="item-1-1")
    assert errors[0].current.note == stored.note  # type: ignore[attr-defined]
    assert AnswerRevision.objects.filter(answer=stored).count() == stored.revision == 1


def test_saves_of_many_answers_at_once_all_count(cast: Cast, review: Review) -> None:
    """The figures, the revision and the chain have every one of them."""
    together(
        *[
            lambda slug=slug: save_answer(actor_of(cast.member), review.pk, slug, Said("met"), 0)
            for slug in ("item-1-1", "item-1-2")
        ]
    )
    assert section(review).answered == 2
    assert events.verify_all()[1] == []


def test_an_approval_and_an_edit_at_once_never_leave_it_on_unseen_content(cast: Cast, review: Review) -> None:
    """Either the approval is refused, or the edit makes it stale."""
    answer_all(actor_of(cast.member), review)
    submit_section(actor_of(cast.member), section(review))
    row, digest = section(review), seen(section(review))
    together(
        lambda: approve_section(actor_of(cast.reviewer), row, digest),
        lambda: save_answer(actor_of(cast.member), review.pk, "item-1-1", Said("met", note="new"), 1),
    )
    standing = section(review).approvals.filter(stale_at__isnull=True)
    assert not standing.exists()
    assert section(review).status != "approved"


def test_the_same_reviewer_twice_at_once_approves_once(cast: Cast, review: Review) -> None:
    """A double click is one approval."""
    answer_all(actor_of(cast.member), review)
    submit_section(actor_of(cast.member), section(review))
    row, digest = section(review), seen(section(review))
    together(*[lambda: approve_section(actor_of(cast.reviewer), row, digest)] * 2)
    assert section(review).approvals.count() == 1


def test_two_sign_offs_at_once_make_one_snapshot(cast: Cast, review: Review) -> None:
    """The second is told that it is done."""
    answer_all(actor_of(cast.member), review)
    approve_all(cast.member, cast.reviewer, review)
    digest = review_digest(load_review_sheets(review))
    results = together(
        *[lambda: sign_off(actor_of(cast.accountable), review.pk, ready=True, note="", seen_digest=digest)]
        * 2
    )
    assert sum(isinstance(result, SignOff) for result in results) == 1
    assert Snapshot.objects.count() == 1


def test_a_sign_off_and_an_edit_at_once_never_sign_unseen_content(cast: Cast, review: Review) -> None:
    """Either it is signed as seen and the edit refused, or the edit stands and nothing is signed."""
    answer_all(actor_of(cast.member), review)
    approve_all(cast.member, cast.reviewer, review)
    digest = review_digest(load_review_sheets(review))
    together(
        lambda: sign_off(actor_of(cast.accountable), review.pk, ready=True, note="", seen_digest=digest),
        lambda: save_answer(actor_of(cast.member), review.pk, "item-1-1", Said("met", note="new"), 1),
    )
    edited = Answer.objects.get(review=review, item__slug="item-1-1").note == "new"
    assert edited != SignOff.objects.filter(review=review).exists()


def test_two_starts_at_once_open_one_review(cast: Cast, transactional_db: None) -> None:
    """At most one open review of a service and a checklist."""
    service: Service = make_service(cast.team, cast.owner)
    make_version("race", 1, 1)
    together(*[lambda: start_review(actor_of(cast.member), service.pk, "race", {})] * 2)
    assert Review.objects.filter(service=service).count() == 1
