"""Findings: gaps that a reviewer raised."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from reviews.models.answer import Answer
from reviews.models.review import Review, ReviewSection
from reviews.states import FindingStatus


class Finding(models.Model):
    """A gap with an owner and a due date. A blocking one stops its section's approval until verified."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="findings")
    section = models.ForeignKey(ReviewSection, on_delete=models.CASCADE, related_name="findings")
    answer = models.ForeignKey(Answer, null=True, on_delete=models.CASCADE, related_name="findings")
    title = models.CharField(max_length=200)
    detail = models.TextField(blank=True)
    blocking = models.BooleanField(default=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="owned_findings"
    )
    due_on = models.DateField(null=True)
    status = models.CharField(max_length=10, choices=FindingStatus.choices, default=FindingStatus.OPEN)
    raised_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    raised_at = models.DateTimeField()
    fixed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    fixed_at = models.DateTimeField(null=True)
    fix_note = models.TextField(blank=True)
    verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    verified_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["section", "status"]), models.Index(fields=["owner", "status"])]

    def __str__(self) -> str:
        return self.title
