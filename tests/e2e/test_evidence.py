"""Evidence and probes in the browser: without a reload, without scripts, on a phone, in the dark."""

from __future__ import annotations

import io
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from django.db import connection
from playwright.sync_api import Page, expect

from readiness.accounts.rights import actor_of
from reviews import storage
from reviews.actions.evidence import About, add_file, add_link, add_note
from reviews.models import Evidence, Review
from tests.cast import Cast
from tests.e2e.axe import assert_accessible
from tests.e2e.conftest import OpenTab
from tests.files import PDF, PNG
from tests.reviews.builders import make_review, make_service, make_version
from tests.workers import worker

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
ITEM = "item-1-1"
PAGE = f"/services/checkout/reviews/1/section-1/{ITEM}/"


@pytest.fixture
def endpoint() -> Iterator[str]:
    """A health endpoint on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/health"
    server.shutdown()
    server.server_close()


@pytest.fixture
def review(cast: Cast, endpoint: str) -> Review:
    service = make_service(cast.team, cast.owner, health_url=endpoint)
    version = make_version(probes=["health_endpoint"], evidence_lifetime_days=10)
    return make_review(actor_of(cast.member), service, version)


def fill(review: Review, cast: Cast) -> dict[str, Evidence]:
    """One piece of each kind on the first item."""
    member = actor_of(cast.member)
    made = {"link": add_link(member, review.pk, ITEM, "https://grafana.example/d/checkout-slo", About())}
    made["note"] = add_note(member, review.pk, ITEM, "## Seen\n\n- one\n- `two`", About(title="What we saw"))
    for name, content in (
        ("rules.yaml", b"groups:\n  - name: burn\n"),
        ("shot.png", PNG),
        ("audit.pdf", PDF),
    ):
        row = storage.store(io.BytesIO(content), max_bytes=10_000, name=name)
        made[name] = add_file(member, review.pk, ITEM, row, name, About())
    return made


def chips(page: Page) -> Any:
    return page.locator(f"#evidence-list-{ITEM} .chip")


def test_evidence_is_added_without_a_reload(cast: Cast, review: Review, open_tab: OpenTab) -> None:
    tab = open_tab(user=cast.member)
    page = tab.open(PAGE)
    page.evaluate("window.stayed = true")
    note = page.locator(f"#note-{ITEM}")
    note.fill("I am still typing")
    page.get_by_role("link", name="Add evidence").click()
    form = page.locator(".evidence-form")
    expect(form.get_by_role("textbox", name="Link")).to_be_focused()
    form.get_by_text("Note", exact=True).first.click()
    expect(form.locator("[name=url]")).to_be_hidden()
    form.locator("[name=body]").fill("We looked at **it**.")
    form.get_by_label("Seen on").fill("2026-01-31")
    form.get_by_role("button", name="Attach").click()
    expect(chips(page)).to_have_count(1)
    expect(chips(page)).to_contain_text("We looked at")
    expect(chips(page)).to_contain_text("Asserted")
    expect(page.locator("#status")).to_contain_text("is attached")
    expect(page.get_by_role("link", name="Add evidence")).to_be_focused()
    expect(note).to_have_value("I am still typing")
    assert page.evaluate("window.stayed")


def test_a_refused_file_keeps_the_rest_of_the_form(cast: Cast, review: Review, open_tab: OpenTab) -> None:
    tab = open_tab(user=cast.member)
    page = tab.open(PAGE)
    page.get_by_role("link", name="Add evidence").click()
    form = page.locator(".evidence-form")
    form.get_by_text("File", exact=True).first.click()
    form.get_by_label("Title").fill("Our rules")
    bad = {"name": "rules.pdf", "mimeType": "application/pdf", "buffer": b"<html><script>alert(1)</script>"}
    form.locator("[type=file]").set_input_files(bad)  # type: ignore[arg-type]
    form.get_by_role("button", name="Attach").click()
    expect(form).to_contain_text("“rules.pdf” is HTML")
    expect(form).to_contain_text("Choose the file again")
    expect(form.get_by_label("Title")).to_have_value("Our rules")
    assert_accessible(page)
    good = {"name": "rules.yaml", "mimeType": "text/html", "buffer": b"groups: []\n"}
    form.locator("[type=file]").set_input_files(good)  # type: ignore[arg-type]
    form.get_by_role("button", name="Attach").click()
    expect(chips(page)).to_contain_text("Our rules")


def test_it_works_without_scripts(cast: Cast, review: Review, open_tab: OpenTab) -> None:
    tab = open_tab(user=cast.member, scripts=False)
    page = tab.open(PAGE)
    page.get_by_role("link", name="Add evidence").click()
    assert page.url.endswith("/evidence/")
    page.get_by_role("textbox", name="Link").fill("grafana")
    page.get_by_role("button", name="Attach").click()
    expect(page.get_by_text("A link begins with https://")).to_be_visible()
    page.get_by_role("textbox", name="Link").fill("https://grafana.example/d/1")
    page.get_by_role("button", name="Attach").click()
    expect(chips(page)).to_contain_text("grafana.example/d/1")
    page.get_by_role("button", name="Run Health endpoint").click()
    expect(page.get_by_text("The run is queued")).to_be_visible()


def test_a_probe_runs_without_a_reload(cast: Cast, review: Review, open_tab: OpenTab, endpoint: str) -> None:
    allowed = {"READINESS_EGRESS_ALLOW": "127.0.0.1/32:1024-65535"}
    with worker(str(connection.settings_dict["NAME"]), allowed):
        tab = open_tab(user=cast.member)
        page = tab.open(PAGE)
        page.evaluate("window.stayed = true")
        page.locator(f"#item-{ITEM}").get_by_text("Met", exact=True).click()
        note = page.locator(f"#note-{ITEM}")
        note.fill("It answers.")
        page.get_by_role("button", name="Run Health endpoint").click()
        probe = page.locator(".probe")
        expect(probe).to_contain_text("answered 503", timeout=90_000)
        expect(page.get_by_role("button", name="Run again Health endpoint")).to_be_focused()
        expect(page.locator("#status")).to_contain_text("Health endpoint: The health endpoint answered 503")
        expect(chips(page)).to_contain_text("Machine-verified")
        expect(page.get_by_text("The answer and the probe disagree").first).to_be_visible()
        assert page.evaluate("window.stayed")
        expect(page.locator("[hx-trigger^=every]")).to_have_count(0)
        tab.shoot("probe-failed")
        assert_accessible(page)
        page.get_by_role("button", name="Use “not met”").click()
        expect(page.locator(".proposal")).to_be_hidden()
        expect(note).to_have_value("It answers.")
        expect(page.locator(f"#state-{ITEM}")).to_have_text("Not met")
        answer = review.answers.get(item__slug=ITEM)
        assert (answer.state, answer.note) == ("not_met", "It answers.")
    page.get_by_role("link", name="what Health endpoint saw").click()
    expect(page.get_by_role("heading", name="Health endpoint")).to_be_visible()
    tab.shoot("probe-run")
    tab.assert_fits()
    assert_accessible(page)


@pytest.mark.parametrize(("phone", "dark"), [(False, False), (False, True), (True, False), (True, True)])
def test_the_panels_look_right(
    cast: Cast, review: Review, open_tab: OpenTab, phone: bool, dark: bool
) -> None:
    made = fill(review, cast)
    tab = open_tab(user=cast.member, phone=phone, dark=dark)
    name = f"{'phone' if phone else 'desk'}-{'dark' if dark else 'light'}"
    page = tab.open(PAGE)
    expect(chips(page)).to_have_count(5)
    page.get_by_role("link", name="Add evidence").click()
    expect(page.locator(".evidence-form")).to_be_visible()
    tab.shoot(f"evidence-{name}")
    tab.assert_fits()
    assert_accessible(page)
    tab.open("/services/checkout/reviews/1/section-1/")
    tab.shoot(f"section-{name}")
    tab.assert_fits()
    for kind, row in made.items():
        tab.open(f"{PAGE}evidence/{row.pk}/")
        tab.shoot(f"preview-{kind}-{name}")
        tab.assert_fits()
        assert_accessible(page)


def test_an_image_shows_and_a_pdf_is_sandboxed(cast: Cast, review: Review, open_tab: OpenTab) -> None:
    made = fill(review, cast)
    tab = open_tab(user=cast.member)
    page = tab.open(f"{PAGE}evidence/{made['shot.png'].pk}/")
    assert page.locator(".evidence-image").evaluate("image => image.complete && image.naturalWidth") == 1
    answer = page.request.get(f"{tab.base}{PAGE}evidence/{made['audit.pdf'].pk}/content/")
    assert answer.body() == PDF
    assert answer.headers["content-security-policy"].startswith("sandbox")
