"""Answers and every state they ever had."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from checklist.models import Item
from reviews.models.review import AskedManager, Orphanable, Review, ReviewSection
from reviews.states import AnswerState


class Said(models.Model):
    """What can be said about an item; shared by an answer and its revisions."""

    state = models.CharField(max_length=16, choices=AnswerState.choices, default=AnswerState.UNANSWERED)
    note = models.TextField(blank=True)
    reason = models.TextField(blank=True)
    trigger = models.TextField(blank=True)
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        abstract = True


class Answer(Orphanable, Said):
    """What the team says about one item in one review. `revision` guards against lost updates."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="answers")
    section = models.ForeignKey(ReviewSection, on_delete=models.CASCADE, related_name="answers")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="+")
    applicable = models.BooleanField(default=True)
    revision = models.PositiveIntegerField(default=0)
    to_confirm = models.BooleanField(default=False)
    # User ids of those whose work it is without a revision of theirs: who wrote a text that was carried over,
    # made the item apply or not, or changed the rows that it follows.
    shaped_by: ArrayField[list[int], list[int]] = ArrayField(models.IntegerField(), default=list)
    # Whether the figures, drill or rows in `data` meet the item's thresholds, and why.
    judgement = models.JSONField(default=dict, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    answered_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[Answer]] = AskedManager()
    everything: ClassVar[models.Manager[Answer]] = models.Manager()

    class Meta:
        ordering = ["item__position"]
        constraints = [models.UniqueConstraint(fields=["review", "item"], name="one_answer_per_item")]
        indexes = [models.Index(fields=["section", "applicable", "state"])]

    def __str__(self) -> str:
        return f"{self.item.slug}: {self.get_state_display()}"


class AnswerRevision(Said):
    """One saved state of an answer. Never changed afterwards."""

    answer = models.ForeignKey(Answer, on_delete=models.CASCADE, related_name="revisions")
    section = models.ForeignKey(ReviewSection, on_delete=models.CASCADE, related_name="+")
    revision = models.PositiveIntegerField()
    # The rows that an edit of rows changed, before and after; `data` is then left empty (ADR 0074).
    rows = models.JSONField(default=list, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        ordering = ["-revision"]
        constraints = [models.UniqueConstraint(fields=["answer", "revision"], name="answer_revision_once")]
        indexes = [models.Index(fields=["section", "author"])]

    def __str__(self) -> str:
        return f"{self.answer_id} at {self.revision}"
