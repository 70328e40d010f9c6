"""What a person typed stays on the page, whatever the state of things has become meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from readiness.accounts.rights import actor_of
from reviews.actions.answers import Said, save_answer
from reviews.actions.findings import fix_finding, raise_finding
from reviews.actions.reviews import withdraw_review
from reviews.actions.sections import approve_section, submit_section
from reviews.actions.waivers import decide_waiver, request_waiver
from reviews.models import Answer, Review
from tests.cast import Cast
from tests.reviews.builders import answer_all, approve_all, make_review, make_service, section, seen

REVIEW = "/services/checkout/reviews/1/"
SECTION = REVIEW + "section-1/"
ITEM = SECTION + "item-1-1/"
TEXT = "Forty words that took ten minutes <b>to find</b>"
SHOWN = "Forty words that took ten minutes &lt;b&gt;to find&lt;/b&gt;"
BLOCK = "What you typed"


@pytest.fixture
def review(cast: Cast) -> Review:
    """A review of two sections with two items each."""
    return make_review(actor_of(cast.member), make_service(cast.team, cast.owner))


def post(cast: Cast, role: str, path: str, form: dict[str, str]) -> tuple[int, str]:
    """Post a plain form; return the status and the page."""
    client = Client()
    client.force_login(cast[role])
    answer = client.post(path, form)
    return answer.status_code, answer.content.decode()


def keeps(found: tuple[int, str], status: int) -> bool:
    """Whether the answer has the status, and the text in a block of its own, once."""
    code, page = found
    return code == status and BLOCK in page and page.count(SHOWN) == 1


def waiver_form() -> dict[str, str]:
    """What somebody types who asks for a waiver."""
    until = timezone.localdate() + timedelta(days=10)
    return {"waiver-reason": TEXT, "waiver-compensating_control": "By hand", "waiver-expires_on": f"{until}"}


def approved(cast: Cast, review: Review) -> None:
    """Have the first section approved."""
    answer_all(actor_of(cast.member), review, 1)
    submit_section(actor_of(cast.member), section(review))
    approve_section(actor_of(cast.reviewer), section(review), seen(section(review)))


def test_a_waiver_of_an_item_that_is_met_by_now(cast: Cast, review: Review) -> None:
    """With the words of the form for its fields."""
    answer_all(actor_of(cast.member), review, 1)
    found = post(cast, "member", ITEM + "waiver/", waiver_form())
    assert keeps(found, 409)
    assert "Compensating control" in found[1]


def test_a_waiver_of_the_order_of_an_approved_section(cast: Cast, review: Review) -> None:
    """The section's page has no form for it any more."""
    approved(cast, review)
    assert keeps(post(cast, "member", SECTION + "order-waiver/", waiver_form()), 409)


def test_a_form_that_stands_on_the_page_again_is_not_shown_twice(cast: Cast, review: Review) -> None:
    """The block is for what has no other place."""
    save_answer(actor_of(cast.member), review.pk, "item-1-1", Said("not_met"), 0)
    code, page = post(cast, "member", ITEM + "waiver/", {**waiver_form(), "waiver-expires_on": "soon"})
    assert code == 422
    assert page.count(SHOWN) == 1
    assert BLOCK not in page
    assert page.count("Please check what you entered") == 1


def test_a_ruling_on_a_disagreement_that_is_gone(cast: Cast, review: Review) -> None:
    """The choice is kept in its words."""
    form = {"ruling-tls-decision": "probe", "ruling-tls-reason": TEXT}
    assert keeps(post(cast, "reviewer", ITEM + "rulings/tls/", form), 409)


@pytest.mark.parametrize("path", [SECTION, ITEM])
def test_sending_back_what_was_sent_back_or_is_still_open(cast: Cast, review: Review, path: str) -> None:
    """The section and the item."""
    assert keeps(post(cast, "reviewer", path + "send-back/", {"changes-reason": TEXT}), 409)


