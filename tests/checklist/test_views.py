"""The pages that show checklists: who may read, what they show, what a wrong address gets."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from checklist.actions import load_checklist
from checklist.models import ChecklistVersion
from tests.cast import Cast
from tests.checklist.sample import as_content, sample

pytestmark = pytest.mark.django_db

ADDRESSES = [
    "/checklists/",
    "/checklists/sample/",
    "/checklists/sample/v1/",
    "/checklists/sample/compare/",
    "/checklists/sample/compare/?from=1&to=2",
]


def load(**fields: Any) -> ChecklistVersion:
    return load_checklist(as_content({**sample(), **fields})).version


@pytest.fixture
def versions() -> tuple[ChecklistVersion, ChecklistVersion]:
    data = sample()
    data["sections"][0]["items"][1]["spec"]["limit"] = 5
    data["sections"][0]["items"].append(
        {**data["sections"][0]["items"][0], "slug": "new", "title": "Brand new"}
    )
    del data["sections"][0]["items"][2]
    return load(), load(sections=data["sections"])


def page(client: Client, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status
    return response.content.decode()


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize(
    "role", ["owner", "member", "reviewer", "accountable", "admin", "viewer", "stranger"]
)
def test_everybody_signed_in_may_read(
    client: Client, cast: Cast, versions: Any, role: str, address: str
) -> None:
    client.force_login(cast[role])
    page(client, address)
    assert client.post(address).status_code == 405


@pytest.mark.parametrize("address", [*ADDRESSES, "/checklists/none/"])
def test_a_visitor_is_sent_to_sign_in(client: Client, versions: Any, address: str) -> None:
    response = client.get(address)
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/accounts/login/?next=/checklists/")


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("/checklists/none/", "There is no checklist “none”"),
        ("/checklists/sample/v9/", "There is no version 9 of “sample”"),
        ("/checklists/none/compare/", "There is no checklist “none”"),
    ],
)
def test_unknown_address_says_what_to_do(
    client: Client, cast: Cast, versions: Any, address: str, message: str
) -> None:
    client.force_login(cast.member)
    assert message in page(client, address, 404)


def test_list_teaches_when_it_is_empty(client: Client, cast: Cast) -> None:
    client.force_login(cast.member)
    assert "manage.py checklist load" in page(client, "/checklists/")


def test_list_shows_the_latest_version(client: Client, cast: Cast, versions: Any) -> None:
    client.force_login(cast.member)
    text = page(client, "/checklists/")
    assert "Version 2 · 2 sections · 5 items" in text
    draft = versions[1].checklist.versions.create(number=3, content={}, content_hash="0" * 64)
    assert "Version 2 ·" in page(client, "/checklists/")
    page(client, f"/checklists/sample/v{draft.number}/", 404)


def test_version_shows_sections_thresholds_applicability_and_guidance(client: Client, cast: Cast) -> None:
    load_checklist()
    client.force_login(cast.member)
    text = page(client, "/checklists/mvp-to-production/")
    for expected in (
        "1. Observability",
        "If it breaks right now",
        "Only when the service handles payments.",
        "6 is the target; below it there is a warning.",
        "Evidence required; it counts for 180 days.",
        "How to meet it",
        "Again within 38 days",
        "May be deferred",
        "Approved by 1 reviewer: Security.",
        "request_id_echo",
    ):
        assert expected in text
    assert text.count('<article class="item"') == 68


def test_an_earlier_version_says_so(client: Client, cast: Cast, versions: Any) -> None:
    client.force_login(cast.member)
    assert "This is an earlier version" in page(client, "/checklists/sample/v1/")
    latest = page(client, "/checklists/sample/v2/")
    assert "This is an earlier version" not in latest
    assert versions[1].content_hash in latest


def test_script_in_a_checklist_is_text(client: Client, cast: Cast) -> None:
    data = sample()
    bad = "<script>alert(1)</script>"
    data.update(title=f"T {bad}", summary=bad)
    data["sections"][0].update(title=f"S {bad}", question=bad, why=bad)
    data["sections"][0]["items"][0].update(title=f"I {bad}", why=bad, how=bad)
    data["sections"][0]["items"][0]["spec"] = {"note_label": bad}
    first, _ = load_checklist(as_content(data)).version, load()
    client.force_login(cast.member)
    for address in ("/checklists/", f"/checklists/sample/v{first.number}/", "/checklists/sample/compare/"):
        text = page(client, address)
        assert bad not in text
        assert "&lt;script&gt;alert(1)" in text or address == "/checklists/"


def test_compare_shows_the_difference(client: Client, cast: Cast, versions: Any) -> None:
    client.force_login(cast.member)
    text = page(client, "/checklists/sample/compare/?from=1&to=2")
    assert "Added: 1 item<" in text
    assert "Brand new" in text
    assert "Removed: 1 item<" in text
    assert "Something extra" in text
    assert "spec.limit" in text
    assert "<del>4</del><ins>5</ins>" in text
    assert text.split("<main")[1] == page(client, "/checklists/sample/compare/").split("<main")[1], (
        "the default"
    )
    assert "<del>5</del><ins>4</ins>" in page(client, "/checklists/sample/compare/?from=2&to=1")
    assert "Versions 1 and 1 do not differ." in page(client, "/checklists/sample/compare/?from=1&to=1")


@pytest.mark.parametrize("query", ["from=9&to=1", "from=x", "to=-1", "from=1%00", "to=99999999999999999999"])
def test_compare_with_a_wrong_number(client: Client, cast: Cast, versions: Any, query: str) -> None:
    client.force_login(cast.member)
    text = page(client, f"/checklists/sample/compare/?{query}", 422)
    assert "There is no such version. Choose one from the list." in text


def test_compare_with_one_version(client: Client, cast: Cast) -> None:
    load()
    client.force_login(cast.member)
    assert "There is only one version" in page(client, "/checklists/sample/compare/")


def test_queries_do_not_grow_with_items_or_versions(
    client: Client, cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    load()
    load_checklist()
    for number in range(5):
        load(title=f"Title {number}")
    client.force_login(cast.member)
    for address, most in (
        ("/checklists/", 4),
        ("/checklists/sample/", 6),
        ("/checklists/mvp-to-production/", 6),
        ("/checklists/sample/compare/", 6),
    ):
        with django_assert_max_num_queries(most):
            page(client, address)
