"""Deployments: what pipelines say that they did."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from reviews.models.service import Service
from reviews.models.token import ServiceToken
from reviews.states import DeploymentKind


class Deployment(models.Model):
    """One deploy or rollback of a service, pushed with a token. Never changed."""

    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="deployments")
    kind = models.CharField(max_length=8, choices=DeploymentKind.choices)
    version = models.CharField(max_length=100)
    environment = models.CharField(max_length=60)
    at = models.DateTimeField()
    run_url = models.URLField(blank=True, max_length=2000)
    received_at = models.DateTimeField()
    token = models.ForeignKey(ServiceToken, on_delete=models.PROTECT, related_name="deployments")
    idempotency_key = models.CharField(max_length=200, blank=True)
    # Of what was sent: the same key with other content is a mistake of the sender.
    content_hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["service", "idempotency_key"],
                condition=~Q(idempotency_key=""),
                name="deployment_once_per_key",
            )
        ]
        indexes = [models.Index(fields=["service", "-at"])]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.version}"
