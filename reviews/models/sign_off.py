"""Sign-off, the snapshot that it freezes, and the packet made from that."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from reviews.models.evidence import StoredFile
from reviews.models.fit_check import FitCheck
from reviews.models.review import Review
from reviews.states import PacketStatus, Verdict


class SignOff(models.Model):
    """The accountable person's decision on a whole review at one content digest."""

    review = models.OneToOneField(Review, on_delete=models.PROTECT, related_name="sign_off")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="sign_offs")
    at = models.DateTimeField()
    verdict = models.CharField(max_length=20, choices=Verdict.choices)
    note = models.TextField(blank=True)
    digest = models.CharField(max_length=64)
    stale_at = models.DateTimeField(null=True)
    stale_reason = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"{self.get_verdict_display()}, {self.by}"


class Snapshot(models.Model):
    """The frozen, canonical JSON (RFC 8785) of a signed-off review or a signed fit check. Never changed."""

    review = models.OneToOneField(Review, null=True, on_delete=models.PROTECT, related_name="snapshot")
    fit_check = models.OneToOneField(FitCheck, null=True, on_delete=models.PROTECT, related_name="snapshot")
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    schema_version = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(review__isnull=False, fit_check__isnull=True)
                | Q(review__isnull=True, fit_check__isnull=False),
                name="snapshot_of_one_thing",
            )
        ]

    def __str__(self) -> str:
        return self.sha256[:12]


class Packet(models.Model):
    """The PDF of a snapshot, and how far its rendering is."""

    snapshot = models.OneToOneField(Snapshot, on_delete=models.PROTECT, related_name="packet")
    status = models.CharField(max_length=10, choices=PacketStatus.choices, default=PacketStatus.QUEUED)
    file = models.ForeignKey(StoredFile, null=True, on_delete=models.PROTECT, related_name="+")
    pages = models.PositiveIntegerField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)
    requested_at = models.DateTimeField()
    # A worker that holds the packet past this moment is taken to be dead; another may take it up.
    leased_until = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["status", "leased_until"])]

    def __str__(self) -> str:
        return f"Packet {self.pk}: {self.status}"
