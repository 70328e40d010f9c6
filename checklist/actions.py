"""Writing checklists: loading a library into the database and publishing versions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from checklist.loader import BUILT_IN, read_checklist
from checklist.models import Checklist, ChecklistVersion, Item, Section
from checklist.schema import Content, ItemContent, content_hash
from readiness.errors import WrongState


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What loading did. `created` is False when the latest version already holds this content.

    `kept` says that the latest version was edited here and stays, although the source is another.
    """

    version: ChecklistVersion
    created: bool
    kept: bool = False


def load_checklist(source: Path | Content = BUILT_IN, *, keep_edits: bool = False) -> LoadResult:
    """Make the content of `source` the latest published version of its checklist.

    Idempotent: content with the hash of the latest published version changes nothing. Safe when several
    processes load at once: the checklist's row is locked, so that one creates the version and the others find
    it. A draft is left alone: its page says that a version was published since it was begun.

    Arguments: `source`, a file, a folder or content already read; `keep_edits`, leave a checklist as it is
    whose latest version was written in the editor. Raises `ChecklistInvalid` for a source that cannot be
    read.
    """
    content = source if isinstance(source, Content) else read_checklist(source)
    digest = content_hash(content.canonical())
    with transaction.atomic():
        Checklist.objects.get_or_create(
            slug=content.slug, defaults={"title": content.title, "summary": content.summary}
        )
        checklist = lock_checklist(content.slug)
        latest = checklist.versions.filter(status=ChecklistVersion.Status.PUBLISHED).first()
        if latest is not None:
            edited = keep_edits and latest.origin == ChecklistVersion.Origin.EDITOR
            if edited or latest.content_hash == digest:
                return LoadResult(latest, created=False, kept=edited and latest.content_hash != digest)
        return LoadResult(make_version(checklist, content, ChecklistVersion.Origin.FILE), created=True)


def lock_checklist(slug: str) -> Checklist:
    """Lock a checklist until the end of the transaction: its versions are made one after the other."""
    return Checklist.objects.select_for_update().get(slug=slug)


def make_version(checklist: Checklist, content: Content, origin: str) -> ChecklistVersion:
    """Publish `content` as the next version of a locked checklist."""
    canonical = content.canonical()
    number = (checklist.versions.aggregate(last=Max("number"))["last"] or 0) + 1
    version = checklist.versions.create(
        number=number, content=canonical, content_hash=content_hash(canonical), origin=origin
    )
    _fill(version, content)
    return publish(version)


def _fill(version: ChecklistVersion, content: Content) -> None:
    """Make the rows of sections and items from the content."""
    parts = rows_of(content)
    for section, _ in parts:
        section.version = version
    Section.objects.bulk_create(section for section, _ in parts)
    for section, items in parts:
        for item in items:
            item.version, item.section = version, section
    Item.objects.bulk_create(item for _, items in parts for item in items)


def rows_of(content: Content) -> list[tuple[Section, list[Item]]]:
    """Sections and items as rows that belong to no version and are not stored: what a version would hold."""
    return [
        (
            Section(position=position, **section.model_dump(exclude={"items"})),
            [
                Item(position=spot, **_item_fields(content, item))
                for spot, item in enumerate(section.items, start=1)
            ],
        )
        for position, section in enumerate(content.sections, start=1)
    ]


def _item_fields(content: Content, item: ItemContent) -> dict[str, Any]:
    return {
        **item.model_dump(exclude={"spec", "evidence"}),
        "spec": content.resolved_spec(item),
        "evidence_rule": item.evidence.rule,
        "evidence_lifetime_days": item.evidence.lifetime_days,
    }


@transaction.atomic
def publish(version: ChecklistVersion) -> ChecklistVersion:
    """Publish a draft: from then on it never changes, and its title and summary are the checklist's.

    Raises `WrongState` when it is published already.
    """
    checklist = Checklist.objects.select_for_update().get(pk=version.checklist_id)
    version = ChecklistVersion.objects.select_for_update().get(pk=version.pk)
    if version.status == ChecklistVersion.Status.PUBLISHED:
        raise WrongState(
            f"Version {version.number} of {checklist.slug} is published already; load a new one."
        )
    version.status = ChecklistVersion.Status.PUBLISHED
    version.published_at = timezone.now()
    version.save(update_fields=["status", "published_at"])
    checklist.title, checklist.summary = version.content["title"], version.content["summary"]
    checklist.save(update_fields=["title", "summary"])
    return version
