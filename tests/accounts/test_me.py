"""One's own settings, and the sign-ins of the demo."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings

from readiness.accounts.models import User
from reviews.models import Event
from tests.cast import Cast
from tests.factories import MembershipFactory, UserFactory

EVERYBODY = ["owner", "member", "reviewer", "accountable", "admin", "viewer", "stranger"]


@pytest.mark.parametrize("role", EVERYBODY)
def test_everybody_changes_their_own_name_and_zone(cast: Cast, client: Client, role: str) -> None:
    client.force_login(cast[role])
    assert cast[role].name in client.get("/me/").content.decode()
    assert client.post("/me/", {"name": "New  Name", "time_zone": "Europe/Zurich"}).status_code == 303
    user = User.objects.get(pk=cast[role].pk)
    assert (user.name, user.time_zone) == ("New Name", "Europe/Zurich")
    assert Event.objects.get().verb == "person:user:edit_profile"
    assert client.delete("/me/").status_code == 405


def test_somebody_without_role_or_team_may_open_their_settings(db: None, client: Client) -> None:
    client.force_login(UserFactory.create())
    assert client.get("/me/").status_code == 200


def test_rights_cannot_be_posted_with_the_profile(cast: Cast, client: Client) -> None:
    client.force_login(cast.member)
    data = {
        "name": "M",
        "time_zone": "UTC",
        "is_admin": "on",
        "reviewer_roles": ["sre"],
        "email": "x@y.example",
    }
    client.post("/me/", data)
    user = User.objects.get(pk=cast.member.pk)
    assert (user.is_admin, user.reviewer_roles, user.email) == (False, [], "member@example.com")


@pytest.mark.parametrize(
    "data", [{"name": "", "time_zone": "UTC"}, {"name": "M", "time_zone": "Mars/Olympus"}, {"name": "M"}]
)
def test_wrong_settings_are_refused(cast: Cast, client: Client, data: dict[str, str]) -> None:
    client.force_login(cast.member)
    assert client.post("/me/", data).status_code == 422
    assert User.objects.get(pk=cast.member.pk).name == "Milo Member"


@pytest.fixture
def demo_user(cast: Cast) -> User:
    """A person of the demo."""
    user = UserFactory.create(name="Dora Demo", email="dora@demo.example")
    MembershipFactory.create(team=cast.team, user=user, is_lead=True)
    return user


@pytest.mark.parametrize("method", ["get", "post"])
def test_without_the_demo_its_sign_in_does_not_exist(demo_user: User, client: Client, method: str) -> None:
    response = getattr(client, method)("/demo/sign-in/", {"user": demo_user.pk})
    assert response.status_code == 404
    assert "_auth_user_id" not in client.session
    assert "Dora Demo" not in client.get("/accounts/login/").content.decode()


def test_in_the_demo_one_click_signs_in(demo_user: User, client: Client, settings: Settings) -> None:
    settings.DEMO = True
    page = client.get("/accounts/login/").content.decode()
    assert "Dora Demo" in page
    assert "leads Payments" in page
    assert "Olga Owner" not in page
    response = client.post("/demo/sign-in/", {"user": demo_user.pk, "next": "/me/"})
    assert response.headers["Location"] == "/me/"
    assert client.session["_auth_user_id"] == str(demo_user.pk)
    assert client.get("/me/").status_code == 200


def test_in_the_demo_only_its_own_active_people_can_be_chosen(
    cast: Cast, demo_user: User, client: Client, settings: Settings
) -> None:
    settings.DEMO = True
    gone = UserFactory.create(email="gone@demo.example", is_active=False)
    lookalike = UserFactory.create(email="x@notdemo.example")
    for user in (cast.admin.pk, gone.pk, lookalike.pk, 10**30, "x", ""):
        assert client.post("/demo/sign-in/", {"user": user}).status_code == 422
    assert client.get("/demo/sign-in/").status_code == 405
    assert "_auth_user_id" not in client.session


def test_the_demo_does_not_send_anybody_to_another_site(
    demo_user: User, client: Client, settings: Settings
) -> None:
    settings.DEMO = True
    response = client.post("/demo/sign-in/", {"user": demo_user.pk, "next": "https://evil.example/"})
    assert response.headers["Location"] == "/"
