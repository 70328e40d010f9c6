"""Waivers, findings and items that follow another inventory, through the actions."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from checklist.models import Checklist, ChecklistVersion, Item, Section
from readiness.accounts.models import User
from readiness.accounts.rights import actor_of
from readiness.errors import Invalid, Refused, WrongState
from reviews.actions.answers import Said, save_answer
from reviews.actions.findings import fix_finding, raise_finding, verify_finding
from reviews.actions.sections import approve_section, submit_section
from reviews.actions.sign_off import review_digest, sign_off
from reviews.actions.waivers import decide_waiver, expire_waiver, request_waiver, withdraw_waiver
from reviews.models import Answer, Review, SignOff, Waiver
from reviews.queries.sheet import load_review_sheets
from reviews.tasks import expire_waivers
from tests.cast import Cast
from tests.reviews.builders import answer_all, make_review, make_service, make_version, section, seen


@pytest.fixture
def review(cast: Cast) -> Review:
    """A review of two sections with two items each."""
    return make_review(actor_of(cast.member), make_service(cast.team, cast.owner))


def ask(
    cast: Cast, review: Review, item: str | None = "item-1-1", days: int = 10, position: int = 1
) -> Waiver:
    """Ask for a waiver as the member."""
    return request_waiver(
        actor_of(cast.member),
        section(review, position),
        reason="Lands next month",
        compensating_control="We watch it by hand",
        expires_on=timezone.localdate() + timedelta(days=days),
        item_slug=item,
    )


def stored(review: Review, slug: str = "item-1-1") -> Answer:
    """The answer as it is stored now."""
    return Answer.objects.get(review=review, item__slug=slug)


def not_met(cast: Cast, review: Review) -> None:
    """Answer the first item as not met."""
    save_answer(actor_of(cast.member), review.pk, "item-1-1", Said("not_met"), 0)


def test_a_granted_waiver_lets_the_section_pass_but_never_counts_as_met(cast: Cast, review: Review) -> None:
    """The item reads waived, the verdict reads ready with waivers."""
    not_met(cast, review)
    waiver = ask(cast, review)
    decide_waiver(actor_of(cast.accountable), waiver.pk, grant=True)
    assert stored(review).state == "waived"
    save_answer(actor_of(cast.member), review.pk, "item-1-2", Said("met"), 0)
    answer_all(actor_of(cast.member), review, 2)
    for position in (1, 2):
        submit_section(actor_of(cast.member), section(review, position))
        approve_section(actor_of(cast.reviewer), section(review, position), seen(section(review, position)))
    digest = review_digest(load_review_sheets(review))
    row = sign_off(actor_of(cast.accountable), review.pk, ready=True, note="", seen_digest=digest)
    assert row.verdict == "ready_with_waivers"


@pytest.mark.parametrize("days", [-1, 0, 181])
def test_a_waiver_ends_after_today_and_within_180_days(cast: Cast, review: Review, days: int) -> None:
    """A bad end names its field."""
    not_met(cast, review)
    with pytest.raises(Invalid) as caught:
        ask(cast, review, days=days)
    assert "expires_on" in caught.value.fields


def test_only_an_item_that_is_not_met_can_be_waived(cast: Cast, review: Review) -> None:
    """An unanswered one is answered first."""
    with pytest.raises(WrongState, match="Answer it first"):
        ask(cast, review)


def test_nobody_grants_their_own_waiver(cast: Cast, review: Review) -> None:
    """Not even an accountable member of the team."""
    User.objects.filter(pk=cast.member.pk).update(is_accountable=True)
    not_met(cast, review)
    waiver = ask(cast, review)
    with pytest.raises(Refused, match=r"yourself|wrote this answer"):
        decide_waiver(actor_of(User.objects.get(pk=cast.member.pk)), waiver.pk, grant=True)


def test_a_refusal_needs_a_note_and_leaves_the_item_not_met(cast: Cast, review: Review) -> None:
    """The team reads why, and may ask again."""
    not_met(cast, review)
    waiver = ask(cast, review)
    with pytest.raises(Invalid):
        decide_waiver(actor_of(cast.accountable), waiver.pk, grant=False)
    decide_waiver(actor_of(cast.accountable), waiver.pk, grant=False, note="Too risky")
    assert stored(review).state == "not_met"
    ask(cast, review)


def test_an_expired_waiver_reopens_the_item_and_makes_the_approval_stale(cast: Cast, review: Review) -> None:
    """Once, however often the clock ticks."""
    not_met(cast, review)
    waiver = ask(cast, review)
    decide_waiver(actor_of(cast.accountable), waiver.pk, grant=True)
    save_answer(actor_of(cast.member), review.pk, "item-1-2", Said("met"), 0)
    submit_section(actor_of(cast.member), section(review))
    approve_section(actor_of(cast.reviewer), section(review), seen(section(review)))
    last_day = waiver.expires_on
    assert not expire_waiver(waiver.pk, last_day)
    assert expire_waiver(waiver.pk, last_day + timedelta(days=1))
    assert not expire_waiver(waiver.pk, last_day + timedelta(days=1))
    assert stored(review).state == "not_met"
    assert section(review).status == "stale"


def test_a_waiver_that_ends_after_sign_off_makes_the_sign_off_stale(cast: Cast, review: Review) -> None:
    """What was signed stays as it was signed."""
    test_a_granted_waiver_lets_the_section_pass_but_never_counts_as_met(cast, review)
    waiver = Waiver.objects.get()
    expire_waiver(waiver.pk, date(2200, 1, 1))
    assert SignOff.objects.get().stale_at is not None
    assert stored(review).state == "waived"


def test_another_answer_ends_a_waiver(cast: Cast, review: Review) -> None:
    """It does not come back by itself."""
    not_met(cast, review)
    waiver = ask(cast, review)
    decide_waiver(actor_of(cast.accountable), waiver.pk, grant=True)
    save_answer(actor_of(cast.member), review.pk, "item-1-1", Said("met"), stored(review).revision)
    waiver.refresh_from_db()
    assert waiver.status == "withdrawn"
    with pytest.raises(WrongState):
        withdraw_waiver(actor_of(cast.member), waiver.pk)


def test_a_waiver_of_the_order_lets_a_later_section_be_approved_first(cast: Cast, review: Review) -> None:
    """Only with a named person's signature."""
    answer_all(actor_of(cast.member), review, 2)
    submit_section(actor_of(cast.member), section(review, 2))
    waiver = ask(cast, review, item=None, position=2)
    with pytest.raises(WrongState):
        approve_section(actor_of(cast.reviewer), section(review, 2), seen(section(review, 2)))
    decide_waiver(actor_of(cast.accountable), waiver.pk, grant=True)
    approve_section(actor_of(cast.reviewer), section(review, 2), seen(section(review, 2)))
    assert section(review, 2).status == "approved"


