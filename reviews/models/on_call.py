"""Who is on call for a service, and how often they are paged."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from reviews.models.service import Service

MAX_PERSON = 120


class Roster(models.Model):
    """The rota of one service. It belongs to the service: turns go on whether a review is open or not."""

    class Source(models.TextChoices):
        """Where its turns come from."""

        BY_HAND = "by_hand", "planned by hand"
        FILE = "file", "imported from a calendar"

    service = models.OneToOneField(Service, on_delete=models.CASCADE, related_name="roster")
    # Handovers are shown, and planned, on the clocks of this zone.
    zone = models.CharField(max_length=64, default="UTC")
    source = models.CharField(max_length=16, choices=Source.choices, default=Source.BY_HAND)
    source_name = models.CharField(max_length=200, blank=True)
    revision = models.PositiveIntegerField(default=0)
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"Roster of {self.service}"


class Turn(models.Model):
    """One person on call in one role. The person is a name to show: not everybody on call has an account."""

    class Role(models.TextChoices):
        """Who is paged first, and who if they do not answer."""

        PRIMARY = "primary", "Primary"
        SECONDARY = "secondary", "Secondary"

    roster = models.ForeignKey(Roster, on_delete=models.CASCADE, related_name="turns")
    person = models.CharField(max_length=MAX_PERSON)
    role = models.CharField(max_length=16, choices=Role.choices)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        ordering = ["role", "starts_at", "ends_at", "person"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="turn_ends_after_it_starts")
        ]
        indexes = [models.Index(fields=["roster", "starts_at"])]

    def __str__(self) -> str:
        return f"{self.person}, {self.role}, {self.starts_at:%Y-%m-%d}"


class PageCount(models.Model):
    """How often one person was paged in one week, as somebody counted it."""

    roster = models.ForeignKey(Roster, on_delete=models.CASCADE, related_name="page_counts")
    # The Monday.
    week = models.DateField()
    person = models.CharField(max_length=MAX_PERSON)
    pages = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["week", "person"]
        constraints = [models.UniqueConstraint(fields=["roster", "week", "person"], name="pages_once_a_week")]

    def __str__(self) -> str:
        return f"{self.person}, {self.week}: {self.pages}"
