"""The register: what a team leaves for later on purpose, and what makes it look again."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse

from checklist.models import Checklist
from checklist.rules import holds
from reviews.models.answer import Answer
from reviews.models.service import Service
from reviews.states import DeferralState

# A worker looks at the triggers of these.
WATCHED: Final = [DeferralState.DEFERRED.value, DeferralState.ADOPTED.value]


class Deferral(models.Model):
    """One decision of a service: defer or adopt, with reason, owner and trigger. It outlives reviews.

    With `item` it is what an answer of the newest review says about a decision of the checklist; without, the
    team added it. `decided_at` and `facts` are those of the present decision, which `revision` counts.
    """

    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="deferrals")
    checklist = models.ForeignKey(Checklist, null=True, on_delete=models.PROTECT, related_name="+")
    item = models.SlugField(max_length=64, blank=True)
    decision = models.SlugField(max_length=64, blank=True)
    answer = models.ForeignKey(Answer, null=True, on_delete=models.SET_NULL, related_name="+")
    title = models.CharField(max_length=300)
    until = models.CharField(max_length=300, blank=True)
    choice = models.CharField(max_length=5, choices=[("defer", "Defer"), ("adopt", "Adopt")])
    state = models.CharField(max_length=10, choices=DeferralState.choices)
    reason = models.TextField()
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="deferrals")
    # As it was typed, and the tree that it was read into (checklist.rules.triggers).
    trigger_text = models.CharField(max_length=300)
    trigger = models.JSONField()
    # The checklist's own rule for its time; not kept where it held already when the team decided to defer.
    rule = models.JSONField(null=True)
    # Whether a worker has anything to compute; a trigger that only people watch has not.
    is_watched = models.BooleanField(default=True)
    facts = models.JSONField(default=dict)
    revision = models.PositiveIntegerField(default=1)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField()
    reopened_at = models.DateTimeField(null=True)
    reopened_why = models.CharField(max_length=500, blank=True)
    reopened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    # What follows from a reached trigger, each done once: reviews that rest on it, and the mail.
    noted_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["service", "checklist", "item", "decision"],
                condition=Q(checklist__isnull=False),
                name="one_deferral_per_decision",
            ),
            models.UniqueConstraint(
                "service",
                Lower("title"),
                condition=Q(checklist__isnull=True) & ~Q(state=DeferralState.CLOSED),
                name="own_deferral_once_per_service",
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"],
                condition=Q(state__in=WATCHED, is_watched=True),
                name="deferral_watched",
            ),
            models.Index(fields=["owner", "state"]),
            models.Index(fields=["state", "service"]),
        ]

    def __str__(self) -> str:
        return f"{self.service}: {self.title}"

    def get_absolute_url(self) -> str:
        """Address of the decision in the register."""
        return reverse("reviews:deferral", args=[self.pk])

    @property
    def is_own(self) -> bool:
        """Whether the team added it; else it is a decision of the checklist, taken in a review."""
        return self.checklist_id is None

    @property
    def is_free(self) -> bool:
        """Whether it is decided on the register: the team's own, and what no review asks for any more."""
        return self.is_own or self.answer is None or self.answer.orphaned_at is not None

    @property
    def is_early(self) -> bool:
        """Whether it was adopted although the checklist's own rule says that its time has not come."""
        rule: dict[str, Any] | None = self.rule
        return (
            self.state == DeferralState.ADOPTED
            and rule is not None
            and holds(rule, self.service.facts) is False
        )
