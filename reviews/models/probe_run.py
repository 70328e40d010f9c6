"""Probe runs, and rulings where a person and a probe disagree."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from reviews.models.answer import Answer
from reviews.models.evidence import StoredFile
from reviews.models.review import Review, ReviewSection
from reviews.models.service import Service
from reviews.states import AnswerState, RulingDecision, RunStatus


class ProbeRun(models.Model):
    """One run of one probe for one answer, from the moment it is asked for."""

    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="probe_runs")
    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="probe_runs")
    section = models.ForeignKey(ReviewSection, on_delete=models.CASCADE, related_name="probe_runs")
    answer = models.ForeignKey(Answer, on_delete=models.CASCADE, related_name="probe_runs")
    probe = models.CharField(max_length=64)
    probe_version = models.CharField(max_length=16, blank=True)
    status = models.CharField(max_length=10, choices=RunStatus.choices, default=RunStatus.QUEUED)
    outcome = models.CharField(max_length=16, blank=True)
    summary = models.CharField(max_length=500, blank=True)
    details = models.JSONField(default=list)
    proposed = models.CharField(max_length=16, blank=True, choices=AnswerState.choices)
    config = models.JSONField(default=dict)
    config_hash = models.CharField(max_length=64, blank=True)
    facts = models.JSONField(default=dict)
    facts_version = models.PositiveSmallIntegerField(default=1)
    facts_hash = models.CharField(max_length=64, blank=True)
    peer = models.CharField(max_length=64, blank=True)
    artifact = models.ForeignKey(StoredFile, null=True, on_delete=models.PROTECT, related_name="+")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    requested_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    duration_ms = models.PositiveIntegerField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    # A worker that holds a run past this moment is taken to be dead; another may take the run up.
    leased_until = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["answer", "probe"],
                condition=~models.Q(status=RunStatus.DONE),
                name="one_unfinished_run_per_answer_and_probe",
            )
        ]
        indexes = [
            models.Index(fields=["section", "probe", "-id"]),
            models.Index(fields=["service", "probe", "-id"]),
            models.Index(fields=["status", "leased_until"]),
        ]

    def __str__(self) -> str:
        return f"{self.probe}: {self.outcome or self.status}"


class Ruling(models.Model):
    """A reviewer's decision in a disagreement. Holds for one answer revision and one outcome of one probe."""

    answer = models.ForeignKey(Answer, on_delete=models.CASCADE, related_name="rulings")
    section = models.ForeignKey(ReviewSection, on_delete=models.CASCADE, related_name="rulings")
    probe = models.CharField(max_length=64)
    outcome = models.CharField(max_length=16)
    answer_revision = models.PositiveIntegerField()
    decision = models.CharField(max_length=8, choices=RulingDecision.choices)
    reason = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["section"])]

    def __str__(self) -> str:
        return f"{self.probe}: {self.get_decision_display()}"
