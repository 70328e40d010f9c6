"""The components in a browser: accessible, within the window in every theme and width, and by keyboard."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.axe import assert_accessible
from tests.e2e.browser import Tab, new_tab

pytestmark = [pytest.mark.e2e, pytest.mark.django_db]

LOOKS = {
    "light": {},
    "dark": {"dark": True},
    "phone": {"phone": True},
    "phone-dark": {"phone": True, "dark": True},
}
PAGES = {
    "components": "/styleguide/",
    "forms": "/styleguide/forms/",
    "workspace": "/styleguide/workspace/",
    "services": "/styleguide/services/",
}


@pytest.fixture
def tab(browser: Browser, tabs: list[Tab], style_guide: str) -> Tab:
    tabs.append(new_tab(browser, style_guide))
    return tabs[-1]


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", PAGES)
def test_accessible_and_within_the_window(
    browser: Browser, tabs: list[Tab], style_guide: str, name: str, look: str
) -> None:
    tab = new_tab(browser, style_guide, **LOOKS[look])
    tabs.append(tab)
    page = tab.open(PAGES[name])
    tab.shoot(f"styleguide-{name}-{look}")
    tab.assert_fits()
    assert_accessible(page)


def background(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def test_the_theme_is_kept(tab: Tab) -> None:
    page = tab.open("/styleguide/")
    light = background(page)
    page.locator(".account-menu > summary").click()
    page.get_by_label("Dark", exact=True).check()
    dark = background(page)
    assert dark != light
    page.reload()
    assert background(page) == dark
    page.locator(".account-menu > summary").click()
    expect(page.get_by_label("Dark", exact=True)).to_be_checked()
    page.get_by_label("System", exact=True).check()
    assert background(page) == light
    page.keyboard.press("Escape")
    expect(page.get_by_label("System", exact=True)).to_be_hidden()


def test_keys_walk_the_items(tab: Tab) -> None:
    page = tab.open("/styleguide/workspace/")
    focused = "document.activeElement.getAttribute('aria-labelledby')"
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate(focused) == "t2"
    page.keyboard.press("k")
    assert page.evaluate(focused) == "t1"
    page.keyboard.press("u")
    assert page.evaluate(focused) == "t3"
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    assert page.url.endswith("#noise")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_keys_do_nothing_while_typing(tab: Tab) -> None:
    page = tab.open("/styleguide/workspace/")
    note = page.get_by_role("textbox", name="Note")
    note.fill("")
    note.press_sequentially("just u?")
    expect(note).to_have_value("just u?")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_a_dialog_asks_first(tab: Tab) -> None:
    page = tab.open("/styleguide/")
    page.get_by_role("link", name="Withdraw the review").click()
    dialog = page.get_by_role("dialog", name="Withdraw review 3 of checkout?")
    expect(dialog).to_be_visible()
    assert_accessible(page)
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()


def test_a_refused_act_is_told_and_changes_nothing(tab: Tab) -> None:
    page = tab.open("/styleguide/?quiet")
    button = page.get_by_role("button", name="A refused act")
    button.click()
    toast = page.locator("#status").get_by_role("alert")
    expect(toast).to_contain_text("Only reviewers with the role Security may approve this section.")
    expect(button).to_be_visible()
    toast.get_by_role("button", name="Close this message").click()
    expect(toast).to_have_count(0)


def test_a_refused_page_says_what_to_do(tab: Tab) -> None:
    page = tab.open("/styleguide/error/refused/")
    expect(page.get_by_role("heading", name="You may not do this")).to_be_visible()
    assert_accessible(page)


def test_the_menu_opens_on_a_phone_without_scripts(
    browser: Browser, tabs: list[Tab], style_guide: str
) -> None:
    tab = new_tab(browser, style_guide, phone=True, scripts=False)
    tabs.append(tab)
    page = tab.open("/styleguide/workspace/")
    sections = page.get_by_role("link", name=re.compile("^Capacity|Locked Capacity"))
    expect(sections).to_be_hidden()
    page.get_by_text("Section 2 of 9: Alerting").click()
    expect(sections).to_be_visible()
    expect(page.locator(".theme-choice")).to_be_hidden()
