"""How allauth is fitted to Readiness: who may sign up, how mail is sent, how second factors are stored."""

from __future__ import annotations

import base64
import logging
from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.internal.flows.email_authentication import wipe_password
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.base.constants import AuthProcess
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest

from readiness.accounts.models import User
from readiness.accounts.signup import current_policy
from readiness.errors import Unavailable

log = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    """Accounts by e-mail address; sign-up as `READINESS_SIGNUP` says."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002  # allauth's signature
        """Whether the sign-up form is offered at all; the form checks the address."""
        return current_policy().kind != "closed"

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        """Store the password alone: a right that is being taken away meanwhile must not be written back."""
        user.set_password(password)
        user.save(update_fields=["password"])

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Take the verified address, unless somebody else was given it since."""
        try:
            with transaction.atomic():
                return bool(super().confirm_email(request, email_address))
        except IntegrityError:
            text = f"{email_address.email} belongs to another account now. Use another address."
            messages.error(request, text)
            return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send; if the mail server does not take it, say so to the person instead of failing with a 500."""
        try:
            super().send_mail(template_prefix, email, context)
        except (OSError, SMTPException) as error:
            log.exception("Mail %s could not be sent", template_prefix)
            raise Unavailable(
                "The e-mail could not be sent. Try again in a few minutes; if it keeps failing, tell your "
                "administrator that the mail server does not answer."
            ) from error


class SocialAdapter(DefaultSocialAccountAdapter):
    """Sign-in through OpenID Connect and GitHub, under the same sign-up policy."""

    def is_open_for_signup(
        self,
        request: HttpRequest,  # noqa: ARG002  # allauth's signature
        sociallogin: SocialLogin,
    ) -> bool:
        """Whether a person the provider vouches for, without an account here, may get one."""
        policy = current_policy()
        if policy.kind != "domain" or not sociallogin.email_addresses:
            # Without an address the sign-up form asks for one, and checks it.
            return policy.kind != "closed"
        return policy.admits(sociallogin.email_addresses[0].email)

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> User:
        """Take the person's name from what the provider says; runs before accounts are matched."""
        # Some providers send `email_verified` as text: "false" must not count as true.
        for address in sociallogin.email_addresses:
            claim: object = address.verified
            address.verified = claim is True or claim == "true"
        user: User = super().populate_user(request, sociallogin, data)
        parts = (data.get("first_name"), data.get("last_name"))
        name = data.get("name") or " ".join(part for part in parts if part) or data.get("username")
        user.name = (name or user.email.partition("@")[0])[:120]
        return user

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Take an address that the provider verified as verified here, and ask for no code any more.

        If it was not before, somebody else may have signed up with it and be waiting: `wipe_password` makes
        their password and sessions worthless first.
        """
        user = sociallogin.user
        is_sign_in = sociallogin.state.get("process") == AuthProcess.LOGIN
        if not (is_sign_in and sociallogin.is_existing and isinstance(user, User)):
            return
        proven = [address.email.lower() for address in sociallogin.email_addresses if address.verified]
        for own in EmailAddress.objects.filter(user=user, email__in=proven, verified=False):
            wipe_password(request, user, own.email)
            own.verified = True
            own.save(update_fields=["verified"])

    def get_app(self, request: HttpRequest, provider: str, client_id: str | None = None) -> SocialApp:
        """Return the provider's settings; the address of a provider that is not set up does not exist."""
        try:
            app: SocialApp = super().get_app(request, provider, client_id=client_id)
        except SocialApp.DoesNotExist as error:
            raise Http404(f"Sign-in with {provider} is not set up.") from error
        return app


class MFAAdapter(DefaultMFAAdapter):
    """Second factors; their secrets are encrypted at rest with a key derived from SECRET_KEY."""

    def encrypt(self, text: str) -> str:
        """Encrypt a TOTP secret or the seed of the recovery codes."""
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Decrypt, with SECRET_KEY or one of SECRET_KEY_FALLBACKS; `Unavailable` if none of them fits."""
        try:
            return _cipher().decrypt(encrypted_text.encode()).decode()
        except InvalidToken as error:
            raise Unavailable(
                "Your second factors cannot be read any more, because the server's key was changed. Ask an "
                "administrator to remove them, then sign in with your password and set them up again."
            ) from error

    def rekey(self, encrypted_text: str) -> str:
        """Encrypt anew with SECRET_KEY what one of SECRET_KEY_FALLBACKS may have encrypted."""
        return self.encrypt(self.decrypt(encrypted_text))

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Name the site as people know it; the id stays the host, which WebAuthn binds a passkey to."""
        return {**super().get_public_key_credential_rp_entity(), "name": "Readiness"}


def _cipher() -> MultiFernet:
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return MultiFernet([Fernet(_derive(key)) for key in keys])


def _derive(secret: str) -> bytes:
    """Derive a Fernet key (RFC 5869). The label keeps it apart from every other use of SECRET_KEY."""
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"readiness second factors")
    return base64.urlsafe_b64encode(kdf.derive(secret.encode()))
