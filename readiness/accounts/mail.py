"""Mail that accounts send beside allauth's."""

from __future__ import annotations

import logging
from smtplib import SMTPException

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse

from readiness.accounts.models import User
from readiness.errors import Unavailable

log = logging.getLogger(__name__)


def send_invitation(user: User, invited_by: str) -> None:
    """Send `user` a link to choose a password; it holds for PASSWORD_RESET_TIMEOUT and until one is chosen.

    The link goes to the person alone: an administrator who could see it could act in their name. Raises
    `Unavailable` if the mail server does not take the mail.
    """
    key = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
    context = {
        "user": user,
        "invited_by": invited_by,
        "site": settings.BASE_URL,
        "url": settings.BASE_URL + reverse("account_reset_password_from_key", kwargs=key),
        "days": settings.PASSWORD_RESET_TIMEOUT // (24 * 3600),
    }
    subject = f"{invited_by} invites you to Readiness"
    body = render_to_string("accounts/email/invitation.txt", context)
    _send(
        user,
        subject,
        body,
        f"{user} was added, but the invitation could not be sent: the mail server does not answer. "
        "Use “Send the invitation again” on their page later.",
    )


def send_factors_removed(user: User, removed_by: str) -> None:
    """Tell `user` that their second factors are gone. Raises `Unavailable` if the mail is not taken."""
    context = {"user": user, "removed_by": removed_by, "site": settings.BASE_URL}
    body = render_to_string("accounts/email/factors_removed.txt", context)
    _send(
        user,
        "Your second factors were removed",
        body,
        f"The second factors of {user} were removed, but the mail that tells them could not be sent: the "
        "mail server does not answer. Tell them yourself.",
    )


def _send(user: User, subject: str, body: str, failure: str) -> None:
    line = " ".join(f"{settings.ACCOUNT_EMAIL_SUBJECT_PREFIX}{subject}".split())
    try:
        send_mail(line, body, settings.DEFAULT_FROM_EMAIL, [user.email])
    except (OSError, SMTPException) as error:
        log.exception("A mail to user %s could not be sent", user.pk)
        raise Unavailable(failure) from error
