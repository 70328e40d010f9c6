"""Nobody approves their own work, whichever way it came into the section."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from checklist.probes.base import Outcome
from readiness.accounts.models import User
from readiness.accounts.rights import Actor, actor_of
from readiness.errors import Conflict, Invalid, Refused, WrongState
from reviews.actions.answers import Said, confirm_answer, save_answer
from reviews.actions.evidence import About, add_link, withdraw
from reviews.actions.reviews import change_facts, start_review
from reviews.actions.rulings import make_ruling
from reviews.actions.sections import approve_section, submit_section
from reviews.actions.sign_off import review_digest, sign_off
from reviews.actions.waivers import decide_waiver, request_waiver, withdraw_waiver
from reviews.models import Answer, Review
from reviews.queries.content import digest_of
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
from tests.reviews.test_probe_runs import PROBE, URL, run_once

TODAY = timezone.localdate


@pytest.fixture
def review(cast: Cast) -> Review:
    return make_review(actor_of(cast.member), make_service(cast.team, cast.owner))


def made_reviewer(user: User) -> Actor:
    """The same person, now with reviewer roles."""
    user.reviewer_roles = ["sre", "security", "platform"]
    user.save()
    return actor_of(User.objects.get(pk=user.pk))


def approve(actor: Actor, review: Review, position: int = 1) -> None:
    row = section(review, position)
    approve_section(actor, row, seen(row))


def test_a_carried_text_stays_the_work_of_who_wrote_it(cast: Cast, review: Review) -> None:
    """Even after a colleague confirmed it, and in the review after that."""
    answer_all(actor_of(cast.member), review)
    for _ in range(2):
        approve_all(cast.owner, cast.reviewer, review)
        digest = review_digest(load_review_sheets(review))
        sign_off(actor_of(cast.accountable), review.pk, ready=True, note="", seen_digest=digest)
        review = start_review(actor_of(cast.owner), review.service_id, "small", {})
        for answer in review.answers.select_related("item"):
            confirm_answer(actor_of(cast.owner), review.pk, answer.item.slug, answer.revision)
    submit_section(actor_of(cast.owner), section(review))
    with pytest.raises(Refused, match="You wrote part"):
        approve(made_reviewer(cast.member), review)
    approve(actor_of(cast.reviewer), review)


def test_who_makes_an_item_apply_or_not_does_not_approve_its_section(cast: Cast) -> None:
    version = make_version("ruled", 1, 2, applies_when={"fact": "runs_containers", "is": True})
    service = make_service(cast.team, cast.owner)
    review = start_review(
        actor_of(cast.owner), service.pk, version.checklist.slug, {"runs_containers": False}
    )
    change_facts(actor_of(cast.member), review.pk, {"runs_containers": True})
    answer_all(actor_of(cast.owner), review)
    submit_section(actor_of(cast.owner), section(review))
    with pytest.raises(Refused, match="You wrote part"):
        approve(made_reviewer(cast.member), review)


def test_who_takes_a_proof_away_does_not_approve_its_section(cast: Cast, review: Review) -> None:
    answer_all(actor_of(cast.owner), review, 1)
    about = About(title="Log", observed_on=TODAY())
    row = add_link(actor_of(cast.owner), review.pk, "item-1-1", "https://example.com/log", about)
    withdraw(actor_of(cast.member), review.pk, row.pk)
    submit_section(actor_of(cast.owner), section(review))
    with pytest.raises(Refused, match="You wrote part"):
        approve(made_reviewer(cast.member), review)


def test_taking_the_waiver_of_the_order_back_makes_the_approval_stale(cast: Cast, review: Review) -> None:
    answer_all(actor_of(cast.member), review, 2)
    submit_section(actor_of(cast.member), section(review, 2))
    waiver = request_waiver(
        actor_of(cast.member),
        section(review, 2),
        reason="The auditor comes first",
        compensating_control="Watched by hand",
        expires_on=TODAY() + timedelta(days=10),
    )
    decide_waiver(actor_of(cast.accountable), waiver.pk, grant=True)
    approve(actor_of(cast.reviewer), review, 2)
    assert section(review, 2).status == "approved"
    withdraw_waiver(actor_of(cast.member), waiver.pk)
    assert section(review, 2).status == "stale"


def test_a_change_before_the_first_approval_is_shown(cast: Cast, review: Review) -> None:
    answer_all(actor_of(cast.member), review, 1)
    submit_section(actor_of(cast.member), section(review))
    looked_at = seen(section(review))
    save_answer(actor_of(cast.member), review.pk, "item-1-2", Said("met", note="Another text"), 1)
    with pytest.raises(Conflict, match="Look at the changes") as caught:
        approve_section(actor_of(cast.reviewer), section(review), looked_at)
    assert [(each.item, each.field, each.after) for each in caught.value.current] == [
        ("item-1-2", "note", "Another text")
    ]
    looked_at = seen(section(review))
    save_answer(actor_of(cast.member), review.pk, "item-1-1", Said("met", note="A third"), 1)
    with pytest.raises(Conflict, match="Look at the changes") as caught:
        approve_section(actor_of(cast.reviewer), section(review), looked_at)
    assert [each.item for each in caught.value.current] == ["item-1-1"]
    with pytest.raises(Conflict, match="Read it again"):
        approve_section(actor_of(cast.reviewer), section(review), "0" * 64)


def test_facts_that_somebody_corrected_meanwhile_are_not_overwritten(cast: Cast, review: Review) -> None:
    opened = digest_of(review.facts)
    change_facts(actor_of(cast.owner), review.pk, {"regulated": True}, seen=opened)
    with pytest.raises(Conflict) as caught:
        change_facts(actor_of(cast.member), review.pk, {"team_size": 7}, seen=opened)
    assert caught.value.current["regulated"] is True
    stored = Review.objects.get(pk=review.pk).facts
    assert stored["regulated"] is True
    change_facts(actor_of(cast.member), review.pk, {**stored, "team_size": 7}, seen=digest_of(stored))


@pytest.mark.parametrize("day", ["31/02/2026", "2026-13-45", "2099-01-01", "yesterday", "2026-02-30"])
def test_a_day_of_measuring_that_is_none_is_refused(cast: Cast, day: str) -> None:
    version = make_version("measured", 1, 1, kind="measure", spec={"unit": "people", "direction": "record"})
    review = make_review(actor_of(cast.member), make_service(cast.team, cast.owner), version)
    said = Said("", data={"number": "5", "measured_on": day})
    with pytest.raises(Invalid) as caught:
        save_answer(actor_of(cast.member), review.pk, "item-1-1", said, 0)
    assert "measured_on" in caught.value.fields
    assert Answer.objects.get(review=review).data == {}


def test_ruling_twice_is_refused(cast: Cast) -> None:
    service = make_service(cast.team, cast.owner, health_url=URL)
    review = make_review(actor_of(cast.member), service, make_version(probes=[PROBE]))
    save_answer(actor_of(cast.member), review.pk, "item-1-1", Said(state="met"), 0)
    run_once(actor_of(cast.member), review, Outcome.FAIL)
    answer = review.answers.get(item__slug="item-1-1")
    make_ruling(actor_of(cast.reviewer), answer, PROBE, "person", "Seen it work.")
    with pytest.raises(WrongState, match="ruled on already"):
        make_ruling(actor_of(cast.reviewer), answer, PROBE, "probe", "Or not.")
