"""The table of alerts in a browser: edited with the keyboard, pasted into, on a phone, without scripts."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.cast import Cast
from tests.e2e.axe import assert_accessible
from tests.e2e.conftest import OpenTab
from tests.reviews.tables import ITEM, alert, fill, make_table_review, rows_of

pytestmark = [pytest.mark.e2e, pytest.mark.django_db]


def test_rows_are_edited_with_the_keyboard(open_tab: OpenTab, cast: Cast) -> None:
    """Enter opens a row and goes down, Tab goes on, Escape gives up; each row left is saved by itself."""
    review = make_table_review(cast)
    fill(cast, review, [alert("Errors"), alert("Latency"), alert("Queue", tier="ticket")])
    tab = open_tab(user=cast.member)
    page = tab.open(ITEM)
    posts: list[str] = []
    page.on(
        "request", lambda request: posts.append(request.post_data or "") if request.method == "POST" else None
    )
    page.get_by_role("link", name="Errors", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.locator("tr.editing [name=cell-alert]")).to_be_focused()
    page.keyboard.type("CheckoutErrors")
    page.keyboard.press("Enter")
    expect(page.locator("tr.editing [name=cell-alert]")).to_have_value("Latency")
    expect(page.get_by_role("link", name="CheckoutErrors")).to_be_visible()
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(page.locator("tr.editing [name=cell-runbook]")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.press("ArrowDown")
    expect(page.locator("tr.editing [name=cell-alert]")).to_have_value("Queue")
    page.keyboard.type("not kept")
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Queue")).to_be_focused()
    expect(page.get_by_role("link", name="https://wiki.example/errors")).to_have_count(2)
    expect(page.locator("tr[aria-busy=true]")).to_have_count(0)
    assert len(posts) == 2
    assert all("Queue" not in post for post in posts)
    assert [(row["alert"], row["runbook"]) for row in rows_of(review)[:2]] == [
        ("CheckoutErrors", "https://wiki.example/errors"),
        ("Latency", None),
    ]
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("link", name="Latency")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the row's delete button
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("link", name="Latency")).to_be_visible()
    assert_accessible(page)
    tab.shoot("table")


def test_a_conflict_and_a_lost_connection_keep_what_was_typed(open_tab: OpenTab, cast: Cast) -> None:
    review = make_table_review(cast)
    fill(cast, review, [alert("Errors")])
    mine, theirs = open_tab(user=cast.member), open_tab(user=cast.owner)
    pages = [mine.open(ITEM), theirs.open(ITEM)]
    for page, count in zip(pages, ("5", "9"), strict=True):
        page.locator("td[data-key=fired]").click()
        page.keyboard.type(count)
        page.keyboard.press("Enter")
        if page is pages[0]:
            expect(page.locator("tr.editing")).to_have_count(0)
    page = pages[1]
    expect(page.locator("tr.conflict")).to_contain_text("Milo Member changed this alert")
    theirs.shoot("table-conflict")
    page.get_by_role("button", name="Save mine instead").click()
    expect(page.locator("td[data-key=fired]")).to_have_text("9")
    page.route("**/save/", lambda route: route.abort())
    page.locator("td[data-key=fired]").click()
    page.keyboard.type("11")
    page.keyboard.press("Enter")
    expect(page.locator("tr.failed [name=cell-fired]")).to_have_value("11")
    page.unroute("**/save/")
    page.locator("[name=cell-fired]").click()
    page.locator("h1").click()
    expect(page.locator("td[data-key=fired]")).to_have_text("11")
    assert rows_of(review)[0]["fired"] == 11


def test_the_table_on_a_phone_and_without_scripts(open_tab: OpenTab, cast: Cast) -> None:
    review = make_table_review(cast)
    fill(cast, review, [alert("Errors", runbook=""), alert("Noisy", fired=7, acted_on=0)])
    phone = open_tab(user=cast.member, phone=True, dark=True)
    page = phone.open(ITEM)
    page.locator("td[data-key=symptom]").first.click()
    page.keyboard.type("Orders fail")
    phone.assert_fits()
    phone.shoot("table-phone")
    page.locator("h1").click()
    expect(page.locator("td[data-key=symptom]").first).to_have_text("Orders fail")
    plain = open_tab(user=cast.member, scripts=False)
    page = plain.open(ITEM)
    page.get_by_role("link", name="Noisy").click()
    page.get_by_label("Acted on").fill("7")
    plain.shoot("table-no-scripts")
    page.get_by_role("button", name="Save", exact=True).click()
    assert rows_of(review)[1]["acted_on"] == 7


def test_rows_are_pasted_from_a_spreadsheet(open_tab: OpenTab, cast: Cast) -> None:
    """Cells on the clipboard lead to a preview; what is confirmed is in the table."""
    review = make_table_review(cast)
    fill(cast, review, [alert("Errors")])
    tab = open_tab(user=cast.member)
    page = tab.open(ITEM)
    page.get_by_role("link", name="Errors", exact=True).focus()
    text = "Alert\\tTier\\tFired, last 7 days\\nErrors\\tpage\\t9\\nDiskFull\\twarning\\t0"
    page.evaluate(
        f"""() => {{
            const data = new DataTransfer();
            data.setData("text/plain", "{text}");
            const how = {{clipboardData: data, bubbles: true, cancelable: true}};
            document.activeElement.dispatchEvent(new ClipboardEvent("paste", how));
        }}"""
    )
    expect(page.get_by_role("heading", name="Preview of the import")).to_be_visible()
    assert_accessible(page)
    tab.shoot("table-preview")
    page.get_by_role("button", name="Import 2 rows").click()
    expect(page.get_by_role("link", name="DiskFull")).to_be_visible()
    tab.shoot("table-alerts")
    assert [row["fired"] for row in rows_of(review)] == [9, 0]
