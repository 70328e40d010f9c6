"""Signing in with a password, rate limits, password reset, and changing one's address."""

from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.core import mail
from django.test import Client
from pytest_django import Settings

from readiness.accounts.adapters import AccountAdapter
from readiness.accounts.models import User
from tests.accounts.test_signup import code_in
from tests.cast import Cast
from tests.factories import PASSWORD, UserFactory

LOGIN = "/accounts/login/"
RESET = "/accounts/password/reset/"
NEW_PASSWORD = "another correct horse battery"


def sign_in(client: Client, email: str, password: str = PASSWORD, **extra: str) -> int:
    """Try to sign in; return the status."""
    return client.post(LOGIN, {"login": email, "password": password}, **extra).status_code


def is_signed_in(client: Client) -> bool:
    """Whether the server takes this client for somebody."""
    return client.get("/me/").status_code == 200


@pytest.mark.parametrize("email", ["member@example.com", "Member@EXAMPLE.com"])
def test_sign_in_by_address_in_any_case(cast: Cast, client: Client, email: str) -> None:
    assert sign_in(client, email) == 302
    assert is_signed_in(client)
    assert UserSession.objects.get().user == cast.member


def test_sign_in_goes_on_to_where_one_wanted_to_go_but_to_no_other_site(cast: Cast, client: Client) -> None:
    data = {"login": "member@example.com", "password": PASSWORD, "next": "/teams/"}
    assert client.post(LOGIN, data).headers["Location"] == "/teams/"
    evil = Client().post(LOGIN, {**data, "next": "https://evil.example/"})
    assert evil.headers["Location"] == "/"


def test_a_wrong_password_and_an_unknown_address_look_the_same(cast: Cast, client: Client) -> None:
    pages = []
    for email in ("member@example.com", "nobody@example.com"):
        page = client.post(LOGIN, {"login": email, "password": "wrong wrong wrong"}).content.decode()
        pages.append(re.sub(r"[A-Za-z0-9]{64}", "", page).replace(email, ""))
    assert "not correct" in pages[0]
    assert pages[0] == pages[1]
    assert not is_signed_in(client)


def test_a_deactivated_person_cannot_sign_in(cast: Cast, client: Client) -> None:
    User.objects.filter(pk=cast.member.pk).update(is_active=False)
    response = client.post(LOGIN, {"login": "member@example.com", "password": PASSWORD})
    assert response.headers["Location"] == "/accounts/inactive/"
    assert not is_signed_in(client)


def test_an_unverified_address_asks_for_the_code_first(db: None, client: Client) -> None:
    user = UserFactory.create(verified=False)
    assert sign_in(client, user.email) == 302
    assert not is_signed_in(client)
    client.post("/accounts/confirm-email/", {"code": code_in(str(mail.outbox[0].body))})
    assert is_signed_in(client)


def test_signing_out_needs_a_post(cast: Cast, client: Client) -> None:
    sign_in(client, "member@example.com")
    client.get("/accounts/logout/")
    assert is_signed_in(client)
    client.post("/accounts/logout/")
    assert not is_signed_in(client)


def test_guessing_one_persons_password_is_stopped(cast: Cast, client: Client) -> None:
    for number in range(5):
        sign_in(client, "member@example.com", f"wrong password {number}")
    page = client.post(LOGIN, {"login": "member@example.com", "password": PASSWORD})
    assert "Too many failed login attempts" in page.content.decode()
    assert not is_signed_in(client)
    # From elsewhere too, and only for this person.
    assert sign_in(Client(), "member@example.com", REMOTE_ADDR="203.0.113.9") == 200
    assert sign_in(Client(), "owner@example.com", REMOTE_ADDR="203.0.113.9") == 302


def test_many_sign_ins_from_one_address_get_429_with_a_clear_page(cast: Cast, client: Client) -> None:
    statuses = [sign_in(client, f"nobody{number}@example.com") for number in range(30)]
    assert set(statuses) == {200}
    response = client.post(LOGIN, {"login": "member@example.com", "password": PASSWORD})
    assert response.status_code == 429
    page = response.content.decode()
    assert "Too many tries" in page
    assert "Wait five minutes" in page
    assert client.get(LOGIN).status_code == 200


