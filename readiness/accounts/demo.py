"""The people of the demo, and signing in as one of them with one click. Only with READINESS_DEMO."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db.models import QuerySet

from readiness.accounts.models import User
from readiness.accounts.queries import with_teams

# Reserved by RFC 2606: nobody can receive mail there, so nobody can sign up with such an address.
DEMO_DOMAIN: Final = "demo.example"


def demo_people() -> QuerySet[User]:
    """Active people of the demo with their teams loaded; nobody unless this is the demo."""
    if not settings.DEMO:
        return User.objects.none()
    return with_teams(User.objects.filter(email__endswith=f"@{DEMO_DOMAIN}", is_active=True))