def test_a_blocking_finding_stops_approval_until_a_reviewer_verifies_it(cast: Cast, review: Review) -> None:
    """Raised, fixed by the team, verified by the reviewer."""
    answer_all(actor_of(cast.member), review, 1)
    submit_section(actor_of(cast.member), section(review))
    finding = raise_finding(
        actor_of(cast.reviewer),
        section(review),
        title="No dashboard",
        item_slug="item-1-1",
        owner_id=cast.member.pk,
    )
    with pytest.raises(WrongState, match="Open finding: No dashboard"):
        approve_section(actor_of(cast.reviewer), section(review), seen(section(review)))
    fix_finding(actor_of(cast.member), finding.pk, "Added one")
    verify_finding(actor_of(cast.reviewer), finding.pk, accept=False)
    fix_finding(actor_of(cast.member), finding.pk, "Added another")
    verify_finding(actor_of(cast.reviewer), finding.pk, accept=True)
    approve_section(actor_of(cast.reviewer), section(review), seen(section(review)))
    assert section(review).status == "approved"


def test_the_owner_of_a_finding_is_in_the_team(cast: Cast, review: Review) -> None:
    """Somebody else cannot be made to fix it."""
    with pytest.raises(Invalid):
        raise_finding(actor_of(cast.reviewer), section(review), title="x", owner_id=cast.stranger.pk)


