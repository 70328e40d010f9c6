"""Second factors: enrolling an authenticator app, signing in with it, recovery codes, what is stored."""

from __future__ import annotations

import base64
import hmac
import struct
import time
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from readiness.accounts.adapters import MFAAdapter
from reviews.models import Event
from tests.accounts.test_sign_in import NEW_PASSWORD, choose, is_signed_in, reset_link, sign_in
from tests.accounts.test_signup import code_in
from tests.cast import Cast
from tests.factories import PASSWORD, UserFactory

ACTIVATE = "/accounts/2fa/totp/activate/"
CHALLENGE = "/accounts/2fa/authenticate/"


def totp(secret: str, *, steps: int = 0) -> str:
    """The code an authenticator app shows for `secret`, some steps of 30 seconds from now (RFC 6238)."""
    counter = int(time.time()) // 30 + steps
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", counter), "sha1")
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**6:06}"


def enrol(client: Client) -> str:
    """Enrol an authenticator app for whom `client` is signed in; return its secret."""
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    secret = str(client.get(ACTIVATE).context["form"].secret)
    # One step back, so that the present code is still unused for signing in.
    assert client.post(ACTIVATE, {"code": totp(secret, steps=-1)}).status_code == 302
    return secret


@pytest.fixture
def secret(cast: Cast, client: Client) -> str:
    """The secret of the member's authenticator app; `client` is signed in as the member."""
    sign_in(client, "member@example.com")
    return enrol(client)


def test_enrolling_needs_the_password_again(cast: Cast, client: Client) -> None:
    sign_in(client, "member@example.com")
    assert client.get(ACTIVATE).headers["Location"].startswith("/accounts/reauthenticate/")
    client.post("/accounts/reauthenticate/", {"password": "wrong wrong wrong"})
    assert client.get(ACTIVATE).status_code == 302


def test_a_wrong_code_enrols_nothing(cast: Cast, client: Client) -> None:
    sign_in(client, "member@example.com")
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    secret = str(client.get(ACTIVATE).context["form"].secret)
    wrong = f"{(int(totp(secret)) + 1) % 10**6:06}"
    page = client.post(ACTIVATE, {"code": wrong})
    assert "ncorrect code" in page.content.decode()
    assert not Authenticator.objects.exists()


def test_sign_in_asks_for_the_code_and_takes_it_once(secret: str) -> None:
    client = Client()
    sign_in(client, "member@example.com")
    assert not is_signed_in(client)
    client.post(CHALLENGE, {"code": "000000" if totp(secret) != "000000" else "111111"})
    assert not is_signed_in(client)
    code = totp(secret)
    client.post(CHALLENGE, {"code": code})
    assert is_signed_in(client)

    replay = Client()
    sign_in(replay, "member@example.com")
    replay.post(CHALLENGE, {"code": code})
    assert not is_signed_in(replay)


def test_the_second_factor_survives_a_password_reset(secret: str, client: Client) -> None:
    newcomer = Client()
    newcomer.post("/accounts/password/reset/", {"email": "member@example.com"})
    link = reset_link(str(next(m.body for m in mail.outbox if "/reset/key/" in str(m.body))))
    choose(newcomer, link, NEW_PASSWORD)
    assert not is_signed_in(newcomer)
    newcomer.post(CHALLENGE, {"code": totp(secret)})
    assert is_signed_in(newcomer)


def test_a_recovery_code_signs_in_once(secret: str, client: Client) -> None:
    codes = client.get("/accounts/2fa/recovery-codes/").context["unused_codes"]
    assert len(codes) == 10
    for worked in (True, False):
        other = Client()
        sign_in(other, "member@example.com")
        other.post(CHALLENGE, {"code": codes[0]})
        assert is_signed_in(other) is worked


def test_guessing_codes_is_stopped(secret: str) -> None:
    client = Client()
    sign_in(client, "member@example.com")
    for _ in range(6):
        client.post(CHALLENGE, {"code": "123456" if totp(secret) != "123456" else "654321"})
    client.post(CHALLENGE, {"code": totp(secret)})
    assert not is_signed_in(client)


def test_secrets_are_encrypted_and_outlive_a_change_of_secret_key(secret: str, settings: Settings) -> None:
    stored = {row.type: row.data for row in Authenticator.objects.all()}
    assert set(stored) == {"totp", "recovery_codes"}
    assert secret not in str(stored)
    sealed = stored["totp"]["secret"]
    assert MFAAdapter().decrypt(sealed) == secret
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "a new key"
    assert MFAAdapter().decrypt(sealed) == secret
    assert MFAAdapter().decrypt(MFAAdapter().encrypt("new")) == "new"


def test_a_change_of_secret_key_is_finished_by_rekeying(secret: str, settings: Settings) -> None:
    former = settings.SECRET_KEY
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = (
        [former],
        "a new key of fifty characters",
    )
    said = StringIO()
    call_command("rekey_second_factors", stdout=said)
    assert said.getvalue().strip() == "Encrypted 2 with the present key."
    settings.SECRET_KEY_FALLBACKS = []
    client = Client()
    sign_in(client, "member@example.com")
    client.post(CHALLENGE, {"code": totp(secret)})
    assert is_signed_in(client)


def test_a_key_that_is_gone_is_explained_to_the_person_and_the_operator(
    secret: str, settings: Settings
) -> None:
    settings.SECRET_KEY = "somebody changed it and kept no copy"
    client = Client()
    sign_in(client, "member@example.com")
    response = client.post(CHALLENGE, {"code": totp(secret)})
    assert response.status_code == 503
    assert "Ask an administrator" in response.content.decode()
    with pytest.raises(CommandError, match=r"member@example\.com \(totp\)"):
        call_command("rekey_second_factors", stdout=StringIO())


def test_an_administrator_helps_somebody_who_lost_everything(cast: Cast, secret: str, client: Client) -> None:
    url = f"/people/{cast.member.pk}/second-factors/"
    for role in ("owner", "viewer"):
        other = Client()
        other.force_login(cast[role])
        assert other.post(url).status_code == 403
    admin = Client()
    admin.force_login(cast.admin)
    assert admin.get(url).status_code == 405
    assert url in admin.get(f"/people/{cast.member.pk}/").content.decode()
    assert is_signed_in(client)

    assert admin.post(url).status_code == 303
    assert not is_signed_in(client)
    assert sign_in(client, "member@example.com") == 302
    assert is_signed_in(client)
    assert mail.outbox[-1].to == ["member@example.com"]
    assert Event.objects.get(verb="person:user:remove_factors").data["kinds"] == ["recovery_codes", "totp"]
    assert admin.post(url).status_code == 409


def test_the_address_can_still_be_changed(secret: str, client: Client) -> None:
    client.post("/accounts/email/", {"action_add": "", "email": "milo@example.com"})
    (message,) = [message for message in mail.outbox if message.to == ["milo@example.com"]]
    client.post("/accounts/confirm-email/", {"code": code_in(str(message.body))})
    fresh = Client()
    sign_in(fresh, "milo@example.com")
    fresh.post(CHALLENGE, {"code": totp(secret)})
    assert is_signed_in(fresh)


@pytest.mark.django_db(transaction=True)  # the mail goes out after the commit, within the request
def test_the_person_is_told_of_a_new_second_factor(client: Client) -> None:
    UserFactory.create(email="member@example.com")
    sign_in(client, "member@example.com")
    enrol(client)
    assert {message.to[0] for message in mail.outbox} == {"member@example.com"}
    assert any("Authenticator App Activated" in message.subject for message in mail.outbox)
