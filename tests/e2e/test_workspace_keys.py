"""A section while somebody answers: the keys know what is answered, and nothing goes wrong behind it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from readiness.accounts.rights import actor_of
from reviews.models import Answer
from tests.cast import Cast
from tests.e2e.conftest import OpenTab
from tests.reviews.builders import make_review, make_service, make_version

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
SECTION = "/services/checkout/reviews/1/section-1/"


def focused(page: Page) -> str:
    """The id of the item that has the focus."""
    return str(page.evaluate("document.activeElement.id"))


@pytest.mark.parametrize("show", ["", "?show=todo"])
def test_u_goes_to_what_waits_for_an_answer(live_app: str, open_tab: OpenTab, cast: Cast, show: str) -> None:
    """Past an item that does not apply, and not back to the one that was answered just now.

    The tab fails on any console error: each save updates the items that are on the page, and no others.
    """
    review = make_review(
        actor_of(cast.member), make_service(cast.team, cast.owner), make_version("keys", 2, 4)
    )
    Answer.objects.filter(review=review, item__slug="item-1-1").update(applicable=False)
    page = open_tab(user=cast.member).open(SECTION + show)
    page.keyboard.press("u")
    assert focused(page) == "item-item-1-2"
    with page.expect_response(lambda answer: "/panel/" in answer.url):
        page.locator("#item-item-1-2").get_by_text("Met", exact=True).click()
    expect(page.locator("#saved-item-1-2")).to_have_text("Saved just now")
    expect(page.locator("#state-item-1-2")).to_contain_text("Met")
    page.locator("#item-item-1-2").focus()
    page.keyboard.press("u")
    assert focused(page) == "item-item-1-3"
    page.keyboard.press("u")
    page.keyboard.press("u")
    assert focused(page) == "item-item-1-3"
