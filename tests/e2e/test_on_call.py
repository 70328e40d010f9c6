"""The rota and capacity in a browser: a calendar becomes a picture, and its figure an answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from checklist.actions import load_checklist
from checklist.loader import BUILT_IN, read_checklist
from readiness.accounts.rights import actor_of
from reviews.actions.reviews import start_review
from reviews.models import Service
from tests.cast import Cast
from tests.e2e.axe import assert_accessible
from tests.e2e.conftest import OpenTab
from tests.reviews.builders import make_service
from tests.reviews.on_call.test_rosters import ENDLESS, weekly_calendar

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def checkout(transactional_db: None, cast: Cast) -> Service:
    """A service with an open review."""
    load_checklist(read_checklist(BUILT_IN))
    service = make_service(cast.team, cast.owner)
    start_review(actor_of(cast.member), service.pk, "mvp-to-production", {})
    return service


def test_a_calendar_becomes_a_picture_and_an_answer(
    live_app: str, open_tab: OpenTab, cast: Cast, checkout: Service, tmp_path: Path
) -> None:
    tab = open_tab(user=cast.member)
    page = tab.open("/services/checkout/on-call/")
    page.get_by_role("link", name="Import a calendar").first.click()
    for name, text in (("endless", ENDLESS), ("rota", weekly_calendar("Ann", "Bo", "Cy", "Di", "Ed"))):
        (tmp_path / f"{name}.ics").write_text(text)
        page.get_by_label("Calendar file").set_input_files(tmp_path / f"{name}.ics")
        page.get_by_role("button", name="Preview").click()
        if name == "endless":
            expect(page.get_by_text("It repeats every second")).to_be_visible()
            assert_accessible(page)
            page.get_by_role("link", name="Choose another file").click()
    assert_accessible(page)
    tab.shoot("on-call-preview")
    page.get_by_role("button", name="Import 5 turns").click()
    expect(page.get_by_text("5 people take turns:")).to_be_visible()
    assert_accessible(page)
    tab.open("/services/checkout/reviews/1/on-call/rotation-size/")
    page.get_by_role("button", name="Use this as the answer").click()
    expect(page.get_by_label("Value")).to_have_value("5")
    assert_accessible(page)


@pytest.mark.parametrize("look", ["phone", "dark"])
def test_pages_fit_and_are_accessible(
    live_app: str, open_tab: OpenTab, cast: Cast, checkout: Service, look: str
) -> None:
    tab = open_tab(user=cast.member, phone=look == "phone", dark=look == "dark")
    page = tab.open("/services/checkout/on-call/")
    page.get_by_label("People, in the order").fill("Ann\nBo\nCy\nDi")
    page.get_by_role("button", name="Plan the rotation").click()
    expect(page.get_by_text("The rotation is planned.")).to_be_visible()
    page.evaluate("document.querySelectorAll('main details').forEach((it) => { it.open = true })")
    for address in ("", "/services/checkout/capacity/", "/services/checkout/capacity/agenda/"):
        if address:
            tab.open(address)
            page.evaluate("document.querySelectorAll('main details').forEach((it) => { it.open = true })")
        tab.assert_fits()
        assert_accessible(page)
        tab.shoot(f"{address.strip('/').replace('/', '-') or 'on-call'}-{look}")
