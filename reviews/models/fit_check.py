"""Fit checks that ended in “does not fit”: an outcome of its own, signed instead of a review."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from checklist.models import ChecklistVersion
from checklist.rules import OPEN_WORDS
from reviews.models.service import Service
from reviews.states import LIVE_FIT_CHECK, FitCheckStatus


class FitCheck(models.Model):
    """A team's record that the checklist does not fit a service, and the accountable person's signature."""

    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="fit_checks")
    version = models.ForeignKey(ChecklistVersion, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=10, choices=FitCheckStatus.choices, default=FitCheckStatus.RECORDED)
    facts = models.JSONField()
    verdict = models.CharField(max_length=20)
    reasons = models.JSONField()
    note = models.TextField()
    digest = models.CharField(max_length=64)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    signed_at = models.DateTimeField(null=True)
    sign_note = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True)
    ended_why = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["service"],
                condition=Q(status__in=sorted(LIVE_FIT_CHECK)),
                name="one_live_fit_check_per_service",
            )
        ]
        indexes = [models.Index(fields=["status", "recorded_at"])]

    def __str__(self) -> str:
        return f"{self.service}: {self.get_status_display()}"

    def get_absolute_url(self) -> str:
        """Address of its page."""
        return reverse("reviews:fit_check", args=[self.service.slug, self.pk])

    @property
    def against(self) -> list[str]:
        """The reasons that speak against the checklist."""
        return [reason for reason in self.reasons if not reason.startswith(OPEN_WORDS)]

    @property
    def open_facts(self) -> str:
        """The line on what was not stated; empty when everything was."""
        return next((reason for reason in self.reasons if reason.startswith(OPEN_WORDS)), "")

    @property
    def is_live(self) -> bool:
        """Whether it stands, signed or waiting for a signature."""
        return self.status in LIVE_FIT_CHECK
