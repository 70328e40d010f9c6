"""The life of a review, through the actions."""

from __future__ import annotations

import pytest

from readiness.accounts.rights import actor_of
from readiness.errors import Conflict, Invalid, Refused, WrongState
from reviews import events
from reviews.actions.answers import Said, save_answer
from reviews.actions.reviews import start_review, withdraw_review
from reviews.actions.sections import approve_section, request_changes, submit_section
from reviews.actions.sign_off import review_digest, sign_off
from reviews.models import Answer, Event, Packet, Review, Snapshot
from reviews.packets import schema
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


@pytest.fixture
def review(cast: Cast) -> Review:
    """A fresh review of two sections with two items each."""
    return make_review(actor_of(cast.member), make_service(cast.team, cast.owner))


def test_a_whole_review_ends_in_a_snapshot_that_parses(cast: Cast, review: Review) -> None:
    """Answer, submit, approve in order, sign off: the snapshot holds it all and the chain verifies."""
    answer_all(actor_of(cast.member), review)
    approve_all(cast.member, cast.reviewer, review)
    digest = review_digest(load_review_sheets(review))
    row = sign_off(actor_of(cast.accountable), review.pk, ready=True, note="Go.", seen_digest=digest)
    review.refresh_from_db()
    assert (review.status, row.verdict) == ("signed_off", "ready")
    snapshot = Snapshot.objects.get(review=review)
    content = bytes(snapshot.content)
    assert schema.content_hash(content) == snapshot.sha256
    parsed = schema.parse(content)
    assert [item.state for part in parsed.sections for item in part.items] == ["met"] * 4
    assert parsed.sections[0].approvals[0].by == "Rita Reviewer"
    assert parsed.events.entries[-1].hash == parsed.events.head
    assert Packet.objects.get(snapshot=snapshot).status == "queued"
    _, breaks = events.verify_all()
    assert breaks == []


def test_only_one_open_review_per_service_and_checklist(cast: Cast, review: Review) -> None:
    """A second start is refused until the first has ended."""
    with pytest.raises(WrongState, match="still open"):
        start_review(actor_of(cast.member), review.service_id, "small", {})
    withdraw_review(actor_of(cast.owner), review.pk, "Started by mistake")
    assert start_review(actor_of(cast.member), review.service_id, "small", {}).number == 2


def test_a_stale_revision_is_a_conflict_and_loses_nothing(cast: Cast, review: Review) -> None:
    """The second of two saves gets the stored answer to compare with, and the first stays."""
    save_answer(actor_of(cast.member), review.pk, "item-1-1", Said("met", note="mine"), 0)
    with pytest.raises(Conflict) as caught:
        save_answer(actor_of(cast.owner), review.pk, "item-1-1", Said("not_met", note="other"), 0)
    assert caught.value.current.note == "mine"
    assert Answer.objects.get(review=review, item__slug="item-1-1").state == "met"


def test_repeating_a_save_whose_reply_was_lost_is_no_conflict(cast: Cast, review: Review) -> None:
    """The same text with the old revision answers with what is stored."""
    said = Said("met", note="mine")
    first = save_answer(actor_of(cast.member), review.pk, "item-1-1", said, 0)
    again = save_answer(actor_of(cast.member), review.pk, "item-1-1", said, 0)
    assert again.revision == first.revision == 1


@pytest.mark.parametrize(
    ("said", "field"),
    [
        (Said("not_applicable"), "reason"),
        (Said("waived"), "state"),
        (Said("nonsense"), "state"),
        (Said("deferred", reason="later", trigger="soon"), "state"),
        (Said("met", note="x" * 100_000), "note"),
        (Said("met", note="a\x00b"), "note"),
    ],
)
def test_an_answer_that_cannot_be_taken_names_its_field(
    cast: Cast, review: Review, said: Said, field: str
) -> None:
    """Nothing is written, and the error says where."""
    with pytest.raises(Invalid) as caught:
        save_answer(actor_of(cast.member), review.pk, "item-1-1", said, 0)
    assert field in caught.value.fields
    assert Answer.objects.get(review=review, item__slug="item-1-1").revision == 0


def test_a_section_with_an_unanswered_item_is_not_submitted(cast: Cast, review: Review) -> None:
    """The error names the item."""
    save_answer(actor_of(cast.member), review.pk, "item-1-1", Said("met"), 0)
    with pytest.raises(WrongState, match=r"Item 1\.2: Not answered yet"):
        submit_section(actor_of(cast.member), section(review))


def test_sections_are_approved_in_order(cast: Cast, review: Review) -> None:
    """The second cannot be approved before the first."""
    answer_all(actor_of(cast.member), review)
    submit_section(actor_of(cast.member), section(review, 2))
    with pytest.raises(WrongState, match="Section 1 comes first"):
        approve_section(actor_of(cast.reviewer), section(review, 2), seen(section(review, 2)))


