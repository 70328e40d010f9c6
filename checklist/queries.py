"""Reading checklists."""

from __future__ import annotations

from django.db.models import Count, OuterRef, Prefetch, QuerySet, Subquery

from checklist.diff import Difference, compare
from checklist.models import Checklist, ChecklistVersion, Item, Section
from checklist.schema import Content
from readiness.errors import NotFound

_PUBLISHED = ChecklistVersion.Status.PUBLISHED


def checklists() -> QuerySet[Checklist]:
    """Checklists with a published version, each with latest_number, latest_at, section_total, item_total."""
    latest = ChecklistVersion.objects.filter(checklist=OuterRef("pk"), status=_PUBLISHED).order_by("-number")
    sections = latest.annotate(total=Count("sections"))
    items = latest.annotate(total=Count("items"))
    return Checklist.objects.annotate(
        latest_number=Subquery(latest.values("number")[:1]),
        latest_at=Subquery(latest.values("published_at")[:1]),
        section_total=Subquery(sections.values("total")[:1]),
        item_total=Subquery(items.values("total")[:1]),
    ).filter(latest_number__isnull=False)


def published_versions(slug: str) -> list[ChecklistVersion]:
    """Published versions of a checklist without their content, the latest first. Raises `NotFound`."""
    versions = list(
        ChecklistVersion.objects.filter(checklist__slug=slug, status=_PUBLISHED)
        .select_related("checklist")
        .defer("content")
        .order_by("-number")
    )
    if not versions:
        raise NotFound(f"There is no checklist “{slug}”. Pick one from the list of checklists.")
    return versions


def latest_version(slug: str) -> ChecklistVersion:
    """The latest published version of a checklist. Raises `NotFound`."""
    return published_versions(slug)[0]


def published_version(slug: str, number: int) -> ChecklistVersion:
    """A published version by its number. Raises `NotFound`."""
    return pick_version(published_versions(slug), number)


def pick_version(versions: list[ChecklistVersion], number: int | None) -> ChecklistVersion:
    """The version with this number among `versions`, None for the first. Raises `NotFound`."""
    if number is None:
        return versions[0]
    for version in versions:
        if version.number == number:
            return version
    slug = versions[0].checklist.slug
    raise NotFound(f"There is no version {number} of “{slug}”. Pick one from the checklist's page.")


def sections_with_items(version: ChecklistVersion) -> list[tuple[Section, list[Item]]]:
    """The sections of a version with their items, all in order, in two queries."""
    items = Prefetch("items", queryset=Item.objects.order_by("position"))
    sections = version.sections.order_by("position").prefetch_related(items)
    return [(section, list(section.items.all())) for section in sections]


def content_of(version: ChecklistVersion) -> Content:
    """The stored content of a version, as it was loaded."""
    return Content.model_validate(version.content)


def compare_versions(old: ChecklistVersion, new: ChecklistVersion) -> Difference:
    """What changed from one version to another."""
    return compare(content_of(old), content_of(new))
