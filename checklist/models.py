"""What is asked: checklists, their versions, sections and items.

A published version never changes. PostgreSQL triggers (migration 0001) hold that even against raw SQL:
a version is filled while it is a draft and published last, in the same transaction. What people edit is a
`Draft`: parts as plain data, which may still be incomplete.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager


class Checklist(models.Model):
    """A named set of questions. Title and summary are those of the latest published version."""

    slug = models.SlugField(max_length=64, unique=True)
    title = models.CharField(max_length=120)
    summary = models.TextField(blank=True)

    if TYPE_CHECKING:
        versions: RelatedManager[ChecklistVersion]
        draft: Draft

    class Meta:
        ordering = ["title", "slug"]

    def __str__(self) -> str:
        return self.title


class ChecklistVersion(models.Model):
    """One numbered state of a checklist. Sections and items are made from `content`, the whole of it."""

    class Status(models.TextChoices):
        """A draft may change; a published version never does."""

        DRAFT = "draft", "Draft"
        PUBLISHED = "published", "Published"

    class Origin(models.TextChoices):
        """Where the content was written."""

        FILE = "file", "Loaded from a file"
        EDITOR = "editor", "Edited here"

    checklist = models.ForeignKey(Checklist, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    status = models.CharField(max_length=16, choices=Status, default=Status.DRAFT)
    content: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField()
    content_hash = models.CharField(
        max_length=64, help_text="SHA-256 of the content as RFC 8785 canonical JSON, in hexadecimal."
    )
    # What is loaded when the application starts must not undo what was edited here.
    origin = models.CharField(max_length=8, choices=Origin, default=Origin.FILE)
    published_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    if TYPE_CHECKING:
        sections: RelatedManager[Section]
        items: RelatedManager[Item]

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["checklist", "number"], name="one_version_per_number"),
            models.UniqueConstraint(
                fields=["checklist"], condition=Q(status="draft"), name="one_draft_per_checklist"
            ),
            models.CheckConstraint(
                condition=Q(status="draft", published_at__isnull=True)
                | Q(status="published", published_at__isnull=False),
                name="published_version_has_date",
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="version_number_from_1"),
        ]

    def __str__(self) -> str:
        return f"{self.checklist.slug} v{self.number}"


class Section(models.Model):
    """A step of the sequence. It opens for approval when the one before it is approved."""

    version = models.ForeignKey(ChecklistVersion, on_delete=models.CASCADE, related_name="sections")
    position = models.PositiveIntegerField(help_text="From 1, in the order of approval.")
    slug = models.SlugField(max_length=64)
    title = models.CharField(max_length=120)
    short_title = models.CharField(max_length=10, help_text="For the column of a matrix.")
    question = models.TextField(help_text="The honest question, shown under the title.")
    why = models.TextField(help_text="Markdown.")
    approvals_required = models.PositiveIntegerField(default=1)
    reviewer_roles: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=32),
        default=list,
        blank=True,
        help_text="Each role needs at least one approver who holds it.",
    )

    if TYPE_CHECKING:
        items: RelatedManager[Item]

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["version", "position"], name="one_section_per_position"),
            models.UniqueConstraint(fields=["version", "slug"], name="one_section_per_slug"),
            models.CheckConstraint(
                condition=Q(position__gte=1, approvals_required__gte=1), name="section_counts_from_1"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Item(models.Model):
    """One question. `kind` says what is recorded; `spec` holds what it needs (`checklist.rules.specs`)."""

    class Severity(models.TextChoices):
        """A blocker that is neither met nor waived stops its section's approval."""

        BLOCKER = "blocker", "Blocker"
        ADVISORY = "advisory", "Advisory"

    class Kind(models.TextChoices):
        """What is recorded, and by what it is judged."""

        ATTESTATION = "attestation", "Attestation"
        MEASURE = "measure", "Measure"
        DRILL = "drill", "Drill"
        INVENTORY = "inventory", "Inventory"
        REGISTER = "register", "Register"

    class EvidenceRule(models.TextChoices):
        """Whether the answer “met” needs evidence."""

        NONE = "none", "No evidence"
        OPTIONAL = "optional", "Evidence welcome"
        REQUIRED = "required", "Evidence required"

    section = models.ForeignKey(Section, on_delete=models.CASCADE, related_name="items")
    version = models.ForeignKey(ChecklistVersion, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveIntegerField(help_text="From 1 within the section.")
    slug = models.SlugField(max_length=64)
    title = models.CharField(max_length=160)
    why = models.TextField(help_text="Why it matters. Markdown.")
    how = models.TextField(help_text="How to meet it. Markdown.")
    severity = models.CharField(max_length=16, choices=Severity)
    kind = models.CharField(max_length=16, choices=Kind)
    spec: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict, blank=True)
    applies_when: models.JSONField[dict[str, Any] | None, dict[str, Any] | None] = models.JSONField(
        null=True, blank=True, help_text="A rule over profile facts; empty: always (see `checklist.rules`)."
    )
    evidence_rule = models.CharField(max_length=16, choices=EvidenceRule)
    evidence_lifetime_days = models.PositiveIntegerField(null=True, blank=True)
    allow_deferral = models.BooleanField(default=False)
    probes: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=64),
        default=list,
        blank=True,
        help_text="Ids of probes that can check it.",
    )
    recurring_days = models.PositiveIntegerField(
        null=True, blank=True, help_text="To be done again after so many days; overdue after that."
    )

    class Meta:
        ordering = ["section__position", "position"]
        constraints = [
            models.UniqueConstraint(fields=["version", "slug"], name="one_item_per_slug"),
            models.UniqueConstraint(fields=["section", "position"], name="one_item_per_position"),
            models.CheckConstraint(condition=Q(position__gte=1), name="item_position_from_1"),
        ]

    def __str__(self) -> str:
        return self.title


class Part(models.Model):
    """A piece of a draft that is edited by itself: two people meet only when they edit the same piece."""

    content: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField()
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class Draft(Part):
    """The next version of a checklist while it is written; `content` holds title and summary.

    Whoever writes to any part of it locks this row first.
    """

    checklist = models.OneToOneField(Checklist, on_delete=models.CASCADE, related_name="draft")
    base = models.ForeignKey(
        ChecklistVersion,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The version that it was begun from.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    if TYPE_CHECKING:
        sections: RelatedManager[DraftSection]
        items: RelatedManager[DraftItem]

    def __str__(self) -> str:
        return f"Draft of {self.checklist.slug}"


class DraftSection(Part):
    """A section of a draft; `content` as in `checklist.schema.SectionContent`, without its items."""

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="sections")
    position = models.PositiveIntegerField()

    if TYPE_CHECKING:
        items: RelatedManager[DraftItem]

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return str(self.content.get("title", ""))


class DraftItem(Part):
    """An item of a draft; `content` as in `checklist.schema.ItemContent`."""

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="items")
    section = models.ForeignKey(DraftSection, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveIntegerField()

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return str(self.content.get("title", ""))
