"""Waivers: permission to launch with an item not met, or to approve a section out of order."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from reviews.models.answer import Answer
from reviews.models.review import Review, ReviewSection
from reviews.states import WaiverStatus


class Waiver(models.Model):
    """Asked for by the team, decided by someone else, for a limited time.

    With `answer` it covers one item. Without, it lets `section` be approved before those in front of it.
    """

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="waivers")
    section = models.ForeignKey(ReviewSection, on_delete=models.CASCADE, related_name="waivers")
    answer = models.ForeignKey(Answer, null=True, on_delete=models.CASCADE, related_name="waivers")
    status = models.CharField(max_length=10, choices=WaiverStatus.choices, default=WaiverStatus.REQUESTED)
    reason = models.TextField()
    compensating_control = models.TextField()
    expires_on = models.DateField()
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    decision_note = models.TextField(blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["answer"],
                condition=Q(status__in=["requested", "granted"]),
                name="one_live_waiver_per_answer",
            ),
            models.UniqueConstraint(
                fields=["section"],
                condition=Q(status__in=["requested", "granted"], answer__isnull=True),
                name="one_live_order_waiver_per_section",
            ),
        ]
        indexes = [models.Index(fields=["status", "expires_on"]), models.Index(fields=["section", "status"])]

    def __str__(self) -> str:
        return f"{self.get_status_display()} until {self.expires_on}"

    @property
    def is_undecided(self) -> bool:
        """Whether it waits for a decision."""
        return self.status == WaiverStatus.REQUESTED
