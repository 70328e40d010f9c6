"""The cast: one person for each standing towards the team `payments`, for tests of views and rights."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.contrib.auth.models import AnonymousUser

from readiness.accounts.models import Team, User
from tests.factories import MembershipFactory, TeamFactory, UserFactory


@dataclass(frozen=True)
class Cast:
    """`owner` leads `team`, `member` is in it, `stranger` is in `other_team`; the others are in none."""

    team: Team
    other_team: Team
    owner: User
    member: User
    reviewer: User
    accountable: User
    admin: User
    viewer: User
    stranger: User
    anonymous: AnonymousUser

    def __getitem__(self, role: str) -> User:
        """Return a person by role, for parametrized tests."""
        user = getattr(self, role)
        if not isinstance(user, User):
            raise KeyError(role)
        return user


@pytest.fixture
def cast(db: None) -> Cast:
    """Make the cast in the database."""
    team = TeamFactory.create(slug="payments", name="Payments")
    other = TeamFactory.create(slug="search", name="Search")
    owner = UserFactory.create(name="Olga Owner", email="owner@example.com")
    member = UserFactory.create(name="Milo Member", email="member@example.com")
    stranger = UserFactory.create(name="Stan Stranger", email="stranger@example.com")
    MembershipFactory.create(team=team, user=owner, is_lead=True)
    MembershipFactory.create(team=team, user=member)
    MembershipFactory.create(team=other, user=stranger, is_lead=True)
    roles = ["sre", "security", "platform"]
    return Cast(
        team=team,
        other_team=other,
        owner=owner,
        member=member,
        reviewer=UserFactory.create(name="Rita Reviewer", email="reviewer@example.com", reviewer_roles=roles),
        accountable=UserFactory.create(
            name="Ada Accountable", email="accountable@example.com", is_accountable=True
        ),
        admin=UserFactory.create(name="Anton Admin", email="admin@example.com", is_admin=True),
        viewer=UserFactory.create(name="Vera Viewer", email="viewer@example.com", is_viewer=True),
        stranger=stranger,
        anonymous=AnonymousUser(),
    )
