"""Factories for every model. Each makes a valid object with nothing given."""

from __future__ import annotations

from typing import Any

import factory
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from factory.django import DjangoModelFactory

from readiness.accounts.models import Membership, Team, User

PASSWORD = "correct horse battery staple"
# Hashed once: a real hash for each user would take most of a test run.
_PASSWORD_HASH = make_password(PASSWORD)


class UserFactory(DjangoModelFactory[User]):
    """A person without roles or teams, with a verified address and the password `PASSWORD`."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Person {n}")
    email = factory.Sequence(lambda n: f"person{n}@example.com")
    password = _PASSWORD_HASH

    @factory.post_generation
    def verified(self: User, create: bool, extracted: bool | None, **_kwargs: Any) -> None:
        """Make the verified e-mail address that allauth looks for; `verified=False` leaves it unverified."""
        if create:
            EmailAddress.objects.create(
                user=self, email=self.email, primary=True, verified=extracted is not False
            )


class TeamFactory(DjangoModelFactory[Team]):
    """A team without members."""

    class Meta:
        model = Team

    slug = factory.Sequence(lambda n: f"team-{n}")
    name = factory.Sequence(lambda n: f"Team {n}")


class MembershipFactory(DjangoModelFactory[Membership]):
    """A person in a team; `is_lead=True` makes a lead."""

    class Meta:
        model = Membership

    team = factory.SubFactory(TeamFactory)
    user = factory.SubFactory(UserFactory)
