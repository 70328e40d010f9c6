"""The API: tokens, Problem Details, deployments, and the drills that they bear out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from readiness.accounts.rights import actor_of
from reviews import events
from reviews.actions.drill_results import grade_drill
from reviews.actions.drills import fill_in
from reviews.actions.sections import approve_section, submit_section
from reviews.actions.tokens import create_token, recognise, revoke_token
from reviews.models import Approval, Deployment, Drill, Event, Evidence, Review, Service, ServiceToken
from tests.cast import Cast
from tests.reviews.builders import make_service, section, seen
from tests.reviews.drill_builders import NOW, ROLLBACK, answer_of, drill_review, moved_clock, stopped
from tests.threads import at_once

pytestmark = pytest.mark.django_db
URL = "/api/v1/deployments"
BODY: dict[str, Any] = {
    "kind": "rollback",
    "version": "2041",
    "environment": "production",
    "run_url": "https://ci.example.com/runs/7",
}


def token_for(cast: Cast, service: Service, **changes: Any) -> str:
    values: dict[str, Any] = {
        "name": "CI",
        "actions": ["deployments.write"],
        "expires_at": timezone.now() + timedelta(days=30),
    }
    _, text = create_token(actor_of(cast.owner), service.pk, **{**values, **changes})
    return text


def push(token: str, body: Any = None, key: str = "", **headers: str) -> Any:
    """Send a deployment as a pipeline does: no cookies, no CSRF token."""
    sent = {"Authorization": f"Bearer {token}", **({"Idempotency-Key": key} if key else {}), **headers}
    client = Client(enforce_csrf_checks=True)
    return client.post(URL, BODY if body is None else body, content_type="application/json", headers=sent)


@pytest.fixture
def service(cast: Cast) -> Service:
    return make_service(cast.team, cast.owner)


# -- Getting in ----------------------------------------------------------------------------------------------


def test_a_deployment_is_kept(cast: Cast, service: Service) -> None:
    answer = push(token_for(cast, service), key="run-7")
    assert answer.status_code == 201
    row = Deployment.objects.get()
    assert answer.json() == {
        "id": row.pk,
        "service": "checkout",
        "kind": "rollback",
        "version": "2041",
        "environment": "production",
        "at": answer.json()["at"],
        "run_url": "https://ci.example.com/runs/7",
        "drills": [],
    }
    assert answer.json()["at"].endswith("Z")
    token = ServiceToken.objects.get()
    assert token.last_used_at is not None
    event = Event.objects.get(verb="token:deployment:reported")
    assert (event.actor, event.service) == (None, service)
    assert events.verify_all()[1] == []


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer rdn_x", "Basic abc", "Bearer rdn_000000000000_abc", "Bearer \u00fc"]
)
def test_without_a_live_token_nobody_gets_in(service: Service, header: str) -> None:
    answer = Client().post(
        URL, BODY, content_type="application/json", headers={"Authorization": header} if header else {}
    )
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == 401
    assert not Deployment.objects.exists()


def test_a_session_is_no_token(cast: Cast, service: Service) -> None:
    client = Client()
    client.force_login(cast.owner)
    assert client.post(URL, BODY, content_type="application/json").status_code == 401


def test_a_token_ends(cast: Cast, service: Service) -> None:
    text = token_for(cast, service)
    token = ServiceToken.objects.get()
    assert recognise(text) == token
    assert recognise(text + "x") is None
    assert recognise(text.replace(token.handle, "0" * 12)) is None
    ServiceToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert push(text).status_code == 401
    ServiceToken.objects.update(expires_at=timezone.now() + timedelta(days=1))
    assert push(text).status_code == 201
    revoke_token(actor_of(cast.owner), service.pk, token.pk)
    revoke_token(actor_of(cast.owner), service.pk, token.pk)
    assert push(text).status_code == 401
    assert Event.objects.filter(verb="person:token:revoked").count() == 1


def test_only_a_hash_is_kept(cast: Cast, service: Service) -> None:
    text = token_for(cast, service)
    secret = text.split("_", 2)[2]
    token = ServiceToken.objects.get()
    assert secret not in token.secret_hash
    assert len(token.secret_hash) == 64
    assert not any(secret in str(row.data) + row.summary for row in Event.objects.all())


def test_a_token_is_for_one_service_and_its_actions(cast: Cast, service: Service) -> None:
    make_service(cast.team, cast.owner, "search")
    text = token_for(cast, service)
    answer = push(text, {**BODY, "service": "search"})
    assert (answer.status_code, "checkout" in answer.json()["detail"]) == (403, True)
    assert push(text, {**BODY, "service": "checkout"}).status_code == 201
    ServiceToken.objects.update(actions=["something.else"])
    answer = push(text)
    assert answer.status_code == 403
    assert "deployments.write" in answer.json()["detail"]


# -- Bad input -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**BODY, "kind": "undo"}, "kind"),
        ({**BODY, "version": ""}, "version"),
        ({**BODY, "version": "x" * 101}, "version"),
        ({**BODY, "version": "a\u0000b"}, "version"),
        ({**BODY, "at": "yesterday"}, "at"),
        ({**BODY, "at": "2026-11-23T12:00:00"}, "at"),
        ({**BODY, "at": "2020-01-01T00:00:00Z"}, "at"),
        ({**BODY, "at": "2999-01-01T00:00:00Z"}, "at"),
        ({**BODY, "at": "0001-01-01T00:00:00+14:00"}, "at"),
        ({**BODY, "at": "9999-12-31T23:59:59-12:00"}, "at"),
        ({**BODY, "run_url": "javascript:alert(1)"}, "run_url"),
        ({**BODY, "colour": "red"}, "colour"),
        ({"kind": "deploy"}, "version"),
    ],
)
def test_each_mistake_is_named(cast: Cast, service: Service, body: dict[str, Any], field: str) -> None:
    answer = push(token_for(cast, service), body)
    assert answer.status_code == 422
    problem = answer.json()
    assert field in [each["field"] for each in problem["errors"]]
    assert {"type", "title", "status", "detail"} <= set(problem)
    assert not Deployment.objects.exists()


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 422),
        (b"[1]", "application/json", 422),
        (b"[" * 100_000, "application/json", 413),
        (b'"' + b"x" * 70_000 + b'"', "application/json", 413),
        (b"\xff\xfe", "application/json", 422),
        (b"kind=deploy", "application/x-www-form-urlencoded", 422),
    ],
)
def test_bodies_that_are_none(cast: Cast, service: Service, content: bytes, kind: str, status: int) -> None:
    headers = {"Authorization": f"Bearer {token_for(cast, service)}"}
    answer = Client().post(URL, content, content_type=kind, headers=headers)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_body_beyond_all_limits(cast: Cast, service: Service, settings: Any) -> None:
    """What the server cuts off before the API sees it is answered in the same form."""
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    answer = push(token_for(cast, service), {**BODY, "run_url": "https://ci.example.com/" + "x" * 200})
    assert answer.status_code == 413
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_other_methods_and_addresses(cast: Cast, service: Service) -> None:
    answer = Client().get(URL)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert answer.json()["title"] == "Method not allowed"
    answer = Client().post("/api/v1/deploys", {}, content_type="application/json")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")


def test_the_same_key_is_kept_once(cast: Cast, service: Service) -> None:
    text = token_for(cast, service)
    first = push(text, key="run-7")
    again = push(text, key="run-7")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    answer = push(text, {**BODY, "version": "2040"}, key="run-7")
    assert answer.status_code == 409
    assert "Use a new key" in answer.json()["detail"]
    assert push(text, key="k" * 201).status_code == 422
    assert push(text).status_code == push(text).status_code == 201  # without a key each is one of its own
    assert Deployment.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_the_same_key_twice_at_once(cast: Cast) -> None:
    text = token_for(cast, make_service(cast.team, cast.owner))
    results = at_once(lambda: push(text, key="run-7"), lambda: push(text, key="run-7"))
    assert sorted(each.status_code for each in results) == [200, 201]
    assert Deployment.objects.count() == 1


def test_a_deployment_is_never_changed(cast: Cast, service: Service) -> None:
    push(token_for(cast, service))
    with pytest.raises(IntegrityError), transaction.atomic():
        Deployment.objects.update(version="1")


# -- Drills --------------------------------------------------------------------------------------------------


def rolled_back(cast: Cast, review: Review, good: str = "2041", seconds: float = 96) -> Drill:
    """A graded rollback drill that began an hour ago."""
    with moved_clock() as moved:
        drill = stopped(cast, review, moved, seconds)
        witness = actor_of(cast.owner)
        fields = {"bad_version": "2042", "good_version": good}
        fill_in(witness, drill.pk, fields, "deploy rollback checkout")
        return grade_drill(witness, drill.pk, outcome="passed", grades={})


def at(seconds: float) -> str:
    return (NOW + timedelta(seconds=seconds)).isoformat()


def test_an_event_in_its_time_bears_a_drill_out(cast: Cast) -> None:
    review = drill_review(cast, ROLLBACK)
    drill = rolled_back(cast, review)
    before = Evidence.objects.get()
    assert before.grade == "attested"
    answer = push(token_for(cast, review.service), {**BODY, "at": at(80)}, key="run-7")
    assert answer.json()["drills"] == [drill.pk]
    assert push(token_for(cast, review.service), {**BODY, "at": at(90)}).json()["drills"] == []  # once
    drill.refresh_from_db()
    assert drill.corroborated_by is not None
    assert drill.corroborated_by.idempotency_key == "run-7"
    before.refresh_from_db()
    after = Evidence.objects.get(ended_at__isnull=True)
    assert (after.grade, after.sha256, after.title) == ("witnessed", before.sha256, before.title)
    assert before.superseded_by == after
    assert answer_of(review).data["drill"] == drill.pk
    assert Event.objects.filter(verb="system:drill:corroborated").count() == 1
    assert events.verify_all()[1] == []


def test_an_event_that_came_before_the_grade_counts_too(cast: Cast) -> None:
    review = drill_review(cast, ROLLBACK)
    push(token_for(cast, review.service), {**BODY, "at": at(80)})
    assert rolled_back(cast, review).corroborated_by is not None
    assert Evidence.objects.get().grade == "witnessed"


@pytest.mark.parametrize(
    ("body", "borne_out"),
    [
        ({"at": at(-60)}, True),  # clocks differ by a minute
        ({"at": at(-61)}, False),
        ({"at": at(96 + 60)}, True),
        ({"at": at(96 + 61)}, False),
        ({"at": at(50), "version": "v2041"}, True),
        ({"at": at(50), "version": "2040"}, False),
        ({"at": at(50), "kind": "deploy"}, True),  # of the version that the drill went back to
        ({"at": at(50), "kind": "deploy", "version": "2042"}, False),
    ],
)
def test_what_bears_a_drill_out(cast: Cast, body: dict[str, str], borne_out: bool) -> None:
    review = drill_review(cast, ROLLBACK)
    rolled_back(cast, review)
    answer = push(token_for(cast, review.service), {**BODY, **body})
    assert answer.status_code == 201
    assert bool(answer.json()["drills"]) == borne_out
    assert Evidence.objects.get(ended_at__isnull=True).grade == ("witnessed" if borne_out else "attested")


def test_an_event_of_another_service_is_none_of_it(cast: Cast) -> None:
    review = drill_review(cast, ROLLBACK)
    rolled_back(cast, review)
    other = make_service(cast.team, cast.owner, "search")
    assert push(token_for(cast, other), {**BODY, "at": at(50)}).json()["drills"] == []


def test_a_stronger_grade_takes_no_approval_away(cast: Cast) -> None:
    review = drill_review(cast, ROLLBACK)
    rolled_back(cast, review)
    submit_section(actor_of(cast.member), section(review))
    approve_section(actor_of(cast.reviewer), section(review), seen(section(review)))
    assert push(token_for(cast, review.service), {**BODY, "at": at(50)}).json()["drills"]
    assert Approval.objects.get().stale_at is None
    assert section(review).status == "approved"


def test_a_closed_review_stays_as_it_is(cast: Cast) -> None:
    review = drill_review(cast, ROLLBACK)
    rolled_back(cast, review)
    Review.objects.update(status="signed_off")
    answer = push(token_for(cast, review.service), {**BODY, "at": at(50)})
    assert (answer.status_code, answer.json()["drills"]) == (201, [])
    assert Evidence.objects.get().grade == "attested"


# -- The page ------------------------------------------------------------------------------------------------


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_token_is_made_on_the_page_and_shown_once(cast: Cast, service: Service) -> None:
    owner = signed_in(cast.owner)
    path = "/services/checkout/tokens/"
    until = (timezone.localdate() + timedelta(days=90)).isoformat()
    answer = owner.post(path, {"name": "CI", "actions": "deployments.write", "expires_on": until})
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    page = answer.content.decode()
    handle = ServiceToken.objects.get().handle
    text = page.partition('aria-label="The token">')[2].partition("<")[0]
    assert text.startswith(f"rdn_{handle}_")
    assert push(text).status_code == 201
    page = owner.get(path).content.decode()
    assert text not in page
    assert handle in page
    assert "just now" in page  # last used
    assert owner.post(f"{path}{ServiceToken.objects.get().pk}/revoke/").status_code == 303
    assert push(text).status_code == 401


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": ""}, "This field is required"),
        ({"actions": "everything"}, "not one of the available choices"),
        ({"actions": []}, "Choose what the token may do"),
        ({"expires_on": "2020-01-01"}, "in the future"),
        ({"expires_on": "2199-01-01"}, "a year at most"),
        ({"expires_on": "soon"}, "year-month-day"),
    ],
)
def test_a_token_that_cannot_be(cast: Cast, service: Service, change: dict[str, Any], words: str) -> None:
    until = (timezone.localdate() + timedelta(days=90)).isoformat()
    typed = {"name": "CI", "actions": "deployments.write", "expires_on": until, **change}
    answer = signed_in(cast.owner).post("/services/checkout/tokens/", typed)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not ServiceToken.objects.exists()


def test_who_manages_tokens(cast: Cast, service: Service) -> None:
    statuses = {"owner": 200, "admin": 200, "member": 403, "reviewer": 403, "viewer": 403, "stranger": 404}
    for role, status in statuses.items():
        client = signed_in(cast[role])
        assert client.get("/services/checkout/tokens/").status_code == status, role
        if status != 200:
            assert client.post("/services/checkout/tokens/1/revoke/").status_code == status, role
    other = make_service(cast.other_team, cast.stranger, "search")
    token_for(cast, service)
    pk = ServiceToken.objects.get().pk
    assert signed_in(cast.stranger).post(f"/services/{other.slug}/tokens/{pk}/revoke/").status_code == 404
