"""Who may manage people and teams."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from pytest_django import DjangoAssertNumQueries

from readiness.accounts.backends import EmailBackend
from readiness.accounts.models import Membership, User
from readiness.accounts.rights import ANONYMOUS, RULES, Actor, actor_of, allowed
from readiness.errors import NotFound, Refused
from tests.cast import Cast
from tests.factories import MembershipFactory, UserFactory

INSIDERS = {"owner", "member", "reviewer", "accountable", "admin", "viewer", "stranger"}
MATRIX = {
    "people.view": INSIDERS,
    "people.invite": {"admin"},
    "people.edit": {"admin"},
    "team.view": INSIDERS,
    "team.create": {"admin"},
    "team.edit": {"admin", "owner"},
    "team.members": {"admin", "owner"},
    "checklist.edit": {"admin"},
    "checklist.publish": {"admin"},
}


def test_the_matrix_names_every_verb() -> None:
    assert set(MATRIX) == set(RULES)


@pytest.mark.parametrize("verb", sorted(MATRIX))
def test_each_verb_is_allowed_to_exactly_its_people(cast: Cast, verb: str) -> None:
    subject = cast.team if verb.startswith("team.") else None
    may = {role for role in INSIDERS if allowed(actor_of(cast[role]), verb, subject)}
    assert may == MATRIX[verb]


def test_a_refused_insider_gets_403_with_a_reason(cast: Cast) -> None:
    decision = allowed(actor_of(cast.member), "team.members", cast.team)
    assert not decision.hidden
    with pytest.raises(Refused, match="lead of this team"):
        decision.require()


@pytest.mark.parametrize("verb", sorted(RULES))
def test_somebody_without_role_or_team_gets_404(db: None, verb: str) -> None:
    with pytest.raises(NotFound):
        allowed(actor_of(UserFactory.create()), verb).require()
    with pytest.raises(NotFound):
        allowed(ANONYMOUS, verb).require()


def test_anonymous_and_deactivated_people_have_no_rights(cast: Cast) -> None:
    assert actor_of(AnonymousUser()) == ANONYMOUS == Actor()
    cast.admin.is_active = False
    assert actor_of(cast.admin) == ANONYMOUS


def test_the_actor_carries_teams_and_roles(cast: Cast) -> None:
    MembershipFactory.create(team=cast.other_team, user=cast.owner)
    actor = actor_of(cast.owner)
    assert actor.id == cast.owner.pk
    assert actor.name == "Olga Owner"
    assert actor.member_team_ids == {cast.team.pk, cast.other_team.pk}
    assert actor.lead_team_ids == {cast.team.pk}
    assert actor_of(cast.reviewer).reviewer_roles == {"sre", "security", "platform"}


def test_a_session_user_costs_one_query_rights_included(
    cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        user = EmailBackend().get_user(cast.owner.pk)
        assert user is not None
        assert actor_of(user).lead_team_ids == {cast.team.pk}


def test_a_revoked_membership_is_gone_with_the_next_load(cast: Cast) -> None:
    Membership.objects.filter(user=cast.owner).delete()
    user = EmailBackend().get_user(cast.owner.pk)
    assert user is not None
    assert actor_of(user) == Actor(id=user.pk, name="Olga Owner", is_authenticated=True)


def test_rights_of_a_list_of_people_cost_one_query(
    cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        actors = {user.email: actor_of(user) for user in User.objects.with_rights()}
    assert actors["stranger@example.com"].lead_team_ids == {cast.other_team.pk}
    assert actors["viewer@example.com"].member_team_ids == frozenset()
