"""Reading checklists in a browser: accessible, within the window, by keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from checklist.actions import load_checklist
from checklist.loader import BUILT_IN, read_checklist
from tests.cast import Cast
from tests.e2e.axe import assert_accessible
from tests.e2e.conftest import OpenTab

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

LOOKS = {
    "light": {},
    "dark": {"dark": True},
    "phone": {"phone": True},
    "phone-dark": {"phone": True, "dark": True},
}


@pytest.fixture
def two_versions(transactional_db: None) -> None:
    content = read_checklist(BUILT_IN)
    first = content.sections[0]
    changed = first.model_copy(update={"question": "Can you see it?", "items": first.items[1:]})
    load_checklist(content.model_copy(update={"sections": [changed, *content.sections[1:]]}))
    load_checklist(content)


@pytest.mark.parametrize("look", LOOKS)
def test_pages(live_app: str, open_tab: OpenTab, cast: Cast, two_versions: None, look: str) -> None:
    tab = open_tab(user=cast.member, **LOOKS[look])
    for name, address in (
        ("list", "/checklists/"),
        ("compare", "/checklists/mvp-to-production/compare/"),
        ("version", "/checklists/mvp-to-production/v1/"),
    ):
        page = tab.open(address)
        page.evaluate("document.querySelectorAll('details.guidance').forEach((it) => { it.open = true })")
        if name != "version":  # too tall for a picture
            tab.shoot(f"checklist-{name}-{look}")
        tab.assert_fits()
        assert_accessible(page)


def test_from_the_list_to_an_item(live_app: str, open_tab: OpenTab, cast: Cast, two_versions: None) -> None:
    tab = open_tab(user=cast.viewer)
    page = tab.open("/checklists/")
    page.get_by_role("link", name="MVP to production").click()
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="Capacity").click()
    expect(page.get_by_role("heading", name="5. Capacity")).to_be_in_viewport()
    item = page.locator("#item-headroom")
    expect(item.get_by_text("One row for each tier on the critical paths")).to_be_hidden()
    item.get_by_text("How to meet it").click()
    expect(item.get_by_text("One row for each tier on the critical paths")).to_be_visible()
    page.get_by_role("link", name="Compare versions").click()
    expect(page.get_by_role("heading", name="Added: 1 item")).to_be_visible()
    page.get_by_label("From").select_option("2")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_text("Versions 2 and 2 do not differ.")).to_be_visible()
