"""One service and what hangs on it, and how two states of it differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db.models import QuerySet

from checklist.probes.installed import egress_policy
from readiness.accounts.models import Team
from readiness.accounts.rights import Actor
from reviews.models import Service
from reviews.service_fields import FACT_NAMES, PROBED_URLS, shown

FIELDS: Final = (
    "name",
    "tier",
    "description",
    "production_url",
    "health_url",
    "repository_url",
    "documentation_url",
)


def differences(service: Service, team: Team, clean: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What clean values would change, as (before, after) by field; facts by their names, teams by slug."""
    pairs: dict[str, tuple[Any, Any]] = {
        field: (getattr(service, field), clean[field]) for field in FIELDS if field in clean
    }
    pairs["team"] = (service.team.slug, team.slug)
    for name, value in clean.get("facts", {}).items():
        pairs[name] = (service.facts.get(name), value)
    return {field: (was, now) for field, (was, now) in pairs.items() if was != now}


def reads_all(actor: Actor) -> bool:
    """Whether `actor` may see every service. The same rule as the verb `service.view`."""
    return actor.is_viewer or actor.is_reviewer or actor.is_accountable or actor.is_admin


def visible_to(actor: Actor) -> QuerySet[Service]:
    """Services that `actor` may see, archived ones included."""
    everything = Service.objects.all()
    return everything if reads_all(actor) else everything.filter(team_id__in=actor.member_team_ids)


def own_teams(actor: Actor) -> QuerySet[Team]:
    """Teams for which `actor` may add a service. The same rule as the verb `service.create`."""
    return Team.objects.all() if actor.is_admin else Team.objects.filter(pk__in=actor.member_team_ids)


def blocked_urls(service: Service) -> dict[str, str]:
    """Addresses that probes may not fetch, with the reason; the check that is made again when they run."""
    policy = egress_policy()
    reasons = {field: policy.check_url(url) for field in PROBED_URLS if (url := getattr(service, field))}
    return {field: reason for field, reason in reasons.items() if reason}


def cells_of(service: Service) -> dict[str, str]:
    """A service as cells of a CSV file, in the columns that an import takes."""
    plain = {field: shown(getattr(service, field)) for field in FIELDS}
    facts = {name: shown(service.facts.get(name)) for name in FACT_NAMES}
    return {**plain, **facts, "slug": service.slug, "team": service.team.slug}
