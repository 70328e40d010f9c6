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
    """What loading did. `created` is False when the latest version already holds this content."""

    version: ChecklistVersion
    created: bool


def load_checklist(source: Path | Content = BUILT_IN) -> LoadResult:
    """Make the content of `source` the latest published version of its checklist.

    Idempotent: content with the hash of the latest published version changes nothing. Safe when several
    processes load at once: the checklist's row is locked, so that one creates the version and the others find
    it. Arguments: `source`, a file, a folder or content already read. Raises `ChecklistInvalid` for a source
    that cannot be read and `WrongState` when a draft is in the way.
    """
    content = source if isinstance(source, Content) else read_checklist(source)
    canonical = content.canonical()
    digest = content_hash(canonical)
    with transaction.atomic():
        checklist = _locked_checklist(content)
        versions = checklist.versions.all()
        latest = versions.filter(status=ChecklistVersion.Status.PUBLISHED).first()
        if latest is not None and latest.content_hash == digest:
            return LoadResult(latest, created=False)
        draft = versions.filter(status=ChecklistVersion.Status.DRAFT).first()
        if draft is not None:
            raise WrongState(
                f"Version {draft.number} of {checklist.slug} is still a draft. "
                "Publish or delete it, then load again."
            )
        number = (versions.aggregate(last=Max("number"))["last"] or 0) + 1
        version = checklist.versions.create(number=number, content=canonical, content_hash=digest)
        _fill(version, content)
        return LoadResult(publish(version), created=True)


def _locked_checklist(content: Content) -> Checklist:
    Checklist.objects.get_or_create(
        slug=content.slug, defaults={"title": content.title, "summary": content.summary}
    )
    return Checklist.objects.select_for_update().get(slug=content.slug)


def _fill(version: ChecklistVersion, content: Content) -> None:
    """Make the rows of sections and items from the content."""
    sections = Section.objects.bulk_create(
        Section(
            version=version,
            position=position,
            **section.model_dump(exclude={"items"}),
        )
        for position, section in enumerate(content.sections, start=1)
    )
    Item.objects.bulk_create(
        Item(version=version, section=row, position=position, **_item_fields(content, item))
        for row, section in zip(sections, content.sections, strict=True)
        for position, item in enumerate(section.items, start=1)
    )


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
