"""Two administrators at the same moment, with real threads on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from django.db import connection

from readiness.accounts import actions
from readiness.accounts.models import Membership, Team, User
from readiness.accounts.rights import actor_of
from readiness.errors import DomainError, Invalid
from reviews.events import verify_all
from reviews.models import Event
from tests.cast import Cast
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


def together(*acts: Callable[[], object]) -> list[DomainError | None]:
    """Run `acts` at the same moment, each in its own thread and connection; return what each raised."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], object]) -> DomainError | None:
        barrier.wait(5)
        try:
            act()
        except DomainError as error:
            return error
        finally:
            connection.close()
        return None

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


@pytest.mark.parametrize("_again", range(3))
def test_two_administrators_cannot_take_the_role_from_each_other(cast: Cast, _again: int) -> None:
    second = UserFactory.create(is_admin=True)

    def demote(by: User, whom: User) -> Callable[[], object]:
        actor, person = actor_of(by), actions.person_of(whom)
        without = replace(person, roles=replace(person.roles, is_admin=False))
        return lambda: actions.edit_person(actor, whom.pk, without, seen=person.fingerprint)

    errors = together(demote(cast.admin, second), demote(second, cast.admin))
    assert [type(error) for error in errors].count(Invalid) == 1
    assert User.objects.filter(is_admin=True).count() == 1


def test_one_address_is_invited_once(cast: Cast) -> None:
    actor = actor_of(cast.admin)

    def invite() -> object:
        return actions.invite_person(actor, name="Ivy", email="ivy@example.com", roles=actions.Roles())

    errors = together(invite, invite)
    assert sorted(type(error).__name__ for error in errors) == ["Invalid", "NoneType"]
    assert User.objects.filter(email="ivy@example.com").count() == 1
    assert Event.objects.filter(verb="person:user:invite").count() == 1


def test_two_teams_of_one_name_become_one(cast: Cast) -> None:
    actor = actor_of(cast.admin)
    errors = together(
        lambda: actions.create_team(actor, name="Core", description=""),
        lambda: actions.create_team(actor, name="CORE", description=""),
    )
    assert sorted(type(error).__name__ for error in errors) == ["Invalid", "NoneType"]
    assert Team.objects.filter(name__iexact="core").count() == 1


def test_a_person_is_added_to_a_team_once_and_the_record_holds(cast: Cast) -> None:
    admin, lead = actor_of(cast.admin), actor_of(cast.owner)
    errors = together(
        lambda: actions.add_member(admin, cast.team.pk, cast.viewer.pk, is_lead=False),
        lambda: actions.add_member(lead, cast.team.pk, cast.viewer.pk, is_lead=True),
    )
    assert sorted(type(error).__name__ for error in errors) == ["Invalid", "NoneType"]
    assert Membership.objects.filter(team=cast.team, user=cast.viewer).count() == 1
    assert verify_all() == (1, [])
