"""The audit record: append-only, each event chained to the one before it by a hash."""

from __future__ import annotations

from django.conf import settings
from django.db import models

GENESIS = "0" * 64


class Chained(models.Model):
    """Holds the head of a chain of events. Whoever appends has this row locked."""

    event_count = models.PositiveIntegerField(default=0)
    event_head = models.CharField(max_length=64, default=GENESIS)

    class Meta:
        abstract = True


class EventStream(Chained):
    """The chain of what does not belong to one review: services, people, teams, checklists."""

    name = models.CharField(max_length=64, unique=True)

    def __str__(self) -> str:
        return self.name


class Event(models.Model):
    """One act. Rows are never changed or deleted: a trigger in the database refuses it."""

    stream = models.CharField(max_length=64)
    seq = models.PositiveIntegerField()
    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="events"
    )
    actor_name = models.CharField(max_length=160)
    verb = models.CharField(max_length=64)
    service = models.ForeignKey("reviews.Service", null=True, on_delete=models.PROTECT, related_name="events")
    review = models.ForeignKey("reviews.Review", null=True, on_delete=models.PROTECT, related_name="events")
    section = models.CharField(max_length=64, blank=True)
    item = models.CharField(max_length=64, blank=True)
    summary = models.CharField(max_length=300)
    data = models.JSONField(default=dict)
    prev_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["stream", "seq"], name="event_stream_seq")]
        indexes = [
            models.Index(fields=["service", "-id"]),
            models.Index(fields=["review", "-id"]),
            models.Index(fields=["actor", "-id"]),
            models.Index(fields=["verb", "-id"]),
        ]

    def __str__(self) -> str:
        return f"{self.stream} {self.seq}: {self.summary}"
