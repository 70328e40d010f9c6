"""The pages of teams: who sees them, who changes members and leads."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from readiness.accounts.models import Membership, Team
from reviews.models import Event
from tests.cast import Cast
from tests.factories import MembershipFactory, TeamFactory, UserFactory

TEAM = "/teams/payments/"
READERS = ["owner", "member", "reviewer", "accountable", "admin", "viewer", "stranger"]
OTHERS = ["member", "reviewer", "accountable", "viewer", "stranger"]


def leads(team: Team) -> set[str]:
    """Names of who leads `team` now."""
    return {row.user.name for row in Membership.objects.filter(team=team, is_lead=True)}


@pytest.mark.parametrize("role", READERS)
def test_insiders_read_teams_and_see_what_they_may_change(cast: Cast, client: Client, role: str) -> None:
    client.force_login(cast[role])
    assert "Payments" in client.get("/teams/").content.decode()
    page = client.get(TEAM).content.decode()
    assert "Olga Owner" in page
    assert ("Add a member" in page) is (role in {"owner", "admin"})
    if role in OTHERS:
        assert "Only an administrator or a lead of this team" in page


@pytest.mark.parametrize("role", OTHERS)
def test_others_may_not_change_a_team(cast: Cast, client: Client, role: str) -> None:
    client.force_login(cast[role])
    member = f"{TEAM}members/{cast.member.pk}/"
    answers = [
        client.get(f"{TEAM}edit/"),
        client.post(f"{TEAM}edit/", {"name": "Taken Over"}),
        client.post(f"{TEAM}members/", {"user": cast.stranger.pk}),
        client.post(member, {"act": "lead"}),
        client.post(member, {"act": "remove"}),
        client.get("/teams/new/"),
        client.post("/teams/new/", {"name": "Mine"}),
    ]
    assert [answer.status_code for answer in answers] == [403] * 7
    assert Team.objects.count() == 2
    assert Team.objects.get(slug="payments").name == "Payments"
    assert leads(cast.team) == {"Olga Owner"}
    assert cast.team.memberships.count() == 2


@pytest.mark.parametrize("role", ["owner", "admin"])
def test_a_lead_and_an_administrator_manage_members(cast: Cast, client: Client, role: str) -> None:
    client.force_login(cast[role])
    assert client.post(f"{TEAM}members/", {"user": cast.viewer.pk, "is_lead": "on"}).status_code == 303
    assert leads(cast.team) == {"Olga Owner", "Vera Viewer"}
    assert client.post(f"{TEAM}members/{cast.viewer.pk}/", {"act": "unlead"}).status_code == 303
    assert client.post(f"{TEAM}members/{cast.member.pk}/", {"act": "lead"}).status_code == 303
    assert leads(cast.team) == {"Olga Owner", "Milo Member"}
    assert client.post(f"{TEAM}members/{cast.viewer.pk}/", {"act": "remove"}).status_code == 303
    assert not cast.team.memberships.filter(user=cast.viewer).exists()
    verbs = list(Event.objects.order_by("id").values_list("verb", flat=True))
    assert verbs == [
        "person:member:add",
        "person:member:unlead",
        "person:member:lead",
        "person:member:remove",
    ]
    assert Event.objects.latest("id").summary == "Removed Vera Viewer from Payments"


def test_a_lead_manages_only_the_team_they_lead(cast: Cast, client: Client) -> None:
    client.force_login(cast.owner)
    assert client.post("/teams/search/members/", {"user": cast.member.pk}).status_code == 403
    assert client.post("/teams/search/edit/", {"name": "Mine"}).status_code == 403


def test_a_lead_who_gives_the_lead_away_has_lost_it_with_the_next_request(cast: Cast, client: Client) -> None:
    client.force_login(cast.owner)
    client.post(f"{TEAM}members/{cast.owner.pk}/", {"act": "unlead"})
    assert client.post(f"{TEAM}members/{cast.owner.pk}/", {"act": "lead"}).status_code == 403
    assert leads(cast.team) == set()


@pytest.mark.parametrize("url", [f"{TEAM}members/", f"{TEAM}members/1/"])
def test_members_are_changed_by_post_only(cast: Cast, client: Client, url: str) -> None:
    client.force_login(cast.admin)
    assert client.get(url).status_code == 405
    assert client.post("/teams/").status_code == 405
    assert client.post(TEAM).status_code == 405


@pytest.mark.parametrize("slug", ["nothing-here", "x" * 300])
def test_a_team_that_does_not_exist_is_404(cast: Cast, client: Client, slug: str) -> None:
    client.force_login(cast.admin)
    assert client.get(f"/teams/{slug}/").status_code == 404


def test_members_that_cannot_be_added_are_refused_with_a_reason(cast: Cast, client: Client) -> None:
    client.force_login(cast.owner)
    gone = UserFactory.create(is_active=False)
    for pk in (cast.member.pk, gone.pk, 987654, "x", ""):
        response = client.post(f"{TEAM}members/", {"user": pk})
        assert response.status_code == 422, pk
        assert 'class="errors"' in response.content.decode()
    assert cast.team.memberships.count() == 2


def test_acts_on_somebody_who_left_meanwhile_are_404_and_unknown_acts_422(cast: Cast, client: Client) -> None:
    client.force_login(cast.owner)
    assert client.post(f"{TEAM}members/{cast.stranger.pk}/", {"act": "lead"}).status_code == 404
    assert client.post(f"{TEAM}members/{cast.member.pk}/", {"act": "promote"}).status_code == 422
    assert leads(cast.team) == {"Olga Owner"}


def test_creating_a_team_makes_its_address_from_the_name(cast: Cast, client: Client) -> None:
    client.force_login(cast.admin)
    response = client.post("/teams/new/", {"name": "  Core   Platform ", "description": "Keeps it up."})
    assert response.headers["Location"] == "/teams/core-platform/"
    team = Team.objects.get(slug="core-platform")
    assert (team.name, team.description) == ("Core Platform", "Keeps it up.")
    # A name that makes the same address gets a number; one without letters gets "team".
    assert (
        client.post("/teams/new/", {"name": "Core-Platform"}).headers["Location"] == "/teams/core-platform-2/"
    )
    assert client.post("/teams/new/", {"name": "平台"}).headers["Location"] == "/teams/team/"
    assert Event.objects.filter(verb="person:team:create").count() == 3


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"name": ""}, "This field is required"),
        ({"name": "PAYMENTS"}, "There is already a team called PAYMENTS"),
        ({"name": "x" * 121}, "at most 120"),
        ({"name": "Ok", "description": "x" * 2001}, "at most 2000"),
        ({"name": "a\0b"}, "Null characters"),
    ],
)
@pytest.mark.parametrize("url", ["/teams/new/", "/teams/search/edit/"])
def test_a_wrong_team_is_explained(
    cast: Cast, client: Client, url: str, data: dict[str, Any], sentence: str
) -> None:
    client.force_login(cast.admin)
    response = client.post(url, data)
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert {team.name for team in Team.objects.all()} == {"Payments", "Search"}


def test_renaming_keeps_the_address_and_is_recorded(cast: Cast, client: Client) -> None:
    client.force_login(cast.owner)
    response = client.post(f"{TEAM}edit/", {"name": "Money", "description": ""})
    assert response.headers["Location"] == TEAM
    assert Team.objects.get(slug="payments").name == "Money"
    event = Event.objects.get()
    assert (event.verb, event.actor) == ("person:team:edit", cast.owner)
    assert event.data["changed"] == {"name": ["Payments", "Money"]}


def test_the_pages_page_and_their_queries_do_not_grow(
    cast: Cast, client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.force_login(cast.viewer)
    for team in TeamFactory.create_batch(60):
        MembershipFactory.create(team=team, user=cast.owner, is_lead=True)
    MembershipFactory.create_batch(60, team=cast.team)
    with django_assert_num_queries(5):  # session, user, count, teams, their leads
        page = client.get("/teams/")
    assert len(page.context["page"]) == 50
    assert len(client.get("/teams/?q=search").context["page"]) == 1
    with django_assert_num_queries(5):  # session, user, team, count, members
        page = client.get(TEAM)
    assert len(page.context["page"]) == 50
