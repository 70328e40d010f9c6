"""The pages of services, seen by everybody in the cast."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from reviews.models import Event, Service
from tests.cast import Cast
from tests.reviews.builders import make_service

READERS = ("owner", "member", "reviewer", "accountable", "admin", "viewer")
EVERYBODY = (*READERS, "stranger", "anonymous")


@pytest.fixture
def checkout(cast: Cast) -> Service:
    """A service of the team `payments`."""
    return make_service(cast.team, cast.owner)


def signed_in(client: Client, cast: Cast, who: str) -> Client:
    """Return the client, signed in as `who` unless that is nobody."""
    if who != "anonymous":
        client.force_login(cast[who])
    return client


def typed(cast: Cast, **changes: Any) -> dict[str, Any]:
    """What a form for a service sends."""
    return {"name": "Checkout", "team": cast.team.pk, "tier": "2", "revision": "0", **changes}


@pytest.mark.parametrize("who", EVERYBODY)
def test_list(client: Client, cast: Cast, checkout: Service, who: str) -> None:
    answer = signed_in(client, cast, who).get("/services/")
    if who == "anonymous":
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/")
        return
    assert answer.status_code == 200
    assert ("/services/checkout/" in answer.content.decode()) == (who in READERS)


@pytest.mark.parametrize("who", EVERYBODY)
@pytest.mark.parametrize(
    ("name", "allowed", "refused"),
    [
        ("service", READERS, ()),
        ("service_edit", ("owner", "member", "admin"), ("reviewer", "accountable", "viewer")),
        ("service_archive", ("owner", "admin"), ("member", "reviewer", "accountable", "viewer")),
    ],
)
def test_pages_of_one_service(
    client: Client, cast: Cast, checkout: Service, who: str, name: str,
    allowed: tuple[str, ...], refused: tuple[str, ...],
) -> None:  # fmt: skip
    answer = signed_in(client, cast, who).get(reverse(f"reviews:{name}", args=["checkout"]))
    if who == "anonymous":
        assert answer.status_code == 302
        return
    expected = 200 if who in allowed else 403 if who in refused else 404
    assert answer.status_code == expected


@pytest.mark.parametrize("who", EVERYBODY)
@pytest.mark.parametrize("name", ["service_new", "service_import"])
def test_pages_that_add(client: Client, cast: Cast, who: str, name: str) -> None:
    answer = signed_in(client, cast, who).get(reverse(f"reviews:{name}"))
    expected = {"owner": 200, "member": 200, "admin": 200, "stranger": 200, "anonymous": 302}
    assert answer.status_code == expected.get(who, 403)


def test_somebody_without_any_role_finds_nothing(client: Client, cast: Cast, checkout: Service) -> None:
    cast.stranger.memberships.all().delete()
    client.force_login(cast.stranger)
    for name in ("services", "service_new", "service_import", "service_csv_export", "service_csv_template"):
        assert client.get(reverse(f"reviews:{name}")).status_code == 404
    assert client.get("/services/checkout/").status_code == 404


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("services", "post"),
        ("service", "post"),
        ("service_edit", "delete"),
        ("service_archive", "put"),
        ("service_restore", "get"),
        ("service_new", "put"),
        ("service_import", "delete"),
        ("service_import_apply", "get"),
        ("service_csv_template", "post"),
        ("service_csv_export", "post"),
    ],
)
def test_wrong_method(client: Client, cast: Cast, checkout: Service, name: str, method: str) -> None:
    client.force_login(cast.owner)
    of_one = name in {"service", "service_edit", "service_archive", "service_restore"}
    url = reverse(f"reviews:{name}", args=["checkout"] if of_one else [])
    assert getattr(client, method)(url).status_code == 405


def test_add_a_service(client: Client, cast: Cast) -> None:
    client.force_login(cast.member)
    answer = client.post(
        "/services/new/", typed(cast, name="Größe & Co", handles_payments="yes", cloud="aws")
    )
    service = Service.objects.get()
    assert answer.status_code == 303
    assert answer["Location"] == f"/services/{service.slug}/"
    assert service.slug == "grosse-co"
    assert service.facts["handles_payments"] is True
    assert service.facts["regulated"] is None
    event = Event.objects.get(service=service)
    assert (event.verb, event.actor) == ("person:service:created", cast.member)
    assert "Größe &amp; Co" in client.get(answer["Location"]).content.decode()


def test_a_form_with_mistakes_names_all_of_them_and_keeps_what_was_typed(client: Client, cast: Cast) -> None:
    client.force_login(cast.owner)
    answer = client.post(
        "/services/new/",
        typed(cast, name=" ", production_url="javascript:alert(1)", team_size="many", description="Keep me"),
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Give the service a name." in page
    assert "starts with https://" in page
    assert "whole number" in page
    assert "Keep me" in page
    assert not Service.objects.exists()


@pytest.mark.parametrize("who", ["member", "stranger"])
def test_only_for_a_team_of_ones_own(client: Client, cast: Cast, who: str) -> None:
    team = cast.other_team if who == "member" else cast.team
    answer = signed_in(client, cast, who).post("/services/new/", typed(cast, team=team.pk))
    assert answer.status_code == 422
    assert "Choose one of your own teams." in answer.content.decode()
    assert not Service.objects.exists()


def test_edit_records_before_and_after(client: Client, cast: Cast, checkout: Service) -> None:
    client.force_login(cast.member)
    answer = client.post("/services/checkout/edit/", typed(cast, name="Till", tier="1", revision="1"))
    checkout.refresh_from_db()
    assert answer.status_code == 303
    assert (checkout.name, checkout.tier, checkout.slug, checkout.revision) == ("Till", 1, "checkout", 2)
    event = Event.objects.get(service=checkout, verb="person:service:edited")
    assert event.data["changed"] == {
        "name": {"before": "Checkout", "after": "Till"},
        "tier": {"before": 2, "after": 1},
    }


def test_saving_nothing_new_records_nothing(client: Client, cast: Cast, checkout: Service) -> None:
    client.force_login(cast.member)
    assert client.post("/services/checkout/edit/", typed(cast, revision="1")).status_code == 303
    assert not Event.objects.exists()


def test_a_stale_form_shows_both_and_loses_nothing(client: Client, cast: Cast, checkout: Service) -> None:
    client.force_login(cast.owner)
    first = typed(cast, description="Theirs", revision="1")
    assert client.post("/services/checkout/edit/", first).status_code == 303
    client.force_login(cast.member)
    mine = typed(cast, description="Mine", tier="1", revision="1")
    answer = client.post("/services/checkout/edit/", mine)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Theirs" in page
    assert "Mine" in page
    assert f"{cast.owner} changed this service" in page
    checkout.refresh_from_db()
    assert checkout.description == "Theirs"
    again = {**mine, "revision": answer.context["form"]["revision"].value()}
    assert client.post("/services/checkout/edit/", again).status_code == 303
    checkout.refresh_from_db()
    assert (checkout.description, checkout.tier) == ("Mine", 1)


def test_archive_and_restore(client: Client, cast: Cast, checkout: Service) -> None:
    client.force_login(cast.owner)
    assert client.post("/services/checkout/archive/").status_code == 303
    assert "/services/checkout/" not in client.get("/services/").content.decode()
    assert "/services/checkout/" in client.get("/services/?show=archived").content.decode()
    assert client.post("/services/checkout/archive/").status_code == 409
    assert client.get("/services/checkout/edit/").status_code == 409
    assert client.post("/services/checkout/restore/").status_code == 303
    assert client.post("/services/checkout/restore/").status_code == 409
    verbs = list(Event.objects.order_by("id").values_list("verb", flat=True))
    assert verbs == ["person:service:archived", "person:service:restored"]


SCRIPT = '<script>alert("x")</script><img src=x onerror=alert(1)>'


@pytest.mark.parametrize("field", ["name", "description"])
def test_html_and_script_are_shown_as_text(client: Client, cast: Cast, field: str) -> None:
    client.force_login(cast.owner)
    answer = client.post("/services/new/", typed(cast, **{field: SCRIPT}))
    slug = Service.objects.get().slug
    for url in (answer["Location"], "/services/", f"/services/{slug}/edit/", f"/services/{slug}/archive/"):
        page = client.get(url).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
    assert "&lt;script&gt;" in client.get(answer["Location"]).content.decode()


@pytest.mark.parametrize("field", ["production_url", "health_url", "repository_url", "documentation_url"])
@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "ftp://a/b", "https://", "https://u:p@host/", SCRIPT]
)
def test_an_address_is_http_and_nothing_else(client: Client, cast: Cast, field: str, url: str) -> None:
    client.force_login(cast.owner)
    answer = client.post("/services/new/", typed(cast, **{field: url}))
    assert answer.status_code == 422
    assert not Service.objects.exists()


def test_an_address_that_probes_may_not_fetch_is_saved_with_a_warning(client: Client, cast: Cast) -> None:
    client.force_login(cast.owner)
    body = typed(cast, health_url="http://169.254.169.254/latest/")
    answer = client.post("/services/new/", body, follow=True)
    assert answer.status_code == 200
    assert "Probes cannot use the Health URL" in answer.content.decode()
    assert Service.objects.get().health_url == "http://169.254.169.254/latest/"


def test_the_top_bar_searches(client: Client, cast: Cast, checkout: Service) -> None:
    make_service(cast.team, cast.owner, "ledger")
    client.force_login(cast.viewer)
    page = client.get("/services/", {"q": "check"}).content.decode()
    assert "/services/checkout/" in page
    assert "/services/ledger/" not in page


def test_htmx_gets_the_list_alone(client: Client, cast: Cast, checkout: Service) -> None:
    client.force_login(cast.viewer)
    answer = client.get("/services/?tier=2", headers={"HX-Request": "true"})
    page = answer.content.decode()
    assert "<html" not in page
    assert "/services/checkout/" in page
    assert "HX-Request" in answer["Vary"]
