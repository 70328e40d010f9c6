"""The fit check that follows the facts, its signature, and the register of deferrals, in a browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from checklist.facts import clean_facts
from readiness.accounts.rights import actor_of
from reviews.actions import deferrals, watching
from reviews.actions.packet_making import make_packet
from reviews.actions.reviews import start_review
from reviews.models import FitCheck, Packet, Service
from tests.cast import Cast
from tests.e2e.axe import assert_accessible
from tests.e2e.conftest import OpenTab
from tests.reviews.builders import make_service, make_version
from tests.reviews.register.conftest import SPEC, decide, own

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
LOOKS = {"light": {}, "dark": {"dark": True}, "phone": {"phone": True}}


@pytest.fixture
def service(transactional_db: None, cast: Cast) -> Service:
    make_version(sections=1, items=1, kind="register", evidence_rule="none", spec=SPEC)
    known = {"service_count": 9, "team_size": 8, "cloud": "aws", "customer_facing": True}
    return make_service(cast.team, cast.owner, facts=clean_facts(known))


def test_a_misfit_from_the_facts_to_the_page(
    live_app: str, open_tab: OpenTab, cast: Cast, service: Service
) -> None:
    """The verdict follows what is chosen without taking the focus; then recorded, signed and downloaded."""
    tab = open_tab(user=cast.member)
    page = tab.open("/services/checkout/reviews/start/")
    expect(page.locator("#fit-check")).to_contain_text("Fits, with cautions")
    expect(page.locator(".misfit")).to_be_hidden()
    regulated = page.locator("[name=fact_regulated]")
    regulated.focus()
    with page.expect_response(re.compile("reviews/start")):
        regulated.select_option("yes")
    expect(page.locator("#fit-check")).to_contain_text("compliance is the gate")
    expect(regulated).to_be_focused()
    note = page.get_by_label("What follows from it")
    with page.expect_response(re.compile("reviews/start")):
        note.press_sequentially("The bank's own gate applies.")
    page.wait_for_timeout(800)
    expect(note).to_have_value("The bank's own gate applies.")
    expect(note).to_be_focused()
    tab.shoot("fit-start")
    assert_accessible(page)
    page.get_by_role("button", name="Record that it does not fit").click()
    expect(page.get_by_text("Waits for a signature")).to_be_visible()
    row = FitCheck.objects.get()
    judge = open_tab(user=cast.accountable)
    signing = judge.open(f"/services/checkout/fit/{row.pk}/")
    judge.shoot("fit-sign")
    assert_accessible(signing)
    signing.get_by_role("button", name="Sign that it does not fit").click()
    expect(signing.get_by_text("Signed. Its page is being made.")).to_be_visible()
    assert make_packet(Packet.objects.get().pk)
    expect(signing.get_by_role("link", name="Download the packet")).to_be_visible()
    judge.shoot("fit-signed")
    judge.assert_fits()


def test_without_scripts_the_new_verdict_is_read_before_the_start(
    live_app: str, open_tab: OpenTab, cast: Cast, service: Service
) -> None:
    """Facts changed after the verdict was shown: the second step shows the new one first."""
    page = open_tab(user=cast.member, scripts=False, phone=True).open("/services/checkout/reviews/start/")
    page.locator("[name=fact_regulated]").select_option("yes")
    page.get_by_role("button", name="Start the review", exact=True).click()
    expect(page.get_by_text("read it, then start.")).to_be_visible()
    expect(page.locator(".misfit")).to_be_visible()
    page.get_by_role("button", name="Start the review anyway").click()
    expect(page.get_by_text("Review 1 is open.")).to_be_visible()


@pytest.mark.parametrize("look", LOOKS)
def test_the_register(live_app: str, open_tab: OpenTab, cast: Cast, service: Service, look: str) -> None:
    """A trigger with a mistake is explained, a reached one is on top, and every page holds on a phone."""
    review = start_review(actor_of(cast.member), service.pk, "small", service.facts)
    decide(cast, review, choice="adopt")
    reached = deferrals.add_deferral(actor_of(cast.member), service.pk, own(title="A cache"))
    watching.look_again(actor_of(cast.reviewer), reached.pk, "Pages take two seconds.")
    tab = open_tab(user=cast.member, **LOOKS[look])
    page = tab.open("/services/checkout/deferrals/new/")
    page.get_by_label("What is it about").fill("A queue")
    page.get_by_label("Reason").fill("The database does.")
    page.get_by_label("Owner").fill("Milo Member")
    page.get_by_label("Look again when").fill("team_sise > 20")
    page.get_by_role("button", name="Put it on the register").click()
    expect(page.get_by_text("Do you mean team_size?")).to_be_visible()
    tab.shoot(f"deferral-new-{look}")
    page.get_by_label("Look again when").fill("team_size > 20")
    page.get_by_role("button", name="Put it on the register").click()
    expect(page.get_by_role("link", name="A queue")).to_be_visible()
    names = [
        ("deferrals", "/deferrals/"),
        ("deferral", f"/deferrals/{reached.pk}/"),
        ("register-item", "/services/checkout/reviews/1/section-1/item-1-1/"),
        ("register-section", "/services/checkout/reviews/1/section-1/"),
        ("service", "/services/checkout/"),
    ]
    for name, path in names:
        page = tab.open(path)
        tab.shoot(f"{name}-{look}")
        tab.assert_fits()
        assert_accessible(page)
