"""Approvals, bound to the content that the approver saw, and requests for changes."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from reviews.models.answer import Answer
from reviews.models.review import ReviewSection


class SectionContent(models.Model):
    """The canonical content of a section by its SHA-256, kept so that a difference can be shown."""

    digest = models.CharField(max_length=64, primary_key=True)
    content = models.JSONField()

    def __str__(self) -> str:
        return self.digest[:12]


class Approval(models.Model):
    """A reviewer accepts one section at one content digest."""

    section = models.ForeignKey(ReviewSection, on_delete=models.CASCADE, related_name="approvals")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="approvals")
    roles: ArrayField[list[str], list[str]] = ArrayField(models.CharField(max_length=32), default=list)
    content = models.ForeignKey(SectionContent, on_delete=models.PROTECT, related_name="+")
    note = models.TextField(blank=True)
    at = models.DateTimeField()
    # Set when the content changed, or when changes were requested: the approval no longer counts.
    stale_at = models.DateTimeField(null=True)
    stale_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["section", "reviewer"],
                condition=Q(stale_at__isnull=True),
                name="one_valid_approval_per_reviewer",
            )
        ]
        indexes = [models.Index(fields=["section", "stale_at"])]

    def __str__(self) -> str:
        return f"{self.reviewer} on {self.section_id}"


class ChangeRequest(models.Model):
    """A reviewer sends a section back, with a reason; resolved by the next submission."""

    section = models.ForeignKey(ReviewSection, on_delete=models.CASCADE, related_name="change_requests")
    answer = models.ForeignKey(Answer, null=True, on_delete=models.CASCADE, related_name="change_requests")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["section", "resolved_at"])]

    def __str__(self) -> str:
        return self.reason[:60]