@pytest.mark.parametrize(("proxies", "limited"), [(0, True), (1, False)])
def test_behind_a_proxy_each_client_has_its_own_limit(
    cast: Cast, client: Client, settings: Settings, proxies: int, limited: bool
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    settings.ACCOUNT_RATE_LIMITS = {"login": "3/m/ip"}
    statuses = [
        sign_in(client, "x@example.com", headers={"X-Forwarded-For": f"203.0.113.{number}"})  # type: ignore[arg-type]
        for number in range(4)
    ]
    assert (429 in statuses) is limited


def test_a_client_cannot_forge_its_address_past_the_trusted_proxy(
    cast: Cast, client: Client, settings: Settings
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    settings.ACCOUNT_RATE_LIMITS = {"login": "3/m/ip"}
    statuses = [
        sign_in(client, "x@example.com", headers={"X-Forwarded-For": f"10.0.0.{number}, 203.0.113.1"})  # type: ignore[arg-type]
        for number in range(4)
    ]
    assert statuses == [200, 200, 200, 429]


def reset_link(body: str) -> str:
    """Return the path of the link in a mail about a password."""
    match = re.search(r"https?://[^/]+(/accounts/password/reset/key/\S+)", body)
    assert match, body
    return match.group(1)


def choose(client: Client, link: str, password: str = NEW_PASSWORD) -> int:
    """Open the link and choose a password; return the status of the last answer."""
    target = client.get(link, follow=True).request["PATH_INFO"]
    return client.post(target, {"password1": password, "password2": password}).status_code


def test_reset_sets_a_password_signs_in_and_ends_other_sessions(cast: Cast, client: Client) -> None:
    thief = Client()
    sign_in(thief, "member@example.com")
    assert client.post(RESET, {"email": "Member@example.com"}).status_code == 302
    link = reset_link(str(mail.outbox[0].body))
    assert choose(client, link) == 302
    assert is_signed_in(client)
    assert not is_signed_in(thief)
    assert sign_in(Client(), "member@example.com", NEW_PASSWORD) == 302
    # Used once, the link is dead.
    assert choose(Client(), link, "yet another horse battery") != 302
    # The person is told, beside having got the link.
    assert len([message for message in mail.outbox if message.to == ["member@example.com"]]) == 2


def test_reset_for_an_unknown_address_looks_the_same_and_mails_no_link(cast: Cast, client: Client) -> None:
    known = client.post(RESET, {"email": "member@example.com"})
    unknown = client.post(RESET, {"email": "nobody@example.com"})
    assert (known.status_code, known.headers["Location"]) == (
        unknown.status_code,
        unknown.headers["Location"],
    )
    (message,) = [message for message in mail.outbox if message.to == ["nobody@example.com"]]
    assert "/reset/key/" not in message.body


def test_reset_is_not_offered_to_a_deactivated_person(cast: Cast, client: Client) -> None:
    User.objects.filter(pk=cast.member.pk).update(is_active=False)
    client.post(RESET, {"email": "member@example.com"})
    assert all("/reset/key/" not in str(message.body) for message in mail.outbox)


def test_a_reset_proves_an_address_only_if_it_is_the_only_one(db: None) -> None:
    alone, double = UserFactory.create(verified=False), UserFactory.create(verified=False)
    EmailAddress.objects.create(user=double, email="second@example.com", verified=True)
    for address, user in ((alone.email, alone), ("second@example.com", double)):
        client = Client()
        client.post(RESET, {"email": address})
        choose(client, reset_link(str(mail.outbox[-1].body)))
        assert EmailAddress.objects.get(user=user, email=user.email).verified is (user == alone)


@pytest.mark.parametrize("password", ["short", "password1234", "member@example.com"])
def test_reset_refuses_a_weak_password(cast: Cast, client: Client, password: str) -> None:
    client.post(RESET, {"email": "member@example.com"})
    assert choose(client, reset_link(str(mail.outbox[0].body)), password) == 200
    assert User.objects.get(pk=cast.member.pk).check_password(PASSWORD)


def test_setting_a_password_writes_back_no_right_that_was_taken_away_meanwhile(cast: Cast) -> None:
    stale = User.objects.get(pk=cast.admin.pk)
    User.objects.filter(pk=cast.admin.pk).update(is_admin=False)
    AccountAdapter().set_password(stale, NEW_PASSWORD)
    fresh = User.objects.get(pk=cast.admin.pk)
    assert fresh.check_password(NEW_PASSWORD)
    assert not fresh.is_admin


def change_address(client: Client, to: str) -> None:
    """Ask for another address, with the password first."""
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.post("/accounts/email/", {"action_add": "", "email": to})


def test_changing_the_address_needs_the_password_and_the_code_from_the_new_one(
    cast: Cast, client: Client
) -> None:
    sign_in(client, "member@example.com")
    blocked = client.post("/accounts/email/", {"action_add": "", "email": "milo@example.com"})
    assert blocked.headers["Location"].startswith("/accounts/reauthenticate/")
    change_address(client, "milo@example.com")
    assert User.objects.get(pk=cast.member.pk).email == "member@example.com"
    (message,) = [message for message in mail.outbox if message.to == ["milo@example.com"]]
    client.post("/accounts/confirm-email/", {"code": code_in(str(message.body))})
    assert User.objects.get(pk=cast.member.pk).email == "milo@example.com"
    assert [address.email for address in EmailAddress.objects.filter(user=cast.member)] == [
        "milo@example.com"
    ]
    assert sign_in(Client(), "milo@example.com") == 302


def test_an_address_that_somebody_was_given_meanwhile_is_not_taken_over(cast: Cast, client: Client) -> None:
    sign_in(client, "member@example.com")
    change_address(client, "ivy@example.com")
    UserFactory.create(email="ivy@example.com", verified=False)
    (message,) = [message for message in mail.outbox if message.to == ["ivy@example.com"]]
    response = client.post("/accounts/confirm-email/", {"code": code_in(str(message.body))}, follow=True)
    assert response.status_code == 200
    assert User.objects.get(pk=cast.member.pk).email == "member@example.com"
    assert User.objects.filter(email="ivy@example.com").count() == 1


def test_a_mail_server_that_is_down_is_told_with_503(cast: Cast, client: Client, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    response = client.post(RESET, {"email": "member@example.com"})
    assert response.status_code == 503
    assert "The e-mail could not be sent" in response.content.decode()


def test_the_sessions_list_ends_the_others(cast: Cast, client: Client) -> None:
    other = Client()
    sign_in(other, "member@example.com")
    sign_in(client, "member@example.com")
    assert client.get("/accounts/sessions/").status_code == 200
    client.post("/accounts/sessions/")
    assert is_signed_in(client)
    assert not is_signed_in(other)


def test_the_first_person_comes_from_the_command_line_and_can_sign_in(db: None, client: Client) -> None:
    user = User.objects.create_superuser("Root@Example.com", PASSWORD, name="Root")
    assert user.is_admin
    assert sign_in(client, "root@example.com") == 302
    assert is_signed_in(client)
