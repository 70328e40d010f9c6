"""Reviews and their sections."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from checklist.models import Checklist, ChecklistVersion, Section
from reviews.models.event import Chained
from reviews.models.service import Service
from reviews.states import OPEN_REVIEW, ReviewStatus, SectionStatus


class Review(Chained):
    """One pass of one service over one checklist version.

    Every write inside a review locks this row first: writers of one review wait for each other, and the chain
    of its events has one order.
    """

    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="reviews")
    checklist = models.ForeignKey(Checklist, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(ChecklistVersion, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    status = models.CharField(max_length=20, choices=ReviewStatus.choices, default=ReviewStatus.DRAFT)
    revision = models.PositiveIntegerField(default=1)
    facts = models.JSONField(default=dict)
    fit = models.JSONField(default=dict)
    previous = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    withdrawn_reason = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["service", "number"], name="review_number_per_service"),
            models.UniqueConstraint(
                fields=["service", "checklist"],
                condition=Q(status__in=sorted(OPEN_REVIEW)),
                name="one_open_review_per_service_and_checklist",
            ),
            # A later sign-off makes the one before it superseded in the same transaction.
            models.UniqueConstraint(
                fields=["service", "checklist"],
                condition=Q(status=ReviewStatus.SIGNED_OFF),
                name="one_signed_off_review_per_service_and_checklist",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service}, review {self.number}"

    def get_absolute_url(self) -> str:
        """Address of the workspace."""
        return reverse("reviews:review", args=[self.service.slug, self.number])

    @property
    def is_open(self) -> bool:
        """Whether anything in it can still change."""
        return self.status in OPEN_REVIEW


Row = TypeVar("Row", bound=models.Model)


class AskedManager(models.Manager[Row]):
    """Leaves out what the review's version does not ask any more, here and through related managers."""

    def get_queryset(self) -> models.QuerySet[Row]:
        """Rows that are not orphaned."""
        return super().get_queryset().filter(orphaned_at__isnull=True)


class Orphanable(models.Model):
    """Is set aside, and kept, when its review moves to a version that does not ask it any more."""

    orphaned_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True


class ReviewSection(Orphanable):
    """One section of one review, with its figures kept beside it so that lists stay cheap."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="sections")
    section = models.ForeignKey(Section, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()
    slug = models.SlugField(max_length=64)
    status = models.CharField(max_length=20, choices=SectionStatus.choices, default=SectionStatus.OPEN)
    # Figures: items that apply; of these answered; met or waived; blockers that stand in the way, unanswered
    # ones included; blockers answered and not met.
    applicable = models.PositiveSmallIntegerField(default=0)
    answered = models.PositiveSmallIntegerField(default=0)
    passing = models.PositiveSmallIntegerField(default=0)
    blocked = models.PositiveSmallIntegerField(default=0)
    failing = models.PositiveSmallIntegerField(default=0)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    submitted_at = models.DateTimeField(null=True)
    approved_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[ReviewSection]] = AskedManager()
    everything: ClassVar[models.Manager[ReviewSection]] = models.Manager()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["review", "position"],
                condition=Q(orphaned_at__isnull=True),
                name="section_position_per_review",
            ),
            models.UniqueConstraint(
                fields=["review", "slug"],
                condition=Q(orphaned_at__isnull=True),
                name="section_slug_per_review",
            ),
        ]
        indexes = [
            models.Index(fields=["status"]),
            models.Index(
                fields=["submitted_at"],
                condition=Q(status=SectionStatus.SUBMITTED),
                name="section_waiting_since",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.review}: {self.slug}"

    def get_absolute_url(self) -> str:
        """Address of the section in the workspace."""
        return reverse("reviews:section", args=[self.review.service.slug, self.review.number, self.slug])
