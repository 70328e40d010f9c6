"""A small published checklist and a review over it, for tests of reviews."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from checklist.models import Checklist, ChecklistVersion, Item, Section
from readiness.accounts.models import Team, User
from readiness.accounts.rights import Actor, actor_of
from reviews.actions.answers import Said, save_answer
from reviews.actions.reviews import start_review
from reviews.actions.sections import approve_section, submit_section
from reviews.models import Review, ReviewSection, Service
from reviews.queries.content import digest_of, section_content
from reviews.queries.sheet import load_sheet


def make_version(
    slug: str = "small", sections: int = 2, items: int = 2, **item_fields: Any
) -> ChecklistVersion:
    """Publish a checklist of `sections` sections with `items` blocking attestations each."""
    checklist, _ = Checklist.objects.get_or_create(slug=slug, defaults={"title": slug.capitalize()})
    number = checklist.versions.count() + 1
    version = ChecklistVersion.objects.create(
        checklist=checklist, number=number, content={}, content_hash=f"{number:064x}"
    )
    for place in range(1, sections + 1):
        section = Section.objects.create(
            version=version,
            position=place,
            slug=f"section-{place}",
            title=f"Section {place}",
            short_title=f"S{place}",
            question="Is it so?",
            why="Because.",
            reviewer_roles=["sre"],
        )
        for spot in range(1, items + 1):
            fields = {
                "severity": "blocker",
                "kind": "attestation",
                "evidence_rule": "optional",
                **item_fields,
            }
            Item.objects.create(
                section=section,
                version=version,
                position=spot,
                slug=f"item-{place}-{spot}",
                title=f"Item {place}.{spot}",
                why="Because.",
                how="So.",
                **fields,
            )
    version.status, version.published_at = ChecklistVersion.Status.PUBLISHED, timezone.now()
    version.save()
    return version


def make_service(team: Team, by: User, slug: str = "checkout", **fields: Any) -> Service:
    """Make a service without going through its action."""
    values = {"name": slug.capitalize(), **fields}
    return Service.objects.create(slug=slug, team=team, created_by=by, **values)


def make_review(actor: Actor, service: Service, version: ChecklistVersion | None = None) -> Review:
    """Start a review of `service` over the small checklist."""
    version = version or make_version()
    return start_review(actor, service.pk, version.checklist.slug, {})


def section(review: Review, position: int = 1) -> ReviewSection:
    """One section of a review as it is stored now."""
    return ReviewSection.objects.select_related("section", "review__service__team").get(
        review=review, position=position
    )


def answer_all(actor: Actor, review: Review, position: int | None = None, state: str = "met") -> None:
    """Answer every applicable item of a section, or of the whole review."""
    rows = review.answers.select_related("item").filter(applicable=True)
    if position:
        rows = rows.filter(section__position=position)
    for row in rows:
        save_answer(actor, review.pk, row.item.slug, Said(state=state), row.revision)


def seen(row: ReviewSection) -> str:
    """The digest that a reviewer sees on the page now."""
    return digest_of(section_content(load_sheet(row)))


def approve_all(member: User, reviewer: User, review: Review) -> None:
    """Submit and approve every section in order."""
    for row in review.sections.order_by("position"):
        submit_section(actor_of(member), section(review, row.position))
        current = section(review, row.position)
        approve_section(actor_of(reviewer), current, seen(current))
