"""Importing services through the pages: preview, confirm, and nothing in between."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from readiness.accounts.rights import actor_of
from reviews import events
from reviews.imports import csv
from reviews.models import Event, Service
from reviews.queries.service_import import Plan, plan_import
from tests.cast import Cast
from tests.reviews.builders import make_service

HEAD = "name,team,tier,description\n"


def preview(client: Client, text: str, name: str = "") -> Any:
    """Upload or paste a text; return the preview page."""
    if name:
        return client.post("/services/import/", {"file": SimpleUploadedFile(name, text.encode())})
    return client.post("/services/import/", {"text": text})


def confirm(client: Client, answer: Any, text: str, kind: str = "csv") -> Any:
    """Send what the confirm button of a preview sends."""
    digest = answer.context["plan"].digest
    return client.post("/services/import/apply/", {"kind": kind, "digest": digest, "text": text})


def kinds(answer: Any) -> list[str]:
    """What a preview says about each row."""
    plan: Plan = answer.context["plan"]
    return [line.kind for line in plan.lines]


@pytest.fixture
def member(client: Client, cast: Cast) -> Client:
    """A client signed in as a member of `payments`."""
    client.force_login(cast.member)
    return client


def test_preview_confirm_and_the_record(member: Client, cast: Cast) -> None:
    stored = make_service(cast.team, cast.owner, tier=3, description="As it was")
    same = make_service(cast.team, cast.owner, "ledger")
    text = f"{HEAD}Checkout,payments,1,As it was\nTill,Payments,2,New here\nLedger,payments,2,\n"
    answer = preview(member, text, "services.csv")
    assert answer.status_code == 200
    assert kinds(answer) == ["changed", "new", "unchanged"]
    assert Service.objects.count() == 2
    assert confirm(member, answer, text).status_code == 303
    stored.refresh_from_db()
    same.refresh_from_db()
    assert (stored.tier, stored.revision, same.revision) == (1, 2, 1)
    till = Service.objects.get(slug="till")
    assert (till.team, till.description, till.created_by) == (cast.team, "New here", cast.member)
    assert {event.service.slug: event.data for event in Event.objects.select_related("service")} == {
        "checkout": {"changed": {"tier": {"before": 3, "after": 1}}},
        "till": {"created": True},
    }
    assert set(Event.objects.values_list("verb", flat=True)) == {"person:service:imported"}
    assert events.verify_all() == (2, [])


def test_the_line_ends_of_a_form_change_nothing(member: Client) -> None:
    text = f'{HEAD}Checkout,payments,1,"two\nlines"\n'
    answer = preview(member, text)
    assert confirm(member, answer, text.replace("\n", "\r\n")).status_code == 303
    assert Service.objects.get().description == "two\nlines"


def test_one_bad_row_and_nothing_is_written(member: Client) -> None:
    text = f"{HEAD}Checkout,payments,1,\nTill,paymants,9,\n"
    answer = preview(member, text)
    assert answer.status_code == 422
    problems = {(each.line, each.column): each.message for each in answer.context["plan"].problems}
    assert set(problems) == {(3, "tier"), (3, "team")}
    assert "Did you mean “payments”?" in problems[3, "team"]
    assert "Import 1" not in answer.content.decode()
    assert confirm(member, answer, text).status_code == 409
    assert not Service.objects.exists()


@pytest.mark.parametrize(
    ("rows", "line", "column", "words"),
    [
        ("Checkout,payments,1,\nCheckout,payments,2,\n", 3, "name", "line 2 already"),
        ("Checkout,payments,1,\nCHECKOUT,payments,2,\n", 3, "name", "line 2 already"),
        ("Checkout,search,1,\n", 2, "team", "not in the team Search"),
        ("Hidden,payments,1,\nOther,,1,\n", 3, "team", "Name the team"),
        (",payments,1,\n", 2, "name", "Give the service a name"),
        ("Old,payments,1,\n", 2, "name", "archived"),
    ],
)
def test_rows_that_cannot_be(
    member: Client, cast: Cast, rows: str, line: int, column: str, words: str
) -> None:
    old = make_service(cast.team, cast.owner, "old")
    member.force_login(cast.owner)
    member.post("/services/old/archive/")
    member.force_login(cast.member)
    answer = preview(member, HEAD + rows)
    assert answer.status_code == 422
    found = [each for each in answer.context["plan"].problems if (each.line, each.column) == (line, column)]
    assert words in found[0].message
    assert Service.objects.exclude(pk=old.pk).count() == 0


def test_a_wrong_column_is_named_with_the_nearest(member: Client) -> None:
    answer = preview(member, "name,team,discription\nA,payments,x\n")
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "discription" in page
    assert "Did you mean “description”?" in page


def test_services_of_other_teams_stay_out_of_reach(member: Client, cast: Cast) -> None:
    hidden = make_service(cast.other_team, cast.stranger, "index")
    answer = preview(member, "name,slug,team\nMine,index,payments\n")
    (problem,) = answer.context["plan"].problems
    assert "taken by a service of another team" in problem.message
    assert "Index" not in answer.content.decode()
    # By name it is another service, because the member does not know of the first.
    answer = preview(member, "name,team\nIndex,payments\n")
    assert kinds(answer) == ["new"]
    assert answer.context["plan"].lines[0].slug == "index-2"
    hidden.refresh_from_db()
    assert hidden.revision == 1


def test_what_changed_since_the_preview_is_shown_again(member: Client, cast: Cast) -> None:
    service = make_service(cast.team, cast.owner)
    text = f"{HEAD}Checkout,payments,1,From the file\nTill,payments,1,\n"
    answer = preview(member, text)
    service.description = "From somebody else"
    service.save()
    again = confirm(member, answer, text)
    assert again.status_code == 409
    assert "From somebody else" in again.content.decode()
    assert not Service.objects.filter(name="Till").exists()
    assert confirm(member, again, text).status_code == 303
    service.refresh_from_db()
    assert service.description == "From the file"
    assert Service.objects.filter(name="Till").exists()


def test_two_new_services_cannot_share_a_name_by_their_slugs(member: Client) -> None:
    answer = preview(member, "name,slug,team\nTill,till-a,payments\nTill,till-b,payments\n")
    assert [each.line for each in answer.context["plan"].problems] == [3]


def test_names_may_be_passed_on_within_a_file(member: Client, cast: Cast) -> None:
    make_service(cast.team, cast.owner, "checkout")
    text = "name,slug,team\nOld checkout,checkout,payments\nCheckout,checkout-two,payments\n"
    answer = preview(member, text)
    assert kinds(answer) == ["changed", "new"]
    assert confirm(member, answer, text).status_code == 303
    assert dict(Service.objects.values_list("slug", "name")) == {
        "checkout": "Old checkout",
        "checkout-two": "Checkout",
    }


def test_names_may_go_round_in_a_circle(member: Client, cast: Cast) -> None:
    make_service(cast.team, cast.owner, "a", name="One")
    make_service(cast.team, cast.owner, "b", name="Two")
    text = "name,slug,team\nTwo,a,payments\nOne,b,payments\n"
    assert confirm(member, preview(member, text), text).status_code == 303
    assert dict(Service.objects.values_list("slug", "name")) == {"a": "Two", "b": "One"}


def test_backstage_from_upload_to_services(member: Client, cast: Cast) -> None:
    text = (
        "kind: Component\nmetadata:\n  name: checkout\n  annotations: {readiness/tier: '1'}\n"
        "spec: {owner: payments, type: service}\n---\nkind: Group\nmetadata: {name: payments}\n"
    )
    answer = preview(member, text, "catalog-info.yaml")
    assert answer.status_code == 200
    assert "Group payments" in answer.content.decode()
    assert confirm(member, answer, text, "backstage").status_code == 303
    assert Service.objects.get(slug="checkout").tier == 1
    # Renamed by a person since: the catalog's own name does not take that back.
    Service.objects.update(name="The till")
    assert kinds(preview(member, text, "catalog-info.yaml")) == ["unchanged"]


def test_html_in_a_file_is_text_in_the_preview(member: Client) -> None:
    script = "<script>alert(1)</script>"
    page = preview(member, f'name,team,description\n"{script}",payments,"{script}"\n').content.decode()
    assert script not in page
    assert "&lt;script&gt;" in page
    page = preview(member, f'name,team\nA,"{script}"\n').content.decode()
    assert script not in page


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "Choose a file, or paste its text."),
        ({"text": "  "}, "Choose a file, or paste its text."),
        ({"file": SimpleUploadedFile("a.csv", b"")}, "empty"),
        ({"file": SimpleUploadedFile("a.csv", b"name,team\nCaf\xe9,x\n")}, "not UTF-8"),
        ({"file": SimpleUploadedFile("a.xlsx", b"PK\x03\x04\x00\x00")}, "binary"),
    ],
)
def test_files_that_cannot_be_read(member: Client, body: dict[str, Any], words: str) -> None:
    answer = member.post("/services/import/", body)
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_an_export_is_imported_again_without_a_change(member: Client, cast: Cast) -> None:
    facts = {"handles_payments": True, "team_size": 12, "cloud": "aws"}
    make_service(cast.team, cast.owner, description="=1+1", facts=facts, health_url="https://a.example/h")
    make_service(cast.team, cast.owner, "ledger", description='two\nlines, and a "quote"')
    exported = member.get("/services/export.csv")
    assert exported["Content-Disposition"] == 'attachment; filename="services.csv"'
    text = exported.content.decode()
    assert ",'=1+1," in text
    assert kinds(preview(member, text)) == ["unchanged", "unchanged"]


def test_the_template_can_be_imported(member: Client) -> None:
    text = member.get("/services/import/template.csv").content.decode()
    answer = preview(member, text)
    assert kinds(answer) == ["new", "new"]


def test_the_export_holds_only_what_the_reader_may_see(client: Client, cast: Cast) -> None:
    make_service(cast.team, cast.owner)
    make_service(cast.other_team, cast.stranger, "index")
    client.force_login(cast.stranger)
    text = client.get("/services/export.csv").content.decode()
    assert "index" in text
    assert "checkout" not in text


def test_a_confirmation_without_its_preview(member: Client) -> None:
    assert member.post("/services/import/apply/", {"kind": "csv", "text": ""}).status_code == 422
    assert member.post("/services/import/apply/", {"kind": "exe", "text": "a"}).status_code == 422


def test_queries_do_not_grow_with_the_file(cast: Cast) -> None:
    actor = actor_of(cast.owner)

    def count(rows: int) -> int:
        text = "name,team\n" + "".join(f"Service {number},payments\n" for number in range(rows))
        with CaptureQueriesContext(connection) as queries:
            assert not plan_import(actor, csv.parse(text)).problems
        return len(queries)

    make_service(cast.team, cast.owner, "service-0", name="Service 0")
    assert count(2) == count(200) == 3


def test_a_large_import(member: Client) -> None:
    text = HEAD + "".join(f"Service {number},payments,2,x\n" for number in range(600))
    answer = preview(member, text)
    with CaptureQueriesContext(connection) as queries:
        assert confirm(member, answer, text).status_code == 303
    assert Service.objects.count() == 600
    assert len(queries) < 30
    assert events.verify_all() == (600, [])
