"""System checks: what `manage.py check` says about the settings, each with what to do."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register

from readiness.embedded.places import is_loopback
from readiness.security_txt import problem


@register(Tags.security)
def demo_is_private(**_kwargs: Any) -> list[CheckMessage]:
    """Refuse the demo's open sign-in where others can reach it."""
    if not settings.DEMO:
        return []
    reachable = [host for host in settings.ALLOWED_HOSTS if not is_loopback(host)]
    if reachable or not is_loopback(urlsplit(settings.BASE_URL).hostname or ""):
        return [
            Error(
                "READINESS_DEMO is on for addresses that others can reach: anybody could sign in as anybody.",
                hint="Unset READINESS_DEMO. Only `readiness run --demo` sets it.",
                id="readiness.E001",
            )
        ]
    return []


@register(Tags.security, deploy=True)
def production_settings(**_kwargs: Any) -> list[CheckMessage]:
    """Say what a real installation still lacks."""
    found: list[CheckMessage] = []
    if settings.DEMO:
        found.append(Error("READINESS_DEMO is on.", hint="Unset READINESS_DEMO.", id="readiness.E002"))
    if not settings.HTTPS:
        found.append(
            checks.Warning(
                f"READINESS_BASE_URL is {settings.BASE_URL}: cookies travel unencrypted, and passkeys do "
                "not work.",
                hint="Put it behind a proxy with TLS and set READINESS_BASE_URL to its https address.",
                id="readiness.W001",
            )
        )
    if settings.SECURE_SSL_REDIRECT and not settings.SECURE_PROXY_SSL_HEADER:
        found.append(
            checks.Warning(
                "Every request is redirected to https, and none is known to have come by it: a circle.",
                hint="Set SECURE_PROXY_SSL_HEADER to the header your proxy sets, often X-Forwarded-Proto.",
                id="readiness.W003",
            )
        )
    if settings.EMAIL_BACKEND.endswith((".console.EmailBackend", ".dummy.EmailBackend")):
        found.append(
            checks.Warning(
                "Mail is printed or dropped: nobody can confirm an address or reset a password.",
                hint="Set EMAIL_URL, for example smtp+tls://user:password@mail.example.com:587",
                id="readiness.W002",
            )
        )
    return found


@register(Tags.security)
def security_txt(**_kwargs: Any) -> list[CheckMessage]:
    """Refuse a security.txt that RFC 9116 does not allow."""
    if text := problem(settings.SECURITY_TXT_CONTACT, settings.SECURITY_TXT_EXPIRES):
        return [Error(text, hint="See docs/configuration.md, SECURITY_TXT_CONTACT.", id="readiness.E003")]
    return []
