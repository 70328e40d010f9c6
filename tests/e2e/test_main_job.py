"""The whole main job through the pages: from signing in to a packet that holds what was signed."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pikepdf
import pytest
from playwright.sync_api import Browser, Page, expect

from readiness import processes
from readiness.embedded.process import spawn
from reviews.models import Packet, Review, Snapshot
from tests.cast import Cast
from tests.e2e.axe import assert_accessible
from tests.e2e.browser import Tab, new_tab
from tests.e2e.server import ROOT, running, with_database
from tests.factories import PASSWORD
from tests.reviews.builders import make_version

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
ALLOW = {"READINESS_EGRESS_ALLOW": "127.0.0.0/8:1024-65535"}


@pytest.fixture
def app(cast: Cast, collected: Path) -> Iterator[str]:
    """The web process and both workers on the test's database."""
    from django.db import connection

    name = connection.settings_dict["NAME"]
    extra = {**ALLOW, "READINESS_STATIC": str(collected)}
    with running(name, extra) as base:
        environment = {**os.environ, **extra, "DATABASE_URL": with_database(name), "READINESS_BASE_URL": base}
        workers = [
            spawn(command, env=environment, cwd=ROOT, output=subprocess.DEVNULL)
            for command in (processes.worker(), processes.packets())
        ]
        try:
            yield base
        finally:
            for worker in workers:
                worker.send_signal(signal.SIGTERM)
            for worker in workers:
                worker.wait(20)


def sign_in(browser: Browser, tabs: list[Tab], base: str, email: str) -> Page:
    """Sign in as a person does, by e-mail address and password."""
    tab = new_tab(browser, base)
    tabs.append(tab)
    page = tab.open("/accounts/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="My work")).to_be_visible()
    return page


def add_service(page: Page, base: str) -> None:
    """Add a service that points at the running application itself."""
    page.goto(f"{base}/services/new/")
    page.get_by_label("Name", exact=True).fill("checkout")
    page.get_by_label("Health URL").fill(base.replace("localhost", "127.0.0.1") + "/health/live")
    page.get_by_role("button", name="Add the service").click()
    expect(page.get_by_role("heading", name="checkout")).to_be_visible()


def start_review(page: Page) -> None:
    """Start with the fit check."""
    page.get_by_role("link", name="Start a review").first.click()
    with page.expect_response(lambda response: response.url.endswith("/reviews/start/")):
        page.locator("[name=fact_runs_containers]").select_option("yes")  # the verdict follows the facts
    page.wait_for_load_state("networkidle")
    page.get_by_role("button", name="Start the review").click()
    expect(page.get_by_role("heading", name="Section 1", level=2)).to_be_visible()


def answer(page: Page, slug: str, choice: str, note: str) -> None:
    """Choose an answer and write a note; both save themselves."""
    card = page.locator(f"#item-{slug}")
    card.get_by_text(choice, exact=True).first.click()
    card.locator("textarea[name=note]").fill(note)
    expect(card.locator("[data-save-state]")).to_have_text("Saved just now")
    expect(card.locator(f"#state-{slug}")).to_contain_text(choice)


def attach_link(page: Page, slug: str) -> None:
    """Attach a link as evidence."""
    card = page.locator(f"#item-{slug}")
    card.get_by_text("Add evidence").click()
    card.locator("input[name$=url]").fill("https://grafana.example.com/d/1")
    card.locator("input[name$=title]").fill("Latency dashboard")
    card.get_by_role("button", name="Attach").click()
    expect(card.get_by_role("link", name="Latency dashboard (")).to_be_visible()


def run_probe(page: Page, slug: str) -> None:
    """Run the probe and wait for its outcome, without a reload."""
    page.evaluate("window.notReloaded = true")
    card = page.locator(f"#item-{slug}")
    card.get_by_role("button", name="Run", exact=False).first.click()
    expect(card.get_by_text("Pass", exact=True)).to_be_visible(timeout=20_000)
    assert page.evaluate("window.notReloaded") is True


def approve(page: Page, base: str, position: int) -> None:
    """Approve a section as its reviewer."""
    page.goto(f"{base}/services/checkout/reviews/1/section-{position}/")
    page.get_by_role("button", name=f"Approve Section {position}").click()
    expect(page.get_by_text(f"You approved Section {position}.")).to_be_visible()


def test_from_sign_in_to_a_packet(browser: Browser, tabs: list[Tab], app: str, cast: Cast) -> None:
    """Sign in, add a service, start, answer, attach, probe, submit, approve, sign off, download."""
    make_version("small", 2, 2, probes=["health_endpoint"])
    member = sign_in(browser, tabs, app, cast.member.email)
    add_service(member, app)
    start_review(member)
    for position in (1, 2):
        member.goto(f"{app}/services/checkout/reviews/1/section-{position}/")
        for spot in (1, 2):
            answer(member, f"item-{position}-{spot}", "Met", f"Looked at it, {position}.{spot}")
        if position == 1:
            attach_link(member, "item-1-1")
            run_probe(member, "item-1-2")
            assert_accessible(member)
        member.get_by_role("button", name=f"Submit Section {position}").click()
        expect(member.get_by_text(f"Section {position} is submitted.")).to_be_visible()
    reviewer = sign_in(browser, tabs, app, cast.reviewer.email)
    expect(reviewer.get_by_role("heading", name="To approve")).to_be_visible()
    for position in (1, 2):
        approve(reviewer, app, position)
    accountable = sign_in(browser, tabs, app, cast.accountable.email)
    accountable.get_by_role("link", name="Small, review 1").click()
    accountable.get_by_label("Ready", exact=True).check()
    accountable.get_by_role("button", name="Sign off").click()
    expect(accountable.get_by_role("link", name="Download")).to_be_visible(timeout=60_000)
    assert_accessible(accountable)
    with accountable.expect_download() as download:
        accountable.get_by_role("link", name="Download").click()
    check_packet(Path(download.value.path()).read_bytes())


def check_packet(content: bytes) -> None:
    """The PDF's text, page count, attachment and hash are those of what was signed."""
    snapshot = Snapshot.objects.get()
    packet = Packet.objects.get()
    assert packet.file is not None
    assert hashlib.sha256(content).hexdigest() == packet.file.sha256
    with pikepdf.open(io.BytesIO(content)) as pdf:
        assert len(pdf.pages) == packet.pages
        attached = pdf.attachments["snapshot.json"].get_file().read_bytes()
    assert attached == bytes(snapshot.content)
    assert hashlib.sha256(attached).hexdigest() == snapshot.sha256
    text = subprocess.run(
        ["pdftotext", "-", "-"], input=content, capture_output=True, check=True
    ).stdout.decode()
    for words in ("checkout", "Looked at it, 2.2", "Latency dashboard", "Rita Reviewer", "Ada Accountable"):
        assert words in text
    assert Review.objects.get().status == "signed_off"
