"""Loading: once, in order, all or nothing, also when two processes load at the same time."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection

from checklist import actions
from checklist.actions import load_checklist, publish
from checklist.draft_actions import begin_draft, publish_draft, save_head
from checklist.draft_queries import draft_of, load_tree
from checklist.loader import BUILT_IN
from checklist.models import Checklist, ChecklistVersion, Item
from checklist.queries import content_of
from checklist.schema import Content, content_hash
from readiness.accounts.rights import actor_of
from readiness.errors import WrongState
from tests.cast import Cast
from tests.checklist.sample import as_content, sample

pytestmark = pytest.mark.django_db


def changed(**fields: Any) -> Content:
    return as_content({**sample(), **fields})


def test_built_in_library_loads_whole() -> None:
    result = load_checklist()
    version = result.version
    assert result.created
    assert (version.checklist.slug, version.number, version.status) == ("mvp-to-production", 1, "published")
    assert version.published_at is not None
    assert [section.position for section in version.sections.all()] == list(range(1, 10))
    assert version.items.count() == 68
    assert not Item.objects.exclude(section__version=version).exists()
    version.refresh_from_db()
    assert content_hash(version.content) == version.content_hash, "the hash survives the database's own JSON"
    assert content_of(version).canonical() == version.content


def test_rows_hold_what_the_file_says() -> None:
    load_checklist(BUILT_IN)
    rotation = Item.objects.get(slug="rotation-size")
    assert (rotation.section.slug, rotation.position, rotation.kind) == ("on-call", 1, "measure")
    assert rotation.spec == {
        "unit": "engineers",
        "direction": "at_least",
        "limit": 4,
        "target": 6,
        "integer": True,
    }
    assert (rotation.evidence_rule, rotation.evidence_lifetime_days) == ("optional", 90)
    assert rotation.applies_when is None
    assert Item.objects.get(slug="image-scan").applies_when == {"fact": "runs_containers", "is": True}
    assert Item.objects.get(slug="monthly-review").recurring_days == 38
    assert Item.objects.get(slug="rolling").probes == ["health_endpoint"]


def test_inventory_with_a_source_gets_its_columns() -> None:
    load_checklist(BUILT_IN)
    noise, source = Item.objects.get(slug="noise"), Item.objects.get(slug="alert-inventory")
    assert noise.spec["source"] == "alert-inventory"
    assert noise.spec["columns"] == source.spec["columns"] != []


def test_same_content_changes_nothing() -> None:
    first = load_checklist(changed())
    again = load_checklist(changed())
    assert again == actions.LoadResult(first.version, created=False)
    assert ChecklistVersion.objects.count() == 1


def test_changed_content_is_the_next_version_and_the_old_one_stays() -> None:
    first = load_checklist(changed()).version
    second = load_checklist(changed(title="Renamed")).version
    assert (second.number, second.status) == (2, "published")
    assert Checklist.objects.get().title == "Renamed"
    first.refresh_from_db()
    assert first.content["title"] == "Sample"
    back = load_checklist(changed()).version
    assert back.number == 3, "going back is a new version, not an old one"
    assert back.content_hash == first.content_hash


def test_a_draft_is_left_alone_and_does_not_stop_loading(cast: Cast) -> None:
    first = load_checklist(changed()).version
    draft = begin_draft(actor_of(cast.admin), first)
    second = load_checklist(changed(title="Renamed"))
    assert (second.created, second.version.number) == (True, 2)
    draft.refresh_from_db()
    assert (draft.base_id, draft.content["title"]) == (first.pk, "Sample")
    with pytest.raises(WrongState, match="published already"):
        publish(second.version)


def test_what_was_edited_here_can_be_kept(cast: Cast) -> None:
    admin = actor_of(cast.admin)
    draft = begin_draft(admin, load_checklist(changed()).version)
    save_head(admin, "sample", {"title": "Our own", "summary": "Ours."}, draft.content)
    tree = load_tree(draft_of("sample"))
    assert tree.content is not None
    publish_draft(admin, "sample", content_hash(tree.content.canonical()))
    kept = load_checklist(changed(), keep_edits=True)
    assert (kept.created, kept.kept, kept.version.number) == (False, True, 2)
    assert load_checklist(changed()).version.number == 3
    assert load_checklist(changed(title="Next"), keep_edits=True).version.number == 4, "loaded, not edited"


def test_failure_half_way_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_version: ChecklistVersion) -> ChecklistVersion:
        raise RuntimeError("the power went")

    monkeypatch.setattr(actions, "publish", fail)
    with pytest.raises(RuntimeError):
        load_checklist(changed())
    assert not Checklist.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_loading_at_the_same_time_makes_one_version() -> None:
    barrier = threading.Barrier(4)
    created: list[bool] = []

    def load(content: Content) -> None:
        try:
            barrier.wait(timeout=10)
            created.append(load_checklist(content).created)
        finally:
            connection.close()

    for content in (changed(), changed(title="Renamed")):  # the first time and an update
        threads = [threading.Thread(target=load, args=(content,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=20)
        barrier.reset()
    assert sorted(created) == [False] * 6 + [True] * 2
    assert sorted(ChecklistVersion.objects.values_list("number", flat=True)) == [1, 2]
