"""Services: what is reviewed."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse

from readiness.accounts.models import Team

# What a search looks through; a query has to use this very expression for the index to serve it. The
# configuration `simple` takes words as they are: names are no prose.
SEARCHED: Final = SearchVector("name", "slug", "description", config="simple")


class Service(models.Model):
    """Something that takes customer traffic, owned by a team."""

    class Tier(models.IntegerChoices):
        """How much hangs on it, 1 the most."""

        ONE = 1, "Tier 1: an outage stops the business"
        TWO = 2, "Tier 2: an outage hurts customers"
        THREE = 3, "Tier 3: an outage annoys"
        FOUR = 4, "Tier 4: internal convenience"

    slug = models.SlugField(unique=True, max_length=63)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="services")
    tier = models.PositiveSmallIntegerField(choices=Tier.choices, default=Tier.TWO)
    production_url = models.URLField(blank=True, max_length=500)
    health_url = models.URLField(blank=True, max_length=500)
    repository_url = models.URLField(blank=True, max_length=500)
    documentation_url = models.URLField(blank=True, max_length=500)
    facts = models.JSONField(default=dict, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint("team", Lower("name"), name="service_name_once_per_team")]
        indexes = [
            models.Index(fields=["team"]),
            models.Index(fields=["archived_at", "name"]),
            GinIndex(SEARCHED, name="service_search"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Address of the service's page."""
        return reverse("reviews:service", args=[self.slug])