def test_nobody_approves_a_section_that_they_wrote(cast: Cast, review: Review) -> None:
    """Not even with the reviewer role."""
    cast.member.reviewer_roles = ["sre"]
    cast.member.save()
    answer_all(actor_of(cast.member), review, 1)
    submit_section(actor_of(cast.member), section(review))
    with pytest.raises(Refused, match="You wrote part of this section"):
        approve_section(actor_of(cast.member), section(review), seen(section(review)))


def test_a_change_after_approval_makes_it_stale_and_approving_again_heals(cast: Cast, review: Review) -> None:
    """The approval is bound to what the reviewer saw."""
    answer_all(actor_of(cast.member), review, 1)
    submit_section(actor_of(cast.member), section(review))
    approve_section(actor_of(cast.reviewer), section(review), seen(section(review)))
    assert section(review).status == "approved"
    save_answer(actor_of(cast.member), review.pk, "item-1-1", Said("met", note="more"), 1)
    assert section(review).status == "stale"
    assert section(review).approvals.get().stale_at is not None
    approve_section(actor_of(cast.reviewer), section(review), seen(section(review)))
    assert section(review).status == "approved"


def test_approving_content_that_changed_since_is_a_conflict(cast: Cast, review: Review) -> None:
    """The reviewer sees what changed and nothing is approved."""
    answer_all(actor_of(cast.member), review, 1)
    submit_section(actor_of(cast.member), section(review))
    old = seen(section(review))
    save_answer(actor_of(cast.member), review.pk, "item-1-1", Said("met", note="more"), 1)
    with pytest.raises(Conflict):
        approve_section(actor_of(cast.reviewer), section(review), old)
    assert not section(review).approvals.exists()


def test_requested_changes_reopen_the_section(cast: Cast, review: Review) -> None:
    """The review says so too, until the team submits again."""
    answer_all(actor_of(cast.member), review, 1)
    submit_section(actor_of(cast.member), section(review))
    request_changes(actor_of(cast.reviewer), section(review), "Show the dashboard", "item-1-1")
    review.refresh_from_db()
    assert (section(review).status, review.status) == ("changes_requested", "changes_requested")
    submit_section(actor_of(cast.member), section(review))
    review.refresh_from_db()
    assert review.status == "in_review"
    assert section(review).change_requests.get().resolved_at is not None


def test_sign_off_needs_every_section_and_another_person(cast: Cast, review: Review) -> None:
    """Not before the last approval, and not by somebody who wrote any of it."""
    answer_all(actor_of(cast.member), review)
    digest = review_digest(load_review_sheets(review))
    with pytest.raises(WrongState, match="Section 1 is not approved"):
        sign_off(actor_of(cast.accountable), review.pk, ready=True, note="", seen_digest=digest)
    cast.member.is_accountable = True
    cast.member.save()
    approve_all(cast.member, cast.reviewer, review)
    with pytest.raises(Refused, match="You wrote part of this review"):
        sign_off(actor_of(cast.member), review.pk, ready=True, note="", seen_digest=digest)


def test_the_next_review_carries_answers_over_to_confirm(cast: Cast, review: Review) -> None:
    """They do not count as answered until somebody confirms them."""
    answer_all(actor_of(cast.member), review)
    approve_all(cast.member, cast.reviewer, review)
    digest = review_digest(load_review_sheets(review))
    sign_off(actor_of(cast.accountable), review.pk, ready=True, note="", seen_digest=digest)
    following = start_review(actor_of(cast.member), review.service_id, "small", {})
    assert section(following).answered == 0
    row = Answer.objects.get(review=following, item__slug="item-1-1")
    assert (row.state, row.to_confirm) == ("met", True)
    save_answer(actor_of(cast.member), following.pk, "item-1-1", Said("met"), 0)
    assert section(following).answered == 1


def test_the_record_shows_a_changed_event(cast: Cast, review: Review) -> None:
    """The database refuses to change an event; one changed behind its back breaks the chain."""
    answer_all(actor_of(cast.member), review, 1)
    event = Event.objects.filter(review=review).order_by("seq")[1]
    event.summary = "Nothing happened"
    assert events.hash_of(event) != event.hash


def test_facts_decide_what_applies(cast: Cast) -> None:
    """An item whose rule does not hold takes no answer and does not stand in the way."""
    version = make_version("ruled", 1, 1, applies_when={"fact": "runs_containers", "is": True})
    review = start_review(
        actor_of(cast.member),
        make_service(cast.team, cast.owner).pk,
        version.checklist.slug,
        {"runs_containers": False},
    )
    assert section(review).applicable == 0
    with pytest.raises(Invalid, match="does not apply"):
        save_answer(actor_of(cast.member), review.pk, "item-1-1", Said("met"), 0)