def test_a_note_on_a_waiver_that_is_decided_by_now(cast: Cast, review: Review) -> None:
    """Somebody else decided first."""
    save_answer(actor_of(cast.member), review.pk, "item-1-1", Said("not_met"), 0)
    until = timezone.localdate() + timedelta(days=10)
    waiver = request_waiver(
        actor_of(cast.member),
        section(review),
        reason="Later",
        compensating_control="By hand",
        expires_on=until,
        item_slug="item-1-1",
    )
    decide_waiver(actor_of(cast.accountable), waiver.pk, grant=True)
    form = {"decide-decision": "refuse", "decide-note": TEXT}
    assert keeps(post(cast, "reviewer", f"/waivers/{waiver.pk}/decide/", form), 409)


def test_a_note_on_a_finding_that_is_fixed_by_now(cast: Cast, review: Review) -> None:
    """The other member was faster."""
    finding = raise_finding(
        actor_of(cast.reviewer), section(review), title="No dashboard", item_slug="item-1-1"
    )
    fix_finding(actor_of(cast.owner), finding.pk, "Done")
    form = {f"fix-{finding.pk}-note": TEXT}
    assert keeps(post(cast, "member", f"/findings/{finding.pk}/fix/", form), 409)


def test_the_note_of_a_sign_off_that_is_not_possible(cast: Cast, review: Review) -> None:
    """A section was opened again while somebody wrote."""
    form = {"sign-digest": "0" * 64, "sign-decision": "not_ready", "sign-note": TEXT}
    found = post(cast, "accountable", REVIEW + "sign-off/", form)
    assert keeps(found, 409)
    assert "Not ready" in found[1]


@pytest.mark.parametrize("page", ["section", "item"])
def test_an_answer_to_a_closed_review(cast: Cast, review: Review, page: str) -> None:
    """Without htmx: the page as it is now, with the text beside the reason."""
    withdraw_review(actor_of(cast.owner), review.pk, "Built anew")
    form = {"revision": "0", "state": "met", "note": TEXT, "reason": "", "trigger": "", "page": page}
    found = post(cast, "member", ITEM + "answer/", form)
    assert keeps(found, 409)
    assert "withdrawn" in found[1]


@pytest.mark.parametrize("page", ["section", "item"])
def test_an_answer_to_an_item_that_does_not_apply_any_more(cast: Cast, review: Review, page: str) -> None:
    """The facts were corrected while somebody wrote."""
    Answer.objects.filter(review=review, item__slug="item-1-1").update(applicable=False)
    form = {"revision": "0", "state": "met", "note": TEXT, "reason": "", "trigger": "", "page": page}
    assert keeps(post(cast, "member", ITEM + "answer/", form), 422)


def test_a_missing_right_keeps_what_was_typed_too(cast: Cast, review: Review) -> None:
    """Somebody lost the role while they wrote. No token of the form is shown."""
    approve_all_but_sign(cast, review)
    found = post(cast, "reviewer", ITEM + "waiver/", {**waiver_form(), "csrfmiddlewaretoken": "secret-token"})
    assert keeps(found, 403)
    assert "secret-token" not in found[1]


def approve_all_but_sign(cast: Cast, review: Review) -> None:
    """Take the review to the point where only the sign-off is missing."""
    answer_all(actor_of(cast.member), review)
    approve_all(cast.member, cast.reviewer, review)


@pytest.mark.parametrize(
    ("path", "form"),
    [
        (REVIEW + "sign-off/", {}),
        (ITEM + "rulings/tls/", {}),
        ("/findings/{finding}/fix/", {}),
        ("/findings/{finding}/verify/", {}),
        ("/waivers/{waiver}/decide/", {}),
    ],
)
def test_the_right_comes_before_the_form(cast: Cast, review: Review, path: str, form: dict[str, str]) -> None:
    """A viewer learns that they may not, rather than which field is missing."""
    save_answer(actor_of(cast.member), review.pk, "item-1-1", Said("not_met"), 0)
    finding = raise_finding(actor_of(cast.reviewer), section(review), title="Gap", item_slug="item-1-1")
    until = timezone.localdate() + timedelta(days=10)
    waiver = request_waiver(
        actor_of(cast.member),
        section(review),
        reason="Later",
        compensating_control="By hand",
        expires_on=until,
        item_slug="item-1-1",
    )
    path = path.format(finding=finding.pk, waiver=waiver.pk)
    assert post(cast, "viewer", path, form)[0] == 403
    assert post(cast, "stranger", path, form)[0] == 404
