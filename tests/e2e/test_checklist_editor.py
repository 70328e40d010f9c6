"""The checklist editor in a browser: reorder by key and by hand, edit, publish; accessible in every look."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from checklist.actions import load_checklist
from checklist.draft_actions import begin_draft, save_item
from checklist.draft_queries import draft_of, load_tree
from checklist.models import ChecklistVersion, DraftItem
from readiness.accounts.rights import actor_of
from tests.cast import Cast
from tests.checklist.sample import as_content, sample
from tests.e2e.axe import assert_accessible
from tests.e2e.conftest import OpenTab
from tests.reviews.builders import make_review, make_service

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

OUTLINE = "/checklists/sample/draft/"
LOOKS = {"light": {}, "dark": {"dark": True}, "phone": {"phone": True}}


def load(cast: Cast) -> ChecklistVersion:
    version = load_checklist(as_content(sample())).version
    make_review(actor_of(cast.member), make_service(cast.team, cast.owner), version)
    return version


def order() -> list[list[str]]:
    return [[item.content["slug"] for item in row.items] for row in load_tree(draft_of("sample")).rows]


def drag(page: Page, what: str, onto: str) -> None:
    """Take `what` by its handle to just above the middle of `onto`."""
    page.locator(f"#item-{item(what).pk} [data-grip]").hover()
    page.mouse.down()
    box = page.locator(f"#item-{item(onto).pk}").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 4, steps=8)
    page.mouse.up()


def item(slug: str) -> DraftItem:
    return DraftItem.objects.get(content__slug=slug)


def test_reorder_edit_and_publish(live_app: str, open_tab: OpenTab, cast: Cast) -> None:
    load(cast)
    tab = open_tab(user=cast.admin)
    page = tab.open("/checklists/sample/")
    page.get_by_role("button", name="Edit as a draft").click()
    expect(page).to_have_url(f"{live_app}{OUTLINE}")
    grip = page.locator(f"#grip-{item('logs').pk}")
    grip.focus()
    page.keyboard.press("Alt+ArrowDown")
    expect(page.locator("#status")).to_contain_text("Moved to place 2.")
    assert order()[0] == ["size", "logs", "extra"]
    expect(grip).to_be_focused()
    drag(page, "extra", "alerts")
    expect(page.locator("#status")).to_contain_text("Moved to place 1.")
    assert order() == [["size", "logs"], ["extra", "alerts", "runbooks"]]

    page.get_by_role("link", name="Alerts are listed").click()
    page.get_by_label("Title", exact=True).fill("Alerts are all listed")
    page.get_by_role("button", name="Add a column").click()
    expect(page.locator('[name="spec.columns[3].key"]')).to_be_focused()
    page.keyboard.type("fired")
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.locator("#f-spec-columns-3-label-error")).to_contain_text("must not be empty")
    page.locator('[name="spec.columns[3].label"]').fill("Fired")
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.get_by_text("Saved in the draft.")).to_be_visible()

    page.get_by_role("link", name="Publish").click()
    expect(page.get_by_text("0 answers carried")).to_be_visible()
    page.get_by_label("Move Checkout, review 1").check()
    page.get_by_role("button", name="Publish version 2").click()
    expect(page.get_by_text("Version 2 is published. 1 review moved to it.")).to_be_visible()
    expect(page.get_by_role("heading", name="Alerts are all listed")).to_be_visible()


@pytest.mark.parametrize("look", LOOKS)
def test_pages(live_app: str, open_tab: OpenTab, cast: Cast, look: str) -> None:
    version = load(cast)
    begin_draft(actor_of(cast.admin), version)
    alerts, logs = item("alerts"), item("logs")
    begun = logs.content
    save_item(actor_of(cast.admin), "sample", logs.pk, {**begun, "title": "Logs have fields"}, begun)
    tab = open_tab(user=cast.admin, **LOOKS[look])
    for name, address in (
        ("outline", ""),
        ("item", f"items/{alerts.pk}/"),
        ("preview", "preview/"),
        ("compare", "compare/"),
        ("publish", "publish/"),
        ("delete", "delete/"),
    ):
        page = tab.open(OUTLINE + address)
        page.evaluate("document.querySelectorAll('main details').forEach((it) => { it.open = true })")
        tab.shoot(f"editor-{name}-{look}")
        tab.assert_fits()
        assert_accessible(page)
    page = tab.open(f"{OUTLINE}items/{logs.pk}/")
    page.get_by_label("Title", exact=True).fill("My own title")
    page.get_by_label("Applies when").fill("payments")
    page.get_by_role("button", name="Save in the draft").click()
    tab.shoot(f"editor-errors-{look}")
    assert_accessible(page)
    stored = item("logs").content
    save_item(actor_of(cast.admin), "sample", logs.pk, {**stored, "title": "Their title"}, stored)
    page.get_by_label("Applies when").fill("handles_payments")
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.get_by_text("Their title", exact=True)).to_be_visible()
    tab.shoot(f"editor-conflict-{look}")
    tab.assert_fits()
    assert_accessible(page)
    page.get_by_role("button", name="Save what is chosen").click()
    assert item("logs").content["title"] == "My own title"
    data = sample()
    data["sections"][0]["items"][0]["title"] = "Logs have fields"
    del data["sections"][0]["items"][2]
    load_checklist(as_content(data))
    for name, address in (
        ("version", "/services/checkout/reviews/1/version/"),
        ("import", "/checklists/import/"),
        ("copy", "/checklists/sample/v2/copy/"),
        ("outrun", OUTLINE),
    ):
        page = tab.open(address)
        page.evaluate("document.querySelectorAll('main details').forEach((it) => { it.open = true })")
        tab.shoot(f"editor-{name}-{look}")
        tab.assert_fits()
        assert_accessible(page)
