"""People, teams, signing up and coming from a provider, in a browser."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import connection
from playwright.sync_api import Browser, expect

from readiness.accounts.models import Membership, User
from tests.accounts.fake_provider import CLIENT_ID, CLIENT_SECRET, Provider, running_provider
from tests.accounts.test_signup import code_in
from tests.cast import Cast
from tests.e2e.axe import assert_accessible
from tests.e2e.browser import Tab, new_tab
from tests.e2e.conftest import OpenTab
from tests.e2e.server import running
from tests.e2e.test_account_pages import plug_in_a_key

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("look", [{}, {"phone": True, "dark": True}], ids=["desktop", "phone-dark"])
def test_the_pages_are_accessible_and_fit(cast: Cast, open_tab: OpenTab, look: dict[str, bool]) -> None:
    tab = open_tab(user=cast.admin, **look)
    paths = {
        "people": "/people/",
        "people-none": "/people/?q=nobody-of-that-name",
        "invite": "/people/invite/",
        "person": f"/people/{cast.reviewer.pk}/",
        "teams": "/teams/",
        "team": "/teams/payments/",
        "team-edit": "/teams/payments/edit/",
        "profile": "/me/",
    }
    for name, path in paths.items():
        page = tab.open(path)
        tab.shoot(f"people-{name}-{'-'.join(look) or 'desktop'}")
        tab.assert_fits()
        assert_accessible(page)


def test_the_list_filters_without_a_reload_and_keeps_the_address(cast: Cast, open_tab: OpenTab) -> None:
    tab = open_tab(user=cast.admin)
    page = tab.open("/people/")
    page.evaluate("window.notReloaded = true")
    page.get_by_label("Name or e-mail").fill("olga")
    expect(page.locator("#people tbody tr")).to_have_count(1)
    page.get_by_label("Name or e-mail").fill("")
    page.get_by_label("Role").select_option("admin")
    expect(page.locator("#people tbody")).to_contain_text("Anton Admin")
    expect(page.locator("#people tbody tr")).to_have_count(1)
    assert "role=admin" in page.url
    assert page.evaluate("window.notReloaded")
    page.reload()
    expect(page.locator("#people tbody tr")).to_have_count(1)
    expect(page.get_by_label("Role")).to_have_value("admin")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_lead_manages_the_team_with_and_without_scripts(
    cast: Cast, open_tab: OpenTab, scripts: bool
) -> None:
    page = open_tab(user=cast.owner, scripts=scripts).open("/teams/payments/")
    page.get_by_label("Person").select_option(label="Vera Viewer")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("Vera Viewer is now in Payments")).to_be_visible()
    page.get_by_role("button", name="Make lead for Vera Viewer").click()
    expect(page.get_by_role("button", name="Take the lead from Vera Viewer")).to_be_visible()
    page.get_by_role("button", name="Remove Milo Member").click()
    expect(page.locator(".rows")).not_to_contain_text("Milo Member")
    names = set(Membership.objects.filter(team=cast.team).values_list("user__name", "is_lead"))
    assert names == {("Olga Owner", True), ("Vera Viewer", True)}


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    """A sign-in provider on loopback."""
    with running_provider() as running_one:
        yield running_one


@pytest.fixture(scope="module")
def mailbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the application puts its mail."""
    return tmp_path_factory.mktemp("mail")


@pytest.fixture(scope="module")
def open_app(
    django_db_setup: None, django_db_blocker: pytest.FixtureRequest, provider: Provider, mailbox: Path
) -> Iterator[str]:
    """The application with open sign-up, mail in files and the provider."""
    extra = {
        "READINESS_SIGNUP": "open",
        "EMAIL_URL": f"filemail:///{mailbox}",
        "OIDC_CLIENT_ID": CLIENT_ID,
        "OIDC_CLIENT_SECRET": CLIENT_SECRET,
        "OIDC_SERVER_URL": provider.url,
        "OIDC_NAME": "Example ID",
    }
    with running(str(connection.settings_dict["NAME"]), extra) as base:
        # The first page loads the application's code; on a busy machine that outlasts a page's patience.
        with urllib.request.urlopen(f"{base}/accounts/login/", timeout=60):  # noqa: S310  # on loopback
            pass
        yield base


@pytest.fixture
def visitor(browser: Browser, tabs: list[Tab], open_app: str, transactional_db: None) -> Tab:
    """A tab of somebody who is not signed in."""
    tab = new_tab(browser, open_app)
    tabs.append(tab)
    return tab


def newest_mail(mailbox: Path, to: str) -> str:
    """Wait for a mail to `to`; return its text."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        for path in sorted(mailbox.iterdir(), key=lambda file: file.stat().st_mtime, reverse=True):
            if f"To: {to}" in (text := path.read_text()):
                return text
        time.sleep(0.05)
    raise AssertionError(f"No mail to {to}.")


def test_signing_up_with_a_passkey_and_never_a_password(visitor: Tab, mailbox: Path) -> None:
    plug_in_a_key(visitor, verified=True)
    page = visitor.open("/accounts/signup/")
    page.get_by_role("link", name="Sign up with a passkey").click()
    page.get_by_label("Name", exact=True).fill("Nadia Key")
    page.get_by_label("Email").fill("nadia@example.com")
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/confirm-email/")
    visitor.shoot("signup-code")
    assert_accessible(page)
    page.get_by_label("Code").fill(code_in(newest_mail(mailbox, "nadia@example.com")))
    page.get_by_role("button", name="Confirm").click()
    page.wait_for_url("**/webauthn/signup/")
    visitor.shoot("signup-passkey")
    assert_accessible(page)
    page.get_by_role("button", name="Create").click()
    page.wait_for_url(lambda url: "/accounts/" not in url)

    user = User.objects.get(email="nadia@example.com")
    assert (user.name, user.has_usable_password()) == ("Nadia Key", False)
    assert EmailAddress.objects.get(user=user).verified
    assert Authenticator.objects.filter(user=user, type="webauthn").count() == 1

    visitor.context.clear_cookies()
    visitor.open("/accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(lambda url: "/accounts/" not in url)
    visitor.open("/me/")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Nadia Key")


def test_coming_from_a_provider_under_the_security_policy(visitor: Tab, provider: Provider) -> None:
    page = visitor.open("/accounts/login/")
    visitor.shoot("entrance-login-provider")
    assert_accessible(page)
    page.get_by_role("button", name="Example ID").click()
    page.wait_for_url(lambda url: url.startswith(visitor.base) and "/accounts/" not in url)
    visitor.open("/me/")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Nora New")
    assert "/token" in provider.requests
