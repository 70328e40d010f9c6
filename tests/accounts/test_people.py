"""The pages of people: who may open them, searching, inviting, editing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from readiness.accounts import actions
from readiness.accounts.models import Membership, User
from readiness.accounts.rights import actor_of
from reviews.models import Event
from tests.cast import Cast
from tests.factories import PASSWORD, MembershipFactory, UserFactory

OTHERS = ["owner", "member", "reviewer", "accountable", "viewer", "stranger"]
PEOPLE = "/people/"
INVITE = "/people/invite/"


def form_of(user: User, **changes: Any) -> dict[str, Any]:
    """What the browser sends when an administrator saves `user` with `changes`."""
    person = actions.person_of(user)
    data: dict[str, Any] = {"name": user.name, "seen": person.fingerprint, "is_active": user.is_active}
    data |= {flag: getattr(user, flag) for flag in ("is_viewer", "is_accountable", "is_admin")}
    data |= {"reviewer_roles": user.reviewer_roles, "teams": sorted(person.roles.team_ids)}
    return {key: value for key, value in (data | changes).items() if value is not False}


@pytest.mark.parametrize(
    "url", [PEOPLE, INVITE, "/people/1/", "/teams/", "/teams/new/", "/teams/payments/", "/me/"]
)
def test_a_visitor_is_asked_to_sign_in(cast: Cast, client: Client, url: str) -> None:
    response = client.get(url)
    assert response.status_code == 302
    assert response.headers["Location"] == f"/accounts/login/?next={url}"


@pytest.mark.parametrize("role", [*OTHERS, "admin"])
def test_insiders_see_the_list(cast: Cast, client: Client, role: str) -> None:
    client.force_login(cast[role])
    page = client.get(PEOPLE).content.decode()
    assert "Olga Owner" in page
    assert "owner@example.com" in page
    assert (reverse("accounts:person", args=[cast.owner.pk]) in page) is (role == "admin")


@pytest.mark.parametrize("url", [PEOPLE, INVITE, "/teams/", "/teams/payments/", "/teams/new/"])
def test_somebody_without_role_or_team_finds_nothing(cast: Cast, client: Client, url: str) -> None:
    client.force_login(UserFactory.create())
    assert client.get(url).status_code == 404


@pytest.mark.parametrize("role", OTHERS)
def test_only_an_administrator_may_invite_or_edit(cast: Cast, client: Client, role: str) -> None:
    client.force_login(cast[role])
    person = reverse("accounts:person", args=[cast.member.pk])
    answers = [
        client.get(INVITE),
        client.post(INVITE, {"name": "X", "email": "x@example.com", "is_admin": "on"}),
        client.get(person),
        client.post(person, form_of(cast.member, is_admin="on")),
        client.post(reverse("accounts:send_invitation", args=[cast.member.pk])),
    ]
    assert [answer.status_code for answer in answers] == [403] * 5
    assert b"Only an administrator" in answers[0].content
    assert not User.objects.filter(email="x@example.com").exists()
    assert not User.objects.get(pk=cast.member.pk).is_admin


def test_wrong_methods_are_refused(cast: Cast, client: Client) -> None:
    client.force_login(cast.admin)
    assert client.post(PEOPLE).status_code == 405
    assert client.delete(INVITE).status_code == 405
    assert client.get(reverse("accounts:send_invitation", args=[cast.member.pk])).status_code == 405
    assert client.get("/people/999999999999999999999999/").status_code == 404


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?q=olga", {"Olga Owner"}),
        ("?q=OWNER@example", {"Olga Owner"}),
        ("?q=example olga", {"Olga Owner"}),
        ("?role=admin", {"Anton Admin"}),
        ("?role=reviewer", {"Rita Reviewer"}),
        ("?role=security", {"Rita Reviewer"}),
        ("?role=data", set()),
        ("?role=accountable", {"Ada Accountable"}),
        ("?role=none", {"Nobody Yet"}),
        ("?status=inactive", {"Gone Person"}),
        ("?status=invited", {"Ivy Invited"}),
        ("?q=olga%00", {"Olga Owner"}),
    ],
)
def test_the_list_filters(cast: Cast, client: Client, query: str, expected: set[str]) -> None:
    UserFactory.create(name="Gone Person", is_active=False)
    UserFactory.create(name="Nobody Yet")
    invited = User.objects.create_user("ivy@example.com", name="Ivy Invited")
    MembershipFactory.create(user=invited, team=cast.team)
    client.force_login(cast.admin)
    response = client.get(PEOPLE + query, headers={"HX-Request": "true"})
    assert {person.name for person in response.context["page"]} == expected
    assert "<html" not in response.content.decode()


def test_the_list_pages_and_its_queries_do_not_grow(
    cast: Cast, client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.force_login(cast.admin)
    UserFactory.create_batch(60)
    with django_assert_num_queries(5):  # session, user, count, people, their teams
        first = client.get(PEOPLE)
    assert len(first.context["page"]) == 50
    assert 'href="?page=2"' in first.content.decode()
    assert len(client.get(f"{PEOPLE}?page=99").context["page"]) == 17
    assert len(client.get(f"{PEOPLE}?page=nonsense").context["page"]) == 50


def test_an_invitation_leads_to_a_working_account(cast: Cast, client: Client, settings: Settings) -> None:
    settings.BASE_URL = "https://ready.example.com"
    client.force_login(cast.admin)
    data = {
        "name": "Ivy Invited",
        "email": "Ivy@Example.com",
        "is_accountable": "on",
        "reviewer_roles": ["sre"],
        "teams": [cast.team.pk],
    }
    page = client.post(INVITE, data, follow=True)
    assert "on its way to ivy@example.com" in page.content.decode()
    user = User.objects.get(email="ivy@example.com")
    assert not user.has_usable_password()
    actor = actor_of(user)
    assert (actor.is_accountable, actor.is_admin) == (True, False)
    assert actor.reviewer_roles == {"sre"}
    assert actor.member_team_ids == {cast.team.pk}
    assert Event.objects.get(verb="person:user:invite").data["email"] == "ivy@example.com"

    (message,) = mail.outbox
    assert message.to == ["ivy@example.com"]
    assert message.subject == "[Readiness] Anton Admin invites you to Readiness"
    link = re.search(r"https://ready\.example\.com(\S+)", message.body.partition("Choose")[2])
    assert link
    assert link.group(1) not in page.content.decode()

    newcomer = Client()
    form = newcomer.get(link.group(1), follow=True)
    target = form.request["PATH_INFO"]
    done = newcomer.post(target, {"password1": PASSWORD, "password2": PASSWORD})
    assert done.headers["Location"] == "/"
    assert newcomer.session["_auth_user_id"] == str(user.pk)
    assert EmailAddress.objects.get(user=user).verified
    # The link works once.
    again = Client().get(link.group(1), follow=True)
    assert "form" not in again.context or "password1" not in again.content.decode()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"name": "", "email": "x@example.com"}, "This field is required"),
        ({"name": "X", "email": "not an address"}, "valid email"),
        ({"name": "X", "email": "OWNER@example.com"}, "already has an account"),
        ({"name": "X", "email": "x@example.com", "reviewer_roles": ["king"]}, "king is not one"),
        ({"name": "X", "email": "x@example.com", "teams": [987654]}, "987654 is not one"),
        ({"name": "X" * 121, "email": "x@example.com"}, "at most 120"),
    ],
)
def test_a_wrong_invitation_is_explained_and_invites_nobody(
    cast: Cast, client: Client, data: dict[str, Any], sentence: str
) -> None:
    client.force_login(cast.admin)
    before = User.objects.count()
    response = client.post(INVITE, data)
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert User.objects.count() == before
    assert mail.outbox == []


def test_a_mail_server_that_is_down_loses_no_invitation(
    cast: Cast, client: Client, settings: Settings
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    client.force_login(cast.admin)
    page = client.post(INVITE, {"name": "Ivy", "email": "ivy@example.com"}, follow=True)
    assert "the mail server does not answer" in page.content.decode()
    user = User.objects.get(email="ivy@example.com")

    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    client.post(reverse("accounts:send_invitation", args=[user.pk]))
    assert mail.outbox[0].to == ["ivy@example.com"]


def test_an_invitation_is_not_sent_to_somebody_with_an_account(cast: Cast, client: Client) -> None:
    client.force_login(cast.admin)
    response = client.post(reverse("accounts:send_invitation", args=[cast.member.pk]))
    assert response.status_code == 409
    assert mail.outbox == []


def test_editing_stores_roles_and_teams_and_records_what_changed(cast: Cast, client: Client) -> None:
    client.force_login(cast.admin)
    url = reverse("accounts:person", args=[cast.owner.pk])
    teams = [cast.team.pk, cast.other_team.pk]
    data = form_of(cast.owner, name="Olga Obst", is_viewer="on", reviewer_roles=["data"], teams=teams)
    assert client.post(url, data).status_code == 303
    user = User.objects.with_rights().get(pk=cast.owner.pk)
    actor = actor_of(user)
    assert user.name == "Olga Obst"
    assert (actor.is_viewer, actor.reviewer_roles) == (True, {"data"})
    assert actor.member_team_ids == set(teams)
    assert actor.lead_team_ids == {cast.team.pk}  # a membership that stays keeps its lead
    event = Event.objects.get(verb="person:user:edit")
    assert event.actor == cast.admin
    assert event.data["changed"] == {
        "name": ["Olga Owner", "Olga Obst"],
        "is_viewer": [False, True],
        "reviewer_roles": [[], ["data"]],
        "team_ids": [[cast.team.pk], sorted(teams)],
    }


def test_saving_without_a_change_records_nothing(cast: Cast, client: Client) -> None:
    client.force_login(cast.admin)
    client.post(reverse("accounts:person", args=[cast.owner.pk]), form_of(cast.owner))
    assert not Event.objects.exists()


def test_a_stale_form_gets_409_with_both_and_overwrites_nothing(cast: Cast, client: Client) -> None:
    client.force_login(cast.admin)
    url = reverse("accounts:person", args=[cast.member.pk])
    stale = form_of(cast.member, name="Typed By Me")
    client.post(url, form_of(cast.member, is_viewer="on"))
    response = client.post(url, stale)
    page = response.content.decode()
    assert response.status_code == 409
    assert "Somebody changed" in page
    assert 'value="Typed By Me"' in page
    assert "<dd>Viewer</dd>" in page
    member = User.objects.get(pk=cast.member.pk)
    assert (member.name, member.is_viewer) == ("Milo Member", True)
    # Saving again, having seen what is stored, works.
    seen = re.search(r'name="seen" value="(\w+)"', page)
    assert seen
    assert client.post(url, {**stale, "seen": seen.group(1)}).status_code == 303
    assert User.objects.get(pk=cast.member.pk).name == "Typed By Me"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"is_admin": False}, "is the only administrator"),
        ({"is_active": False}, "You cannot deactivate yourself"),
    ],
)
def test_the_last_administrator_stays(
    cast: Cast, client: Client, changes: dict[str, Any], sentence: str
) -> None:
    client.force_login(cast.admin)
    response = client.post(reverse("accounts:person", args=[cast.admin.pk]), form_of(cast.admin, **changes))
    assert response.status_code == 422
    assert sentence in response.content.decode()
    admin = User.objects.get(pk=cast.admin.pk)
    assert admin.is_admin
    assert admin.is_active


def test_an_inactive_administrator_does_not_count_as_one(cast: Cast, client: Client) -> None:
    UserFactory.create(is_admin=True, is_active=False)
    client.force_login(cast.admin)
    response = client.post(
        reverse("accounts:person", args=[cast.admin.pk]), form_of(cast.admin, is_admin=False)
    )
    assert response.status_code == 422


def test_one_of_two_administrators_may_leave_the_role(cast: Cast, client: Client) -> None:
    UserFactory.create(is_admin=True)
    client.force_login(cast.admin)
    client.post(reverse("accounts:person", args=[cast.admin.pk]), form_of(cast.admin, is_admin=False))
    assert not User.objects.get(pk=cast.admin.pk).is_admin


def test_a_revoked_role_is_gone_with_the_next_request(cast: Cast, client: Client) -> None:
    admin, second = Client(), UserFactory.create(is_admin=True)
    admin.force_login(cast.admin)
    client.force_login(second)
    assert client.get(INVITE).status_code == 200
    admin.post(reverse("accounts:person", args=[second.pk]), form_of(second, is_admin=False, is_viewer="on"))
    assert client.get(INVITE).status_code == 403
    Membership.objects.create(team=cast.team, user=second, is_lead=True)
    assert client.get("/teams/payments/edit/").status_code == 200


def test_deactivating_ends_sessions_at_once_and_for_good(cast: Cast, client: Client) -> None:
    client.post("/accounts/login/", {"login": cast.member.email, "password": PASSWORD})
    assert client.get("/me/").status_code == 200
    admin = Client()
    admin.force_login(cast.admin)
    url = reverse("accounts:person", args=[cast.member.pk])
    admin.post(url, form_of(cast.member, is_active=False))
    assert client.get("/me/").status_code == 302

    admin.post(url, form_of(User.objects.get(pk=cast.member.pk), is_active="on"))
    assert User.objects.get(pk=cast.member.pk).is_active
    assert client.get("/me/").status_code == 302


def test_names_of_markup_are_shown_as_text(cast: Cast, client: Client) -> None:
    UserFactory.create(name="<img src=x onerror=alert(1)>")
    client.force_login(cast.admin)
    assert "<img src=x" not in client.get(PEOPLE).content.decode()
