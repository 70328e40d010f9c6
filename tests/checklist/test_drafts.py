"""The editor, as people meet it: who may, what is kept, two editors of one draft, order, import, deletion."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from checklist.actions import load_checklist
from checklist.draft_actions import add_item, begin_draft, save_item
from checklist.draft_queries import draft_of, load_tree
from checklist.drafts import DraftTree, full_item
from checklist.editor.layout import KIND_TITLES, item_layout
from checklist.editor.values import from_data
from checklist.export import to_yaml
from checklist.models import Checklist, Draft, DraftItem
from readiness.accounts.rights import actor_of
from reviews.models import Event
from tests.cast import Cast
from tests.checklist.sample import as_content, as_yaml, sample
from tests.checklist.test_editor_values import as_post
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

OUTLINE = "/checklists/sample/draft/"
READ = [OUTLINE, f"{OUTLINE}preview/", f"{OUTLINE}compare/", f"{OUTLINE}head/", f"{OUTLINE}sections/new/"]
READ += [f"{OUTLINE}delete/", f"{OUTLINE}export.yaml", f"{OUTLINE}publish/", "/checklists/import/"]
READ += ["/checklists/sample/v1/copy/"]


@pytest.fixture
def tree(cast: Cast) -> DraftTree:
    version = load_checklist(as_content(sample())).version
    return load_tree(begin_draft(actor_of(cast.admin), version))


@pytest.fixture
def admin(client: Client, cast: Cast) -> Client:
    client.force_login(cast.admin)
    return client


def now() -> DraftTree:
    return load_tree(draft_of("sample"))


def item(slug: str) -> DraftItem:
    return DraftItem.objects.get(content__slug=slug)


def url(part: DraftItem, act: str = "") -> str:
    return f"{OUTLINE}items/{part.pk}/{act}"


def typed(part: DraftItem, base: Any = None, **changes: str) -> dict[str, Any]:
    """The form of an item as a browser sends it, with some fields typed over."""
    layout = item_layout(part.content["kind"])
    post: dict[str, Any] = dict(as_post(layout, from_data(layout, full_item(part.content))))
    post |= {"act": "save", "kind": part.content["kind"], "base": json.dumps(base or part.content)}
    return post | {name.replace("__", "."): text for name, text in changes.items()}


@pytest.mark.parametrize("address", READ)
@pytest.mark.parametrize("role", ["owner", "member", "reviewer", "accountable", "viewer", "stranger"])
def test_only_administrators_edit(
    client: Client, cast: Cast, tree: DraftTree, role: str, address: str
) -> None:
    client.force_login(cast[role])
    assert client.get(address).status_code == 403
    text = client.get("/checklists/sample/").content.decode()
    assert "Edit as a draft" not in text
    assert "Continue the draft" not in text
    assert "Draft" not in client.get("/checklists/").content.decode().split("<main")[1]


@pytest.mark.parametrize("address", READ)
def test_others_learn_nothing(client: Client, cast: Cast, tree: DraftTree, address: str) -> None:
    assert client.get(address).status_code == 302
    client.force_login(UserFactory.create())
    assert client.get(address).status_code == 404


@pytest.mark.parametrize("address", READ)
def test_administrators_see_every_page(admin: Client, tree: DraftTree, address: str) -> None:
    assert admin.get(address).status_code == 200


@pytest.mark.parametrize(
    "address", ["move/", "delete/", "head/", "publish/", "sections/new/", "items/1/", "items/1/remove/"]
)
def test_a_member_writes_nothing(client: Client, cast: Cast, tree: DraftTree, address: str) -> None:
    client.force_login(cast.member)
    assert client.post(OUTLINE + address, {}).status_code == 403
    assert client.post("/checklists/sample/v1/draft/").status_code == 403
    assert now().data == tree.data


def test_begin_from_the_page_of_a_version(admin: Client) -> None:
    load_checklist(as_content(sample()))
    assert "Edit as a draft" in admin.get("/checklists/sample/").content.decode()
    response = admin.post("/checklists/sample/v1/draft/")
    assert (response.status_code, response.headers["Location"]) == (303, OUTLINE)
    assert now().data == sample_as_stored()
    assert "Continue the draft" in admin.get("/checklists/sample/").content.decode()
    again = admin.post("/checklists/sample/v1/draft/")
    assert again.status_code == 409
    assert "There is a draft of Sample already" in again.content.decode()
    assert (
        Event.objects.get(verb="person:checklist:draft_begun").summary
        == "Began a draft of sample from sample v1"
    )


def sample_as_stored() -> dict[str, Any]:
    return as_content(sample()).canonical()


@pytest.mark.parametrize("kind", KIND_TITLES)
def test_the_form_of_a_new_item_of_each_kind(admin: Client, tree: DraftTree, kind: str) -> None:
    section = tree.rows[0].section
    address = f"{OUTLINE}sections/{section.pk}/items/new/?kind={kind}"
    text = admin.get(address).content.decode()
    assert KIND_TITLES[kind] in text
    empty = admin.post(address, {"kind": kind, "act": "save"})
    assert empty.status_code == 422
    body = empty.content.decode()
    assert 'aria-invalid="true"' in body
    assert "must not be empty" in body
    assert now().data == tree.data


def test_an_edit_is_saved_and_recorded(admin: Client, tree: DraftTree) -> None:
    logs = item("logs")
    response = admin.post(url(logs), typed(logs, title="Logs have fields", applies_when="runs_containers"))
    assert response.status_code == 303
    logs.refresh_from_db()
    assert logs.content["title"] == "Logs have fields"
    assert logs.content["applies_when"] == {"fact": "runs_containers", "is": True}
    event = Event.objects.get(verb="person:checklist:draft_edited")
    assert event.summary == "Edited item logs in the draft of sample"
    assert set(event.data["changed"]) == {"title", "applies_when"}


def test_errors_stand_beside_their_fields_and_nothing_typed_is_lost(admin: Client, tree: DraftTree) -> None:
    size = item("size")
    wrong = {"spec.limit": "many", "applies_when": "payments", "slug": "Not OK", "why": "Typed <b>here</b>."}
    response = admin.post(url(size), typed(size) | wrong)
    assert response.status_code == 422
    text = response.content.decode()
    for part in (
        "must be a number above 0",
        "“payments” is no fact",
        "small letters, digits and single hyphens",
    ):
        assert part in text
    for kept in ('value="many"', 'value="payments"', 'value="Not OK"', "Typed &lt;b&gt;here&lt;/b&gt;."):
        assert kept in text
    assert 'id="f-spec-limit-error"' in text
    assert now().data == tree.data
    nul = admin.post(url(size), typed(size, title="a\x00b"))
    assert (nul.status_code, "NUL" in nul.content.decode()) == (422, True)


def test_a_rule_over_several_parts_is_named_where_it_can_be_mended(admin: Client, tree: DraftTree) -> None:
    runbooks = item("runbooks")
    post = typed(runbooks) | {"spec.checks[0].column": "nothing"}
    text = admin.post(url(runbooks), post).content.decode()
    assert "check require_when reads column nothing, which is not there" in text
    twice = admin.post(url(runbooks), typed(runbooks, slug="logs")).content.decode()
    assert "“logs” is used twice" in twice


def test_rows_are_worked_on_before_anything_is_saved(admin: Client, tree: DraftTree) -> None:
    alerts = item("alerts")
    post = typed(alerts, title="Typed before") | {"act": "add:spec.columns:"}
    text = admin.post(url(alerts), post).content.decode()
    assert 'name="spec.columns[3].key"' in text
    assert 'value="Typed before"' in text
    assert "autofocus" in text
    removed = admin.post(url(alerts), typed(alerts) | {"act": "remove:spec.columns:2"}).content.decode()
    assert 'name="spec.columns[2].key"' not in removed
    assert now().data == tree.data


def test_two_editors_of_one_item_see_both_texts_and_choose(
    client: Client, cast: Cast, tree: DraftTree
) -> None:
    other = UserFactory.create(name="Bo Other", is_admin=True)
    logs = item("logs")
    begun = logs.content
    save_item(
        actor_of(other), "sample", logs.pk, {**begun, "title": "Their title", "how": "Their how."}, begun
    )
    client.force_login(cast.admin)
    response = client.post(url(logs), typed(logs, begun, title="My title", why="My why."))
    assert response.status_code == 409
    text = response.content.decode()
    assert "Bo Other changed this meanwhile." in text
    for part in ("My title", "Their title", "My why.", "Their how."):
        assert part in text
    assert text.count("changed by both of you") == text.count("changed by you") == 1
    hidden = {
        "act": "settle",
        "kind": "attestation",
        "mine": json.dumps({**begun, "title": "My title", "why": "My why."}),
    }
    stored = item("logs").content
    picks = {"pick.title": "theirs", "pick.why": "mine", "pick.how": "theirs"}
    further = client.post(url(logs), {**hidden, **picks, "theirs": json.dumps(stored), "then": "edit"})
    assert (further.status_code, 'value="Their title"' in further.content.decode()) == (200, True)
    assert client.post(url(logs), {**hidden, **picks, "theirs": json.dumps(stored)}).status_code == 303
    settled = item("logs").content
    assert (settled["title"], settled["why"], settled["how"]) == ("Their title", "My why.", "Their how.")
    old = client.post(url(logs), {**hidden, **picks, "theirs": json.dumps(stored)})
    assert old.status_code == 303, "the same text again is no conflict"


@pytest.mark.parametrize("text", ["", "[]", "{", '{"title": 3}', "[" * 5000, '{"spec": {"columns": [1]}}'])
def test_a_broken_choice_is_refused(admin: Client, tree: DraftTree, text: str) -> None:
    alerts = item("alerts")
    response = admin.post(url(alerts), {"act": "settle", "kind": "inventory", "mine": text, "theirs": text})
    assert response.status_code == 422
    assert now().data == tree.data


def test_two_editors_of_different_items_do_not_meet(admin: Client, cast: Cast, tree: DraftTree) -> None:
    logs, size = item("logs"), item("size")
    save_item(actor_of(cast.admin), "sample", logs.pk, {**logs.content, "title": "Other"}, logs.content)
    assert admin.post(url(size), typed(size, title="Mine")).status_code == 303
    assert [row.content["title"] for row in now().rows[0].items][:2] == ["Other", "Mine"]


def test_an_item_that_was_removed_meanwhile_can_be_added_again(admin: Client, tree: DraftTree) -> None:
    logs = item("logs")
    post = typed(logs, title="Typed for long") | {"section": str(tree.rows[0].section.pk)}
    address = url(logs)
    assert admin.get(f"{address}remove/").status_code == 200
    logs.delete()
    response = admin.post(address, post)
    assert response.status_code == 409
    text = response.content.decode()
    assert "Somebody removed this from the draft" in text
    assert "Typed for long" in text
    add = f"{OUTLINE}sections/{tree.rows[0].section.pk}/items/new/"
    assert f'action="{add}"' in text
    assert admin.post(add, post).status_code == 303
    assert item("logs").content["title"] == "Typed for long"


def test_removing_asks_and_notices_a_change(admin: Client, cast: Cast, tree: DraftTree) -> None:
    act = tree.rows[1].section
    address = f"{OUTLINE}sections/{act.pk}/remove/"
    page = admin.get(address).content.decode()
    assert "Its 2 items go with it" in page
    seen = page.split('name="seen" value="')[1].split('"')[0]
    add_item(actor_of(cast.admin), "sample", act.pk, {**item("logs").content, "slug": "late"})
    late = admin.post(address, {"seen": seen})
    assert late.status_code == 409
    fresh = late.content.decode().split('name="seen" value="')[1].split('"')[0]
    assert admin.post(address, {"seen": fresh}).status_code == 303
    assert [row.section.content["slug"] for row in now().rows] == ["see"]


def order() -> list[list[str]]:
    return [[each.content["slug"] for each in row.items] for row in now().rows]


def test_moving(admin: Client, tree: DraftTree) -> None:
    see, act = (row.section.pk for row in tree.rows)
    for move, expected in (
        (f"item {item('logs').pk} {see} 1", [["size", "logs", "extra"], ["alerts", "runbooks"]]),
        (f"item {item('extra').pk} {act} 0", [["size", "logs"], ["extra", "alerts", "runbooks"]]),
        (f"item {item('size').pk} {act} 99", [["logs"], ["extra", "alerts", "runbooks", "size"]]),
        (f"section {act} 0", [["extra", "alerts", "runbooks", "size"], ["logs"]]),
    ):
        assert admin.post(f"{OUTLINE}move/", {"move": move}).status_code == 303
        assert order() == expected
    for wrong in ("", "item 1", "item x 1 1", f"section {act} -1", "item 1 1 1 1"):
        assert admin.post(f"{OUTLINE}move/", {"move": wrong}).status_code == 422
    assert admin.post(f"{OUTLINE}move/", {"move": f"item 999999 {see} 0"}).status_code == 404
    fragment = admin.post(
        f"{OUTLINE}move/", {"move": f"item {item('logs').pk} {act} 0"}, headers={"HX-Request": "true"}
    )
    assert fragment.content.decode().lstrip().startswith('<div id="outline"')


def test_the_buttons_lead_from_section_to_section(tree: DraftTree) -> None:
    see, act = tree.outline
    assert (see.up, act.down, see.items[0].up, act.items[-1].down) == ("", "", "", "")
    assert see.items[-1].down == f"item {see.items[-1].item.pk} {act.section.pk} 0"
    assert act.items[0].up == f"item {act.items[0].item.pk} {see.section.pk} 3"


def test_what_has_to_be_mended_is_listed_with_links(admin: Client, tree: DraftTree) -> None:
    alerts = item("alerts")
    alerts.delete()
    text = admin.get(OUTLINE).content.decode()
    assert "1 thing to mend" in text
    assert f'href="{url(item("runbooks"))}"' in text
    assert "“alerts” is no inventory" in admin.get(url(item("runbooks"))).content.decode()
    assert admin.get(f"{OUTLINE}export.yaml").status_code == 409
    for page in ("preview/", "compare/", "publish/"):
        assert "1 thing to mend" in admin.get(OUTLINE + page).content.decode()
    assert admin.post(f"{OUTLINE}publish/", {"hash": "x"}).status_code == 409
    DraftItem.objects.all().delete()
    assert "add a first item" in admin.get(OUTLINE).content.decode()


def test_preview_and_comparison(admin: Client, tree: DraftTree) -> None:
    logs = item("logs")
    admin.post(url(logs), typed(logs, title="Logs <i>have</i> fields"))
    preview = admin.get(f"{OUTLINE}preview/").content.decode()
    assert preview.count('<article class="item"') == 5
    assert "Logs &lt;i&gt;have&lt;/i&gt; fields" in preview
    assert "<del>Logs are structured</del>" in admin.get(f"{OUTLINE}compare/").content.decode()


def test_copying_to_a_new_checklist(admin: Client, tree: DraftTree) -> None:
    address = "/checklists/sample/v1/copy/"
    assert "There is a checklist" in admin.post(address, {"title": "X", "slug": "sample"}).content.decode()
    assert admin.post(address, {"title": "X", "slug": "import"}).status_code == 422
    assert admin.post(address, {"title": "X", "slug": "Bad Slug"}).status_code == 422
    response = admin.post(address, {"title": "Ours", "slug": "ours"})
    assert response.headers["Location"] == "/checklists/ours/draft/"
    copied = load_tree(draft_of("ours"))
    assert copied.data == {**sample_as_stored(), "slug": "ours", "title": "Ours"}
    assert "Ours" in admin.get("/checklists/").content.decode()
    assert admin.get("/checklists/ours/").status_code == 404
    admin.post("/checklists/ours/draft/delete/")
    assert not Checklist.objects.filter(slug="ours").exists()


def test_deleting_asks_first(admin: Client, tree: DraftTree) -> None:
    assert "Delete the draft of Sample?" in admin.get(f"{OUTLINE}delete/").content.decode()
    assert Draft.objects.exists()
    assert admin.post(f"{OUTLINE}delete/").status_code == 303
    assert not Draft.objects.exists()
    assert Checklist.objects.get().slug == "sample"
    assert "There is no draft" in admin.get(OUTLINE).content.decode()
    assert Event.objects.get(verb="person:checklist:draft_deleted").data["content"] == tree.data


def upload(client: Client, raw: bytes, **fields: str) -> Any:
    return client.post("/checklists/import/", {"file": SimpleUploadedFile("mine.yaml", raw), **fields})


def test_export_and_import(admin: Client, tree: DraftTree) -> None:
    raw = admin.get("/checklists/sample/v1/export.yaml")
    assert raw.headers["Content-Disposition"] == 'attachment; filename="sample-v1.yaml"'
    assert raw.content == admin.get(f"{OUTLINE}export.yaml").content
    assert raw.content.decode() == to_yaml(as_content(sample()))
    taken = upload(admin, raw.content)
    assert taken.status_code == 422
    assert "There is a draft of Sample already" in taken.content.decode()
    assert upload(admin, raw.content, replace="on").status_code == 303
    assert now().data == sample_as_stored()
    assert (
        admin.post(
            "/checklists/import/", {"text": as_yaml({**sample(), "slug": "fresh"}).decode()}
        ).status_code
        == 303
    )
    assert load_tree(draft_of("fresh")).draft.base is None


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", "empty"),
        (b"slug: [", "is not valid YAML"),
        (as_yaml({**sample(), "title": ""}), "title</span> must not be empty"),
        (b"\xff\xfe\x00", "is not UTF-8 text"),
        (b"a: " + b"x" * (1024 * 1024), "is larger than 1024 KiB"),
    ],
)
def test_a_file_with_mistakes_names_file_line_and_field(
    admin: Client, tree: DraftTree, raw: bytes, expected: str
) -> None:
    response = upload(admin, raw)
    assert response.status_code == 422
    assert expected in response.content.decode()
    assert Draft.objects.count() == 1


def test_a_version_published_meanwhile_is_said(admin: Client, tree: DraftTree) -> None:
    load_checklist(as_content({**sample(), "title": "Loaded"}))
    text = admin.get(OUTLINE).content.decode()
    assert "Version 2 was published after this draft was begun from version 1." in text
    assert "<del>Loaded</del><ins>Sample</ins>" in admin.get(f"{OUTLINE}compare/").content.decode()


def test_queries_do_not_grow_with_items(
    admin: Client, cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    begin_draft(actor_of(cast.admin), load_checklist().version)
    base = "/checklists/mvp-to-production/draft/"
    some = DraftItem.objects.first()
    assert some is not None
    for address in ("", "preview/", "compare/", f"items/{some.pk}/"):
        with django_assert_max_num_queries(8):
            assert admin.get(base + address).status_code == 200
    with django_assert_max_num_queries(16):
        assert admin.get(base + "publish/").status_code == 200
