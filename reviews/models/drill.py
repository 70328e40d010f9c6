"""Drills: timed exercises with a witness. All of them are kept."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from readiness.clock import Reading
from reviews.drill_chart import short
from reviews.models.answer import Answer
from reviews.models.evidence import Evidence
from reviews.models.review import Review
from reviews.models.service import Service
from reviews.states import OPEN_DRILL, DrillSource, DrillStatus


class Drill(models.Model):
    """One drill from the moment it is arranged. Once it has ended, a trigger in the database keeps it."""

    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="drills")
    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="drills")
    answer = models.ForeignKey(Answer, on_delete=models.PROTECT, related_name="drills")
    # The item's slug: drills of one item are compared over all versions of the checklist.
    item = models.SlugField(max_length=64)
    source = models.CharField(max_length=10, choices=DrillSource.choices, default=DrillSource.PAGE)
    status = models.CharField(max_length=10, choices=DrillStatus.choices, default=DrillStatus.READY)
    runner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="drills_run")
    witness = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="drills_witnessed"
    )
    arranged_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    arranged_at = models.DateTimeField()
    # Somebody's word that the runner is new to on-call, where that is asked for.
    declared_new = models.BooleanField(default=False)
    # The reading of the clock at the start; see readiness.clock. `mark_ms`: the latest time that was written
    # down.
    started_at = models.DateTimeField(null=True)
    start_boot = models.CharField(max_length=64, blank=True)
    start_ticks_ns = models.BigIntegerField(default=0)
    mark_ms = models.PositiveBigIntegerField(default=0)
    stopped_at = models.DateTimeField(null=True)
    duration_ms = models.PositiveBigIntegerField(null=True)
    # Why its time cannot be trusted; such a drill is kept and does not count.
    clock_fault = models.CharField(max_length=300, blank=True)
    commands = models.TextField(blank=True)
    fields = models.JSONField(default=dict)
    artifact = models.ForeignKey(Evidence, null=True, on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=6, blank=True, choices=[("passed", "Passed"), ("failed", "Failed")])
    # right or wrong, by the question's slug
    grades = models.JSONField(default=dict)
    remark = models.TextField(blank=True)
    judgement = models.JSONField(default=dict)
    ended_at = models.DateTimeField(null=True)
    ended_reason = models.CharField(max_length=300, blank=True)
    corroborated_by = models.ForeignKey(
        "reviews.Deployment", null=True, on_delete=models.PROTECT, related_name="drills"
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["answer"],
                condition=Q(status__in=sorted(OPEN_DRILL)),
                name="one_open_drill_per_answer",
            ),
            models.CheckConstraint(condition=~Q(runner=F("witness")), name="drill_witness_is_somebody_else"),
            models.CheckConstraint(
                condition=Q(stopped_at__isnull=True) | Q(stopped_at__gte=F("started_at")),
                name="drill_stops_after_it_starts",
            ),
        ]
        indexes = [
            models.Index(fields=["answer", "-stopped_at"]),
            models.Index(fields=["service", "item", "-stopped_at"]),
            models.Index(fields=["status", "arranged_at"]),
            models.Index(fields=["runner", "status"]),
            models.Index(fields=["witness", "status"]),
        ]

    def __str__(self) -> str:
        return f"Drill {self.pk}: {self.get_status_display()}"

    def get_absolute_url(self) -> str:
        """Address of the drill's page, which runner and witness may open whoever else they are."""
        return reverse("reviews:drill", args=[self.pk])

    @property
    def is_open(self) -> bool:
        """Whether it has not ended yet."""
        return self.status in OPEN_DRILL

    @property
    def start_reading(self) -> Reading:
        """The reading of the clock at the start; raises ValueError before that."""
        if self.started_at is None:
            raise ValueError("The clock of this drill has not been started.")
        return Reading(self.started_at, self.start_boot, self.start_ticks_ns)

    @property
    def duration_words(self) -> str:
        """How long it took, as a clock shows it; empty before it is stopped."""
        return "" if self.duration_ms is None else short(self.duration_ms / 1000)


class DrillEntry(models.Model):
    """A line of a drill's log, with the server's time. Never changed: the last answer counts."""

    class Kind(models.TextChoices):
        """What happened."""

        ARRANGED = "arranged", "Arranged"
        STARTED = "started", "Clock started"
        ANSWERED = "answered", "Answered"
        NOTED = "noted", "Noted"
        DETAILS = "details", "Filled in"
        STOPPED = "stopped", "Clock stopped"
        CLOCK = "clock", "Clock"
        GRADED = "graded", "Graded"
        ABANDONED = "abandoned", "Abandoned"
        CORROBORATED = "corroborated", "Corroborated"

    drill = models.ForeignKey(Drill, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    question = models.SlugField(max_length=64, blank=True)
    text = models.TextField(blank=True)
    at = models.DateTimeField()
    # Since the clock was started; empty before that.
    elapsed_ms = models.PositiveBigIntegerField(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "drill entries"

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.text[:40]}"

    @property
    def clock(self) -> str:
        """What the clock showed; empty before it was started."""
        return "" if self.elapsed_ms is None else short(self.elapsed_ms / 1000)
