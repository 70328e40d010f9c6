"""The monthly look at headroom."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from reviews.models.service import Service


class CapacityReview(models.Model):
    """One 30-minute review of a service's headroom that was held. Never changed afterwards."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="capacity_reviews")
    held_on = models.DateField()
    # The last day for the next one, by the checklist that held then.
    due_on = models.DateField()
    people = models.CharField(max_length=500)
    notes = models.TextField(blank=True)
    # At most three: {"what", "owner"}.
    actions = models.JSONField(default=list, blank=True)
    # What the agenda showed that day, so that the next one can say what changed.
    figures = models.JSONField(default=dict, blank=True)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ["-held_on", "-id"]
        indexes = [models.Index(fields=["service", "-held_on"])]

    def __str__(self) -> str:
        return f"{self.service}, {self.held_on}"
