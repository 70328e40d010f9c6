"""Answers that save themselves: nothing typed is lost, whatever the server or the network does."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.axe import assert_accessible
from tests.e2e.browser import Tab, new_tab

pytestmark = [pytest.mark.e2e, pytest.mark.django_db]


@pytest.fixture
def page(browser: Browser, tabs: list[Tab], style_guide: str) -> Page:
    tabs.append(new_tab(browser, style_guide))
    return tabs[-1].open("/styleguide/workspace/")


def note(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Note")


def state(page: Page) -> Locator:
    return page.locator("#answer-noise [data-save-state]")


def drafts(page: Page) -> int:
    return int(page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('draft:')).length"))


def test_text_is_saved_after_a_pause_and_the_revision_moves(page: Page) -> None:
    note(page).press_sequentially(" And more.")
    expect(state(page)).to_have_text("Saved just now")
    expect(page.locator("#revision-noise")).to_have_value("2")
    expect(note(page)).to_be_focused()
    assert drafts(page) == 0


def test_a_choice_is_saved_at_once(page: Page) -> None:
    with page.expect_request("**/styleguide/save/") as sent:
        page.get_by_text("Not applicable", exact=True).click()
    assert "answer=na" in (sent.value.post_data or "")
    expect(state(page)).to_have_text("Saved just now")


def test_typing_on_while_saving_sends_the_rest_with_the_new_revision(page: Page) -> None:
    def slowly(route: object) -> None:
        page.wait_for_timeout(400)
        route.continue_()  # type: ignore[attr-defined]

    page.route("**/styleguide/save/", slowly, times=1)
    note(page).fill("first")
    expect(state(page)).to_have_text("Saving…")
    with page.expect_request("**/styleguide/save/") as second:
        note(page).press_sequentially(" and second")
    expect(state(page)).to_have_text("Saved just now")
    assert "first%20and%20second" in (second.value.post_data or "")
    assert "revision=2" in (second.value.post_data or "")


@pytest.mark.parametrize(
    ("word", "says"),
    [("session", "your session has ended"), ("broken", "had a problem"), ("refused", "Not saved.")],
)
def test_a_refused_save_keeps_the_text_over_a_reload(page: Page, word: str, says: str) -> None:
    text = f"What I found out: {word}."
    note(page).fill(text)
    expect(state(page)).to_contain_text(says)
    expect(note(page)).to_have_value(text)
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(note(page)).to_have_value(text)
    expect(state(page)).to_contain_text("What you typed before was not saved.")


def test_a_lost_connection_is_survived(page: Page) -> None:
    page.context.set_offline(True)
    note(page).fill("Typed in a tunnel.")
    expect(state(page)).to_contain_text("cannot be reached")
    page.context.set_offline(False)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(state(page)).to_have_text("Saved just now")
    assert drafts(page) == 0


def test_leaving_with_unsaved_text_warns(page: Page) -> None:
    warned: list[str] = []
    page.on("dialog", lambda dialog: (warned.append(dialog.type), dialog.dismiss()))
    note(page).fill("broken")
    expect(state(page)).to_contain_text("had a problem")
    page.locator(".brand").click(no_wait_after=True)
    page.wait_for_timeout(500)
    assert warned == ["beforeunload"]
    expect(note(page)).to_have_value("broken")


def test_a_conflict_shows_both_texts_and_mine_can_win(page: Page) -> None:
    note(page).fill("my conflict")
    conflict = page.locator("[data-conflict]")
    expect(conflict).to_contain_text("my conflict")
    expect(conflict).to_contain_text("Two of them are gone since.")
    assert_accessible(page)
    note(page).fill("my conflict, edited")
    expect(state(page)).to_contain_text("this changed meanwhile")
    conflict.get_by_role("button", name="Keep mine").click()
    expect(state(page)).to_have_text("Saved just now")
    expect(page.locator("#revision-noise")).to_have_value("8")
    expect(conflict).to_have_count(0)
    assert drafts(page) == 0


def test_a_conflict_can_be_given_up(page: Page) -> None:
    before = note(page).input_value()
    note(page).fill("my conflict")
    page.get_by_role("button", name="Take theirs").click()
    expect(page.locator("[data-conflict]")).to_have_count(0)
    expect(note(page)).to_have_value(before)
    assert drafts(page) == 0


def test_a_bad_file_is_refused_before_it_is_sent(browser: Browser, tabs: list[Tab], style_guide: str) -> None:
    tabs.append(new_tab(browser, style_guide))
    page = tabs[-1].open("/styleguide/forms/")
    chooser = page.locator("[data-dropzone] input")
    chooser.set_input_files({"name": "empty.pdf", "mimeType": "application/pdf", "buffer": b""})
    told = page.locator("[data-upload-state]")
    expect(told).to_have_text("empty.pdf is empty. Choose a file with content.")
    assert chooser.input_value() == ""
    chooser.evaluate("(input) => { input.dataset.maxBytes = 1024 }")
    chooser.set_input_files({"name": "big.txt", "mimeType": "text/plain", "buffer": b"x" * 5000})
    expect(told).to_contain_text("big.txt has 5 KB; at most 1 KB fit.")
    chooser.set_input_files({"name": "good.txt", "mimeType": "text/plain", "buffer": b"x" * 500})
    expect(told).to_have_text("good.txt, 1 KB")
    assert chooser.input_value() != ""
