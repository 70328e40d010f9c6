"""Sign-up: closed, open, by domain; verification by a code; no enumeration."""

from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from readiness.accounts.models import User
from readiness.accounts.rights import actor_of
from readiness.accounts.signup import SignupPolicy, parse_signup
from tests.factories import PASSWORD, UserFactory

FORM = {"name": "  Nora \n New ", "email": "Nora@Example.com", "password1": PASSWORD}


def code_in(body: str) -> str:
    """Return the code that a mail shows on a line of its own."""
    match = re.search(r"^([A-Z0-9]{4,}(?:-[A-Z0-9]+)*)$", body, re.MULTILINE)
    assert match, body
    return match.group(1)


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("closed", SignupPolicy("closed")),
        (" OPEN ", SignupPolicy("open")),
        (
            "domain:Example.com, corp.example.org",
            SignupPolicy("domain", frozenset({"example.com", "corp.example.org"})),
        ),
    ],
)
def test_the_setting_is_read(text: str, policy: SignupPolicy) -> None:
    assert parse_signup(text) == policy


@pytest.mark.parametrize(
    "text", ["", "opne", "open:", "domain", "domain:", "domain:@example.com", "domain:a b.com", "domain:*"]
)
def test_a_wrong_setting_stops_the_start(text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="READINESS_SIGNUP"):
        parse_signup(text)


@pytest.mark.parametrize(
    ("email", "admitted"),
    [
        ("a@example.com", True),
        ("a@EXAMPLE.com", True),
        ("a@sub.example.com", False),
        ("a@example.com.evil.org", False),
        ("example.com@evil.org", False),
        ("", False),
    ],
)
def test_a_domain_admits_its_own_addresses_only(email: str, admitted: bool) -> None:
    assert parse_signup("domain:example.com").admits(email) is admitted


@pytest.mark.usefixtures("db", "closed_signup")
def test_closed_sign_up_makes_no_account(client: Client) -> None:
    assert "closed" in client.get("/accounts/signup/").content.decode().lower()
    client.post("/accounts/signup/", FORM)
    client.post("/accounts/signup/passkey/", FORM)
    assert not User.objects.exists()
    assert mail.outbox == []


@pytest.mark.usefixtures("db", "open_signup")
def test_open_sign_up_ends_with_the_code_from_the_mail(client: Client) -> None:
    response = client.post("/accounts/signup/", FORM)
    assert response.headers["Location"] == "/accounts/confirm-email/"
    user = User.objects.get()
    assert (user.name, user.email) == ("Nora New", "nora@example.com")
    assert not actor_of(user).is_insider
    assert client.get("/accounts/email/").status_code == 302

    wrong = client.post("/accounts/confirm-email/", {"code": "WRONG1"})
    assert not EmailAddress.objects.get().verified
    assert "ncorrect code" in wrong.content.decode()

    done = client.post("/accounts/confirm-email/", {"code": code_in(str(mail.outbox[0].body))})
    assert done.headers["Location"] == "/"
    assert EmailAddress.objects.get().verified
    assert client.session["_auth_user_id"] == str(user.pk)


@pytest.mark.usefixtures("db", "open_signup")
def test_three_wrong_codes_end_the_verification(client: Client) -> None:
    client.post("/accounts/signup/", FORM)
    for _ in range(3):
        client.post("/accounts/confirm-email/", {"code": "WRONG1"})
    client.post("/accounts/confirm-email/", {"code": code_in(str(mail.outbox[0].body))})
    assert not EmailAddress.objects.get().verified
    assert "_auth_user_id" not in client.session


@pytest.mark.usefixtures("db", "domain_signup")
def test_domain_sign_up_takes_its_domain_and_refuses_others(client: Client) -> None:
    refused = client.post("/accounts/signup/", {**FORM, "email": "nora@evil.org"})
    assert "example.com" in refused.content.decode()
    assert not User.objects.exists()
    client.post("/accounts/signup/", FORM)
    assert User.objects.count() == 1


@pytest.mark.usefixtures("db", "open_signup")
def test_sign_up_with_a_taken_address_looks_the_same_and_mails_the_owner(client: Client) -> None:
    UserFactory.create(email="nora@example.com")
    response = client.post("/accounts/signup/", FORM)
    assert response.headers["Location"] == "/accounts/confirm-email/"
    assert User.objects.count() == 1
    assert mail.outbox[0].to == ["nora@example.com"]
    assert "already" in mail.outbox[0].body


@pytest.mark.usefixtures("db", "open_signup")
@pytest.mark.parametrize("password", ["short", "password1234", "nora@example.com"])
def test_a_weak_password_is_refused(client: Client, password: str) -> None:
    response = client.post("/accounts/signup/", {**FORM, "password1": password})
    assert "This password" in response.content.decode() or "too similar" in response.content.decode()
    assert not User.objects.exists()


@pytest.mark.usefixtures("db", "open_signup")
def test_a_name_of_markup_is_shown_as_text(client: Client) -> None:
    client.post("/accounts/signup/", {**FORM, "name": "<script>alert(1)</script>"})
    user = User.objects.get()
    client.force_login(user)
    assert "<script>alert(1)" not in client.get("/accounts/email/").content.decode()
