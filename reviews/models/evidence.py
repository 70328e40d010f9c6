"""Evidence: dated proofs, superseded and never overwritten."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from reviews.models.answer import Answer
from reviews.models.review import Review
from reviews.states import EvidenceGrade, EvidenceKind


class StoredFile(models.Model):
    """A file kept by its SHA-256 outside the web root. The same bytes are kept once."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    size = models.PositiveBigIntegerField()
    media_type = models.CharField(max_length=100)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.sha256[:12]


class Evidence(models.Model):
    """A dated proof beside an answer."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="evidence")
    answer = models.ForeignKey(Answer, on_delete=models.CASCADE, related_name="evidence")
    kind = models.CharField(max_length=16, choices=EvidenceKind.choices)
    grade = models.CharField(max_length=16, choices=EvidenceGrade.choices)
    title = models.CharField(max_length=200)
    url = models.URLField(blank=True, max_length=2000)
    body = models.TextField(blank=True)
    file = models.ForeignKey(StoredFile, null=True, on_delete=models.PROTECT, related_name="evidence")
    file_name = models.CharField(max_length=200, blank=True)
    probe_run = models.ForeignKey(
        "reviews.ProbeRun", null=True, on_delete=models.PROTECT, related_name="evidence"
    )
    drill = models.ForeignKey("reviews.Drill", null=True, on_delete=models.PROTECT, related_name="evidence")
    sha256 = models.CharField(max_length=64)
    observed_on = models.DateField()
    valid_until = models.DateField(null=True)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    added_at = models.DateTimeField()
    carried_from = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    superseded_by = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="supersedes")
    # Set when superseded or withdrawn: the row stays, but no longer counts.
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "evidence"
        indexes = [models.Index(fields=["answer", "ended_at"]), models.Index(fields=["review", "ended_at"])]

    def __str__(self) -> str:
        return self.title
