"""Signing in through OpenID Connect and GitHub: who gets in, and into which account."""

from __future__ import annotations

import html
import http.client
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from readiness.accounts.models import User
from readiness.accounts.rights import actor_of
from readiness.settings import BASE_DIR
from tests.accounts.fake_provider import CLIENT_ID, CLIENT_SECRET, Provider, running_provider
from tests.accounts.test_sign_in import is_signed_in, sign_in
from tests.accounts.test_two_factor import CHALLENGE, enrol, totp
from tests.factories import PASSWORD, UserFactory

START = "/accounts/oidc/sso/login/"
GITHUB = {"github": {"OAUTH_PKCE_ENABLED": True, "APPS": [{"client_id": "gh", "secret": "s"}]}}

pytestmark = pytest.mark.django_db


@pytest.fixture
def provider(settings: Settings) -> Iterator[Provider]:
    """A running provider that the settings name "Example ID"."""
    with running_provider() as running:
        app = {
            "provider_id": "sso",
            "name": "Example ID",
            "client_id": CLIENT_ID,
            "secret": CLIENT_SECRET,
            "settings": {"server_url": running.url},
        }
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
        yield running


def leave(client: Client, start: str = START) -> str:
    """Press the button; return the address at the provider that the browser is sent to."""
    page = client.post(start).content.decode()
    match = re.search(r"http-equiv=\"refresh\"\s+content=\"0;URL='([^']+)'", page)
    assert match, page
    return html.unescape(match.group(1))


