"""Reading drafts."""

from __future__ import annotations

from django.db.models import QuerySet

from checklist.drafts import DraftTree, SectionRow
from checklist.models import ChecklistVersion, Draft
from readiness.errors import NotFound


def drafts() -> QuerySet[Draft]:
    """Every draft with its checklist, the last changed first."""
    return Draft.objects.select_related("checklist", "changed_by", "base").order_by("-changed_at")


def draft_of(slug: str, *, lock: bool = False) -> Draft:
    """The draft of a checklist, its row locked with `lock`. Raises `NotFound`."""
    rows = Draft.objects.select_related("checklist", "base__checklist", "changed_by").filter(
        checklist__slug=slug
    )
    draft = (rows.select_for_update(of=("self",)) if lock else rows).first()
    if draft is None:
        raise NotFound(
            f"There is no draft of “{slug}”. It may have been published or deleted; begin one on the "
            "checklist's page."
        )
    return draft


def load_tree(draft: Draft) -> DraftTree:
    """The whole of a draft in two queries."""
    rows = {section.pk: SectionRow(section) for section in draft.sections.select_related("changed_by").all()}
    for item in draft.items.select_related("changed_by").order_by("position", "id"):
        rows[item.section_id].items.append(item)
    return DraftTree(draft, list(rows.values()))


def latest_published(slug: str) -> ChecklistVersion | None:
    """The latest published version, None for a checklist that was never published."""
    return (
        ChecklistVersion.objects.select_related("checklist")
        .filter(checklist__slug=slug, status=ChecklistVersion.Status.PUBLISHED)
        .order_by("-number")
        .first()
    )
