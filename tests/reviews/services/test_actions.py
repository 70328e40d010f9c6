"""Writes on services: rights, races, and what the record says."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from readiness.accounts.rights import actor_of
from readiness.errors import Conflict, Invalid, NotFound, Refused, WrongState
from reviews import events
from reviews.actions.reviews import change_facts
from reviews.actions.services import (
    archive_service,
    create_service,
    import_services,
    restore_service,
    update_service,
)
from reviews.imports import csv
from reviews.models import Event, Service
from reviews.queries.service_import import plan_import
from reviews.service_fields import free_slug
from tests.cast import Cast
from tests.reviews.builders import make_review, make_service
from tests.threads import at_once


def create(cast: Cast, name: str = "Checkout", **values: Any) -> Service:
    """Add a service for `payments` as its member."""
    return create_service(actor_of(cast.member), team_id=cast.team.pk, values={"name": name, **values})


@pytest.mark.parametrize(
    ("name", "taken", "slug"),
    [
        ("Checkout", set(), "checkout"),
        ("Checkout", {"checkout"}, "checkout-2"),
        ("Checkout", {"checkout", "checkout-2"}, "checkout-3"),
        ("Größe", set(), "grosse"),
        ("決済", set(), "service"),
        ("New", set(), "new-2"),
        ("import", set(), "import-2"),
        ("x" * 80, {"x" * 63}, "x" * 61 + "-2"),
        ("a/b: c", set(), "ab-c"),
    ],
)
def test_slugs(name: str, taken: set[str], slug: str) -> None:
    assert free_slug(name, taken) == slug
    assert len(slug) <= 63


def test_the_same_name_is_for_one_service_of_a_team(cast: Cast) -> None:
    create(cast)
    with pytest.raises(Invalid, match="already has a service called Checkout"):
        create(cast, " CHECKOUT ")
    other = create_service(actor_of(cast.stranger), team_id=cast.other_team.pk, values={"name": "Checkout"})
    assert other.slug == "checkout-2"
    with pytest.raises(IntegrityError), transaction.atomic():
        make_service(cast.team, cast.owner, "another", name="checkout")


def test_only_for_own_teams(cast: Cast) -> None:
    for who in ("reviewer", "viewer", "accountable"):
        with pytest.raises(Refused):
            create_service(actor_of(cast[who]), team_id=cast.team.pk, values={"name": "A"})
    with pytest.raises(NotFound):
        create_service(actor_of(cast.stranger), team_id=cast.team.pk, values={"name": "A"})
    with pytest.raises(Invalid):
        create_service(actor_of(cast.admin), team_id=999, values={"name": ""})
    assert create_service(actor_of(cast.admin), team_id=cast.team.pk, values={"name": "A"}).slug == "a"


def test_a_service_moves_only_to_a_team_of_ones_own(cast: Cast) -> None:
    service = create(cast)
    with pytest.raises(NotFound):
        update_service(actor_of(cast.member), service.pk, revision=1, team_id=cast.other_team.pk, values={})
    moved = update_service(
        actor_of(cast.admin), service.pk, revision=1, team_id=cast.other_team.pk, values={}
    )
    assert moved.team == cast.other_team
    event = Event.objects.get(verb="person:service:edited")
    assert event.data == {"changed": {"team": {"before": "payments", "after": "search"}}}


def test_a_change_of_facts_in_a_review_makes_a_service_form_stale(cast: Cast) -> None:
    service = make_service(cast.team, cast.owner)
    review = make_review(actor_of(cast.member), service)
    service.refresh_from_db()
    seen = service.revision
    change_facts(actor_of(cast.member), review.pk, {"regulated": "yes"})
    with pytest.raises(Conflict):
        update_service(
            actor_of(cast.member), service.pk, revision=seen, team_id=None, values={"name": "Till"}
        )


def test_no_archiving_under_an_open_review(cast: Cast) -> None:
    service = make_service(cast.team, cast.owner)
    make_review(actor_of(cast.member), service)
    with pytest.raises(WrongState, match="open review"):
        archive_service(actor_of(cast.owner), service.pk)


def test_an_archived_service_takes_no_changes_and_no_review(cast: Cast) -> None:
    service = make_service(cast.team, cast.owner)
    archive_service(actor_of(cast.owner), service.pk)
    with pytest.raises(WrongState, match="Restore"):
        update_service(actor_of(cast.owner), service.pk, revision=2, team_id=None, values={"name": "Till"})
    with pytest.raises(WrongState, match="archived"):
        make_review(actor_of(cast.member), service)
    restore_service(actor_of(cast.owner), service.pk)
    assert events.verify_all()[1] == []


@pytest.mark.django_db(transaction=True)
def test_two_saves_at_once_and_one_is_told(cast: Cast) -> None:
    service = create(cast)

    def save(text: str) -> Service:
        return update_service(
            actor_of(cast.member), service.pk, revision=1, team_id=None, values={"description": text}
        )

    results = at_once(lambda: save("one"), lambda: save("two"))
    won = [result for result in results if isinstance(result, Service)]
    lost = [result for result in results if isinstance(result, Conflict)]
    assert (len(won), len(lost)) == (1, 1)
    service.refresh_from_db()
    assert service.description == won[0].description == lost[0].current.description
    assert service.revision == 2


@pytest.mark.django_db(transaction=True)
def test_names_given_at_once_do_not_collide(cast: Cast) -> None:
    actors = {cast.team.pk: actor_of(cast.member), cast.other_team.pk: actor_of(cast.stranger)}
    calls = [
        lambda team=team, actor=actor: create_service(actor, team_id=team, values={"name": "Checkout"})
        for team, actor in actors.items()
        for _ in range(3)
    ]
    results = at_once(*calls)
    made = [result for result in results if isinstance(result, Service)]
    assert sorted(service.slug for service in made) == ["checkout", "checkout-2"]
    assert sum(isinstance(result, Invalid) for result in results) == 4


@pytest.mark.django_db(transaction=True)
def test_the_same_import_confirmed_twice_at_once_happens_once(cast: Cast) -> None:
    actor = actor_of(cast.member)
    parsed = csv.parse("name,team\nCheckout,payments\nLedger,payments\n")
    digest = plan_import(actor, parsed).digest
    results = at_once(*[lambda: import_services(actor, parsed, digest)] * 3)
    assert sum(isinstance(result, Conflict) for result in results) == 2
    assert Service.objects.count() == Event.objects.count() == 2
    assert events.verify_all() == (2, [])


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": "x" * 121}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"description": "x" * 5001}, "description"),
        ({"tier": "5"}, "tier"),
        ({"tier": ""}, "tier"),
        ({"production_url": "https://a b"}, "production_url"),
        ({"production_url": "https://a/" + "x" * 500}, "production_url"),
        ({"production_url": "https://a:99999/"}, "production_url"),
        ({"production_url": "https://[::1"}, "production_url"),
        ({"facts": {"regulated": "perhaps"}}, "regulated"),
        ({"facts": {"nonsense": "yes"}}, "nonsense"),
    ],
)
def test_values_that_cannot_be(cast: Cast, values: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as error:
        create(cast, **{"name": "Checkout", **values})
    assert list(error.value.fields) == [field]
    assert not Service.objects.exists()