def come_back(address: str) -> str:
    """Visit the provider as the browser does; return the path that it sends back to."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=5)
    connection.request("GET", f"{parts.path}?{parts.query}")
    location = urlsplit(connection.getresponse().headers["Location"])
    connection.close()
    assert location.netloc == "testserver"
    return f"{location.path}?{location.query}"


def through(client: Client) -> HttpResponse:
    """Sign in through the provider; return our answer to the browser that comes back."""
    return client.get(come_back(leave(client)))  # type: ignore[return-value]


@pytest.mark.usefixtures("open_signup")
def test_a_newcomer_gets_an_account_without_any_right(client: Client, provider: Provider) -> None:
    assert through(client).headers["Location"] == "/"
    user = User.objects.get()
    assert (user.name, user.email) == ("Nora New", "nora@example.com")
    assert client.session["_auth_user_id"] == str(user.pk)
    assert EmailAddress.objects.get().verified
    assert not user.has_usable_password()
    assert not actor_of(user).is_insider
    assert "/token" in provider.requests


@pytest.mark.usefixtures("closed_signup")
def test_with_sign_up_closed_a_newcomer_stays_outside(client: Client, provider: Provider) -> None:
    assert "by invitation" in through(client).content.decode()
    assert not User.objects.exists()
    assert not is_signed_in(client)


@pytest.mark.usefixtures("domain_signup")
@pytest.mark.parametrize(("email", "admitted"), [("nora@example.com", True), ("nora@evil.org", False)])
def test_sign_up_by_domain_holds_for_providers(
    client: Client, provider: Provider, email: str, admitted: bool
) -> None:
    provider.claims["email"] = email
    through(client)
    assert User.objects.filter(email=email).exists() is admitted
    assert is_signed_in(client) is admitted


@pytest.mark.usefixtures("domain_signup")
def test_an_unverified_address_of_the_domain_still_needs_the_code(client: Client, provider: Provider) -> None:
    provider.claims["email_verified"] = False
    through(client)
    assert not is_signed_in(client)
    assert not EmailAddress.objects.filter(verified=True).exists()


@pytest.mark.usefixtures("closed_signup")
def test_an_existing_account_is_joined_by_verified_address_and_found_again_by_subject(
    client: Client, provider: Provider
) -> None:
    user = UserFactory.create(email="nora@example.com", is_admin=True)
    through(client)
    assert client.session["_auth_user_id"] == str(user.pk)
    assert SocialAccount.objects.get().user == user
    assert User.objects.get().check_password(PASSWORD)

    provider.claims["email"] = "nora.married@example.com"
    again = Client()
    through(again)
    assert again.session["_auth_user_id"] == str(user.pk)
    assert User.objects.get().email == "nora@example.com"


@pytest.mark.usefixtures("open_signup")
@pytest.mark.parametrize("claim", [False, "false", "no", None, 0, []])
def test_an_existing_account_is_not_joined_by_an_unverified_address(
    client: Client, provider: Provider, claim: object
) -> None:
    UserFactory.create(email="nora@example.com")
    provider.claims["email_verified"] = claim
    through(client)
    assert not is_signed_in(client)
    assert not SocialAccount.objects.exists()
    assert User.objects.get().check_password(PASSWORD)


@pytest.mark.usefixtures("closed_signup")
def test_an_invited_person_may_come_by_the_provider_instead(client: Client, provider: Provider) -> None:
    user = User.objects.create_user("nora@example.com", name="Nora Invited", is_viewer=True)
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=False)
    through(client)
    assert client.session["_auth_user_id"] == str(user.pk)
    assert EmailAddress.objects.get().verified
    assert User.objects.get().name == "Nora Invited"


@pytest.mark.usefixtures("open_signup")
def test_a_password_set_before_the_address_was_proven_is_worthless_afterwards(
    client: Client, provider: Provider
) -> None:
    # Somebody signed up with Nora's address and waits for her to come.
    UserFactory.create(email="nora@example.com", verified=False)
    through(client)
    assert is_signed_in(client)
    attacker = Client()
    assert sign_in(attacker, "nora@example.com") == 200
    assert not is_signed_in(attacker)


def test_a_deactivated_person_stays_outside(client: Client, provider: Provider) -> None:
    UserFactory.create(email="nora@example.com", is_active=False)
    assert through(client).headers["Location"] == "/accounts/inactive/"
    assert not is_signed_in(client)


def test_the_second_factor_is_asked_for_all_the_same(client: Client, provider: Provider) -> None:
    UserFactory.create(email="nora@example.com")
    own = Client()
    sign_in(own, "nora@example.com")
    secret = enrol(own)
    through(client)
    assert not is_signed_in(client)
    client.post(CHALLENGE, {"code": totp(secret)})
    assert is_signed_in(client)


@pytest.mark.usefixtures("open_signup")
@pytest.mark.parametrize("wrong", [{"aud": "somebody else"}, {"iss": "https://evil.example"}, {"exp": 1}])
def test_a_token_for_somebody_else_is_refused(
    client: Client, provider: Provider, wrong: dict[str, object]
) -> None:
    provider.token = wrong
    response = through(client)
    assert response.status_code in {200, 401, 403}
    assert not User.objects.exists()
    assert not is_signed_in(client)


@pytest.mark.usefixtures("open_signup")
def test_a_code_is_bound_to_the_browser_that_asked_for_it(client: Client, provider: Provider) -> None:
    back = come_back(leave(client))
    victim = Client()
    victim.get(back)
    assert not is_signed_in(victim)
    assert not User.objects.exists()


@pytest.mark.usefixtures("open_signup")
def test_saying_no_at_the_provider_leads_back_with_an_explanation(client: Client, provider: Provider) -> None:
    provider.denies = True
    response = client.get(come_back(leave(client)), follow=True)
    assert response.status_code == 200
    assert response.request["PATH_INFO"].endswith("/login/cancelled/")
    assert not User.objects.exists()


def test_a_provider_that_is_down_or_broken_is_told_with_503(
    client: Client, provider: Provider, settings: Settings
) -> None:
    provider.breaks = True
    assert client.post(START).status_code == 503
    app = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]
    app["settings"] = {"server_url": "http://127.0.0.1:1"}
    response = client.post(START)
    assert response.status_code == 503
    assert "sign-in service does not answer" in response.content.decode()


def test_the_sign_in_page_offers_what_is_set_up_and_nothing_else(
    client: Client, provider: Provider, settings: Settings
) -> None:
    page = client.get("/accounts/login/").content.decode()
    assert "Example ID" in page
    assert "GitHub" not in page
    assert client.post("/accounts/github/login/").status_code == 404
    settings.SOCIALACCOUNT_PROVIDERS = GITHUB
    page = client.get("/accounts/login/").content.decode()
    assert "GitHub" in page
    assert "Example ID" not in page
    assert client.post(START).status_code == 404
    settings.SOCIALACCOUNT_PROVIDERS = {}
    page = client.get("/accounts/login/").content.decode()
    assert "GitHub" not in page


def test_github_is_asked_with_state_and_pkce(client: Client, settings: Settings) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = GITHUB
    address = urlsplit(leave(client, "/accounts/github/login/"))
    assert (address.netloc, address.path) == ("github.com", "/login/oauth/authorize")
    query = parse_qs(address.query)
    assert query["client_id"] == ["gh"]
    assert query["redirect_uri"] == ["http://testserver/accounts/github/login/callback/"]
    assert query["code_challenge_method"] == ["S256"]
    assert query["state"]


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({"OIDC_CLIENT_ID": "x", "OIDC_CLIENT_SECRET": "x"}, "OIDC_SERVER_URL"),
        ({"OIDC_CLIENT_ID": "x", "OIDC_SERVER_URL": "https://id.example.com"}, "OIDC_CLIENT_SECRET"),
        (
            {"OIDC_CLIENT_ID": "x", "OIDC_CLIENT_SECRET": "x", "OIDC_SERVER_URL": "http://id.example.com"},
            "https",
        ),
        ({"GITHUB_CLIENT_ID": "x"}, "GITHUB_CLIENT_SECRET"),
        ({"READINESS_SIGNUP": "anyone"}, "READINESS_SIGNUP"),
    ],
)
def test_half_a_provider_stops_the_start(variables: dict[str, str], complaint: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import readiness.settings"],
        cwd=BASE_DIR,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert "ImproperlyConfigured" in last
    assert complaint in last
