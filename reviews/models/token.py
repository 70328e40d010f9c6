"""Tokens: what pipelines sign in with."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from reviews.models.service import Service

# action: what it lets a pipeline do, for people to read
TOKEN_ACTIONS: Final[dict[str, str]] = {"deployments.write": "Report deployments and rollbacks"}


class ServiceToken(models.Model):
    """Lets a pipeline do named actions for one service. Only a hash of it is kept."""

    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="tokens")
    name = models.CharField(max_length=80)
    # The part by which it is found. What follows is the secret; SHA-256 will do, as it is random and long.
    handle = models.CharField(max_length=16, unique=True)
    secret_hash = models.CharField(max_length=64)
    actions: ArrayField[list[str], list[str]] = ArrayField(models.CharField(max_length=40))
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["service", "revoked_at"])]

    def __str__(self) -> str:
        return self.name

    def is_live(self, now: datetime) -> bool:
        """Whether it lets anybody in at `now`."""
        return self.revoked_at is None and self.expires_at > now

    @property
    def action_words(self) -> list[str]:
        """What it may do, for people to read."""
        return [TOKEN_ACTIONS.get(action, action) for action in self.actions]
