"""Reading checklists."""

from __future__ import annotations

from django.db.models import Count, Max, OuterRef, Prefetch, Q, QuerySet, Subquery

from checklist.diff import Difference, compare
from checklist.models import Checklist, ChecklistVersion, Item, Section
from checklist.schema import Content
from readiness.errors import NotFound

_PUBLISHED = ChecklistVersion.Status.PUBLISHED


def checklists() -> QuerySet[Checklist]:
    """Checklists with a published version, each with latest_number, latest_at, sections and items."""
    latest = ChecklistVersion.objects.filter(checklist=OuterRef("pk"), status=_PUBLISHED).order_by("-number")
    counted = latest.annotate(
        section_total=Count("sections", distinct=True), item_total=Count("items", distinct=True)
    )
    return Checklist.objects.filter(versions__status=_PUBLISHED).annotate(
        latest_number=Max("versions__number", filter=Q(versions__status=_PUBLISHED)),
        latest_at=Max("versions__published_at"),
        section_total=Subquery(counted.values("section_total")[:1]),
        item_total=Subquery(counted.values("item_total")[:1]),
    )


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
    for version in published_versions(slug):
        if version.number == number:
            return version
    raise NotFound(f"There is no version {number} of “{slug}”. Pick one from the checklist's page.")


def sections_with_items(version: ChecklistVersion) -> list[Section]:
    """The sections of a version with their items, all in order, in two queries."""
    items = Prefetch("items", queryset=Item.objects.order_by("position"))
    return list(version.sections.order_by("position").prefetch_related(items))


def content_of(version: ChecklistVersion) -> Content:
    """The stored content of a version, as it was loaded."""
    return Content.model_validate(version.content)


def compare_versions(old: ChecklistVersion, new: ChecklistVersion) -> Difference:
    """What changed from one version to another."""
    return compare(content_of(old), content_of(new))