MEASURE = {"kind": "measure", "spec": {"unit": "engineers", "direction": "at_least", "limit": 4, "target": 6}}


@pytest.mark.parametrize(
    ("number", "state"), [("3", "not_met"), ("4", "met"), ("6", "met"), ("", "unanswered")]
)
def test_a_measure_is_judged_by_its_number(cast: Cast, number: str, state: str) -> None:
    """Whatever the person says, the figure decides."""
    version = make_version("measured", 1, 1, **MEASURE)
    review = make_review(actor_of(cast.member), make_service(cast.team, cast.owner), version)
    data = {"number": number} if number else {}
    assert save_answer(actor_of(cast.member), review.pk, "item-1-1", Said("met", data=data), 0).state == state


def test_a_number_that_is_none_is_refused_with_its_field(cast: Cast) -> None:
    """The message shows what was typed."""
    version = make_version("measured", 1, 1, **MEASURE)
    review = make_review(actor_of(cast.member), make_service(cast.team, cast.owner), version)
    with pytest.raises(Invalid, match="“four” is not a number"):
        save_answer(actor_of(cast.member), review.pk, "item-1-1", Said("", data={"number": "four"}), 0)


ALERTS = {
    "columns": [{"key": "name", "label": "Alert"}, {"key": "runbook", "label": "Runbook", "required": False}]
}
LINKED = {
    "source": "item-1-1",
    "columns": ALERTS["columns"],
    "checks": [{"check": "unique", "column": "name"}],
}


def test_an_item_that_follows_an_inventory_is_judged_when_its_rows_change(cast: Cast) -> None:
    """Saving the source answers the dependent, in one transaction."""
    version = make_inventory_version()
    review = make_review(actor_of(cast.member), make_service(cast.team, cast.owner), version)
    rows = {"rows": [{"name": "A", "runbook": ""}, {"name": "A", "runbook": ""}]}
    save_answer(actor_of(cast.member), review.pk, "item-1-1", Said("", data=rows), 0)
    assert stored(review, "item-1-2").state == "not_met"
    rows = {"rows": [{"name": "A", "runbook": ""}, {"name": "B", "runbook": ""}]}
    save_answer(actor_of(cast.member), review.pk, "item-1-1", Said("", data=rows), 1)
    assert stored(review, "item-1-2").state == "met"
    assert section(review).answered == 2


def make_inventory_version():  # a test helper
    """A checklist of one inventory and one that follows it."""

    checklist = Checklist.objects.create(slug="follows", title="Follows")
    version = ChecklistVersion.objects.create(
        checklist=checklist, number=1, content={}, content_hash="0" * 64
    )
    part = Section.objects.create(
        version=version, position=1, slug="section-1", title="One", short_title="One", question="?", why="."
    )
    for spot, spec in ((1, ALERTS), (2, LINKED)):
        Item.objects.create(
            section=part,
            version=version,
            position=spot,
            slug=f"item-1-{spot}",
            title=f"Item {spot}",
            why=".",
            how=".",
            severity="blocker",
            kind="inventory",
            evidence_rule="optional",
            spec=spec,
        )
    version.status, version.published_at = ChecklistVersion.Status.PUBLISHED, timezone.now()
    version.save()
    return version


def test_the_clock_ends_waivers_whose_last_day_is_over(cast: Cast, review: Review) -> None:
    """The hourly task finds them; those that still run stay."""
    not_met(cast, review)
    waiver = ask(cast, review)
    decide_waiver(actor_of(cast.accountable), waiver.pk, grant=True)
    expire_waivers()
    assert stored(review).state == "waived"
    Waiver.objects.filter(pk=waiver.pk).update(expires_on=timezone.localdate() - timedelta(days=1))
    expire_waivers()
    assert stored(review).state == "not_met"
