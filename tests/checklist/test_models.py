"""A published version is final, in the database itself."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from checklist.models import Checklist, ChecklistVersion, Item, Section

pytestmark = pytest.mark.django_db


def make_version(slug: str = "demo", *, published: bool = False, number: int = 1) -> ChecklistVersion:
    checklist, _ = Checklist.objects.get_or_create(slug=slug, defaults={"title": slug.title()})
    version = ChecklistVersion.objects.create(
        checklist=checklist, number=number, content={}, content_hash="0" * 64
    )
    section = Section.objects.create(
        version=version, position=1, slug="first", title="First", short_title="First", question="?", why="w"
    )
    Item.objects.create(section=section, **item_fields(version))
    if published:
        publish(version)
    return version


def publish(version: ChecklistVersion) -> None:
    version.status, version.published_at = ChecklistVersion.Status.PUBLISHED, timezone.now()
    version.save()


def item_fields(version: ChecklistVersion, slug: str = "one", position: int = 1) -> dict[str, Any]:
    return {
        "version": version,
        "position": position,
        "slug": slug,
        "title": slug,
        "why": "w",
        "how": "h",
        "severity": "blocker",
        "kind": "attestation",
        "evidence_rule": "optional",
    }


WRITES: dict[str, Callable[[ChecklistVersion], Any]] = {
    "update version": lambda v: ChecklistVersion.objects.filter(pk=v.pk).update(content={"a": 1}),
    "unpublish": lambda v: ChecklistVersion.objects.filter(pk=v.pk).update(status="draft", published_at=None),
    "delete version": lambda v: ChecklistVersion.objects.filter(pk=v.pk)._raw_delete("default"),
    "insert section": lambda v: Section.objects.create(
        version=v, position=2, slug="x", title="x", short_title="x", question="?", why="w"
    ),
    "update section": lambda v: v.sections.update(title="x"),
    "delete section": lambda v: v.sections.all()._raw_delete("default"),
    "insert item": lambda v: Item.objects.create(section=v.sections.get(), **item_fields(v, "two", 2)),
    "update item": lambda v: v.items.update(title="x"),
    "delete item": lambda v: v.items.all()._raw_delete("default"),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_published_version_refuses_every_write(write: Callable[[ChecklistVersion], Any]) -> None:
    version = make_version(published=True)
    with pytest.raises(IntegrityError, match=r"published.*load a new version instead"), transaction.atomic():
        write(version)


@pytest.mark.parametrize(
    "name",
    ["update version", "insert section", "update section", "insert item", "update item", "delete item"],
)
def test_draft_takes_the_same_writes(name: str) -> None:
    WRITES[name](make_version())


def test_item_cannot_be_moved_out_of_or_into_a_published_version() -> None:
    published, draft = make_version("a", published=True), make_version("b")
    for source, target in ((published, draft), (draft, published)):
        with pytest.raises(IntegrityError, match="published"), transaction.atomic():
            source.items.update(version=target, slug="moved")


def test_only_one_draft_per_checklist() -> None:
    make_version(published=True)
    make_version(number=2)
    with pytest.raises(IntegrityError, match="one_draft_per_checklist"), transaction.atomic():
        make_version(number=3)


def test_published_version_has_a_date() -> None:
    version = make_version()
    with pytest.raises(IntegrityError, match="published_version_has_date"), transaction.atomic():
        ChecklistVersion.objects.filter(pk=version.pk).update(status="published")


@pytest.mark.django_db(transaction=True)
def test_flush_truncates_published_versions() -> None:
    make_version(published=True)
    call_command("flush", interactive=False, verbosity=0)
    assert not ChecklistVersion.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_insert_waits_for_a_publication_under_way_and_is_then_refused() -> None:
    version = make_version()
    outcome: list[str] = []

    def insert() -> None:
        try:
            Item.objects.create(section=version.sections.get(), **item_fields(version, "late", 2))
            outcome.append("inserted")
        except IntegrityError as error:
            outcome.append(str(error))
        finally:
            connection.close()

    thread = threading.Thread(target=insert)
    with transaction.atomic():
        publish(version)
        thread.start()
        thread.join(timeout=0.5)
        assert thread.is_alive(), "the insert must wait for the publishing transaction"
    thread.join(timeout=10)
    assert len(outcome) == 1
    assert "is published" in outcome[0]
