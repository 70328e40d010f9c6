"""Signing in and one's own account, in a browser: accessible, and working under the security policy."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from readiness.accounts.models import User
from tests.e2e.axe import assert_accessible
from tests.e2e.browser import Tab
from tests.e2e.conftest import OpenTab
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.e2e

ENTRANCE = {
    "login": "/accounts/login/",
    "signup": "/accounts/signup/",
    "password-reset": "/accounts/password/reset/",
    "password-reset-done": "/accounts/password/reset/done/",
    "password-reset-dead-link": "/accounts/password/reset/key/1-nonsense/",
    "inactive": "/accounts/inactive/",
}
OWN = {
    "email": "/accounts/email/",
    "password": "/accounts/password/change/",
    "mfa": "/accounts/2fa/",
    "totp": "/accounts/2fa/totp/activate/",
    "passkeys": "/accounts/2fa/webauthn/",
    "passkey-add": "/accounts/2fa/webauthn/add/",
    "sessions": "/accounts/sessions/",
    "logout": "/accounts/logout/",
}


@pytest.fixture
def person(transactional_db: None) -> User:
    return UserFactory.create(name="Mara Kerr", email="mara@example.com")


def sign_in(tab: Tab, path: str = "/accounts/login/") -> Page:
    page = tab.open(path)
    page.get_by_label("Email").fill("mara@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/login/" not in url)
    return page


def open_own(tab: Tab, path: str) -> Page:
    """Open a page of one's own account; say the password again where it is asked for."""
    page = tab.open(path)
    if "/reauthenticate/" in page.url:
        assert_accessible(page)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Confirm").click()
        page.wait_for_url(f"**{path}")
    assert page.url.endswith(path), f"{path} led to {page.url}"
    return page


def plug_in_a_key(tab: Tab, *, verified: bool) -> None:
    """Give the browser a passkey device; one that is not `verified` refuses to say who its user is."""
    devtools = tab.context.new_cdp_session(tab.page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": verified,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


@pytest.mark.parametrize("look", [{}, {"phone": True, "dark": True}], ids=["desktop", "phone-dark"])
def test_pages_before_signing_in(open_tab: OpenTab, look: dict[str, bool]) -> None:
    tab = open_tab(**look)
    for name, path in ENTRANCE.items():
        page = tab.open(path)
        tab.shoot(f"entrance-{name}-{'-'.join(look) or 'desktop'}")
        tab.assert_fits()
        assert_accessible(page)


@pytest.mark.parametrize("look", [{}, {"phone": True, "dark": True}], ids=["desktop", "phone-dark"])
def test_pages_of_ones_own_account(open_tab: OpenTab, person: User, look: dict[str, bool]) -> None:
    tab = open_tab(**look)
    sign_in(tab)
    for name, path in OWN.items():
        page = open_own(tab, path)
        tab.shoot(f"account-{name}-{'-'.join(look) or 'desktop'}")
        tab.assert_fits()
        assert_accessible(page)


def test_a_wrong_password_keeps_the_address(open_tab: OpenTab, person: User) -> None:
    page = open_tab().open("/accounts/login/")
    page.get_by_label("Email").fill("mara@example.com")
    page.get_by_label("Password", exact=True).fill("not it")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Email")).to_have_value("mara@example.com")
    assert_accessible(page)


def test_a_passkey_signs_in(open_tab: OpenTab, person: User) -> None:
    tab = open_tab()
    page = sign_in(tab)
    plug_in_a_key(tab, verified=True)
    open_own(tab, "/accounts/2fa/webauthn/add/")
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add").click()
    page.wait_for_url(re.compile("/2fa/(recovery-codes|webauthn)/$"))
    tab.shoot("account-recovery-codes")
    assert_accessible(page)
    tab.open("/accounts/logout/")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(lambda url: "/login/" not in url)
    page.goto(f"{tab.base}/accounts/2fa/")
    expect(page.get_by_role("heading", name="Two-factor and passkeys")).to_be_visible()


def test_a_refused_passkey_is_put_into_words(open_tab: OpenTab, person: User) -> None:
    tab = open_tab()
    plug_in_a_key(tab, verified=False)
    page = tab.open("/accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.locator("#status").get_by_role("alert")).to_contain_text("passkey")
