"""A drill in two browsers: one clock, the other's progress, no script needed."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from reviews.models import Drill
from tests.cast import Cast
from tests.e2e.axe import assert_accessible
from tests.e2e.browser import Tab
from tests.e2e.conftest import OpenTab
from tests.reviews.drill_builders import ROLLBACK, drill_review, graded, moved_clock, stopped

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
ITEM = "/services/checkout/reviews/1/section-1/item-1-1/"


def seconds(page: Page) -> int:
    """What the clock of the page shows."""
    minutes, rest = page.locator("[data-clock]").inner_text().split(":")
    return int(minutes) * 60 + int(rest)


def arrange(witness: Tab) -> str:
    """Arrange a drill from the item's page; returns its path."""
    page = witness.open(ITEM)
    page.get_by_role("link", name="Run a drill").click()
    assert_accessible(page)
    page.get_by_label("Who runs it").select_option("Stan Stranger")
    page.get_by_label("Who watches").select_option("Olga Owner")
    witness.shoot("drill-arrange")
    page.get_by_role("button", name="Arrange it").click()
    expect(page.get_by_text("Ready to start")).to_be_visible()
    return page.url.removeprefix(witness.base)


def give(other: Page, question: str, text: str, button: str = "Give this answer") -> None:
    """Give an answer."""
    other.get_by_label(question).fill(text)
    other.get_by_role("button", name=button).first.click()


def test_a_drill_by_two_people(cast: Cast, open_tab: OpenTab) -> None:
    drill_review(cast)
    witness, runner = open_tab(user=cast.owner), open_tab(user=cast.stranger, phone=True, dark=True)
    other, page = runner.open(arrange(witness)), witness.page
    page.get_by_label("has never been on call").check()
    page.get_by_role("button", name="Start the clock").click()
    expect(other.get_by_role("button", name="Give this answer")).to_have_count(3, timeout=8_000)
    give(other, "What changed?", "Release 2041")
    expect(page.locator("#drill-progress")).to_contain_text("Release 2041", timeout=8_000)
    assert abs(seconds(page) - seconds(other)) <= 1
    before = seconds(page)
    page.reload()
    assert seconds(page) >= before
    page.get_by_label("A line for the log").fill("He looks at the right dashboard")
    give(other, "Where is it?", "The price lookup")
    for tab in (witness, runner):
        tab.shoot(f"drill-running-{'witness' if tab is witness else 'runner'}")
        assert_accessible(tab.page)
    give(other, "Who is affected?", "41 customers", "Give the last answer and stop the clock")
    expect(page.get_by_text("This drill has moved on")).to_be_visible(timeout=8_000)  # nothing typed is lost
    expect(page.get_by_label("A line for the log")).to_have_value("He looks at the right dashboard")
    page.get_by_role("link", name="show the drill as it is now").click()
    for each in page.get_by_label("Right", exact=True).all():
        each.check()
    page.get_by_label("It passed").check()
    assert_accessible(page)
    witness.shoot("drill-grade")
    page.get_by_role("button", name="Grade the drill").click()
    expect(page.get_by_text("Witnessed")).to_be_visible()
    expect(other.get_by_text("Witnessed")).to_be_visible(timeout=8_000)
    for tab in (witness, runner):
        tab.shoot(f"drill-graded-{'witness' if tab is witness else 'runner'}")
        tab.assert_fits()


def test_the_past_of_an_item(cast: Cast, open_tab: OpenTab) -> None:
    review = drill_review(cast)
    with moved_clock() as moved:
        for took, wrong in ((754, "who"), (610, ""), (498, ""), (372, "")):
            graded(cast, review, moved, took, wrong=wrong)
            moved.forward(60)
    for phone in (False, True):
        tab = open_tab(user=cast.member, phone=phone, dark=phone)
        page = tab.open(ITEM)
        expect(page.locator(".drill-chart .bar")).to_have_count(4)
        expect(page.get_by_text("Counts", exact=True)).to_have_count(1)
        tab.shoot(f"drill-item-{'phone' if phone else 'desktop'}")
        assert_accessible(page)
        tab.assert_fits()


def test_a_rollback_drill_without_scripts(cast: Cast, open_tab: OpenTab) -> None:
    review = drill_review(cast, ROLLBACK)
    with moved_clock() as moved:
        drill = stopped(cast, review, moved, 96)
    tab = open_tab(user=cast.owner, scripts=False)
    page = tab.open(f"/drills/{drill.pk}/")
    page.get_by_label("It passed").check()
    page.get_by_role("button", name="Grade the drill").click()
    expect(page.get_by_text("Something is missing").first).to_be_visible()
    page.get_by_label("The command").fill("deploy rollback checkout")
    page.get_by_label("Version rolled back from").fill("2042")
    page.get_by_label("Version rolled back to").fill("2041")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_label("It passed").check()
    page.get_by_role("button", name="Grade the drill").click()
    expect(page.get_by_text("Self-reported").first).to_be_visible()
    tab.shoot("drill-rollback-graded")
    page.goto(f"{tab.base}{ITEM}drills/record/")
    tab.shoot("drill-record")
    tab.assert_fits()
    page.goto(f"{tab.base}/services/checkout/tokens/")
    page.get_by_label("Name", exact=True).fill("GitHub Actions")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_text("It is shown this once")).to_be_visible()
    tab.shoot("tokens")
    tab.assert_fits()
    assert Drill.objects.get().status == "graded"
