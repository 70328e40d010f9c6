"""Deployments that pipelines report, and the drills that they bear out."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from readiness.errors import Conflict, DomainError, Invalid
from reviews import events
from reviews.actions.base import clean_text
from reviews.actions.drill_results import corroborate
from reviews.events import Act
from reviews.links import clean_url
from reviews.models import Deployment, Drill, ServiceToken
from reviews.queries.content import digest_of
from reviews.queries.drills import CLOCKS_DIFFER
from reviews.states import OPEN_REVIEW, DeploymentKind, DrillStatus

logger = logging.getLogger(__name__)

_OLDEST: Final = timedelta(days=30)
_AHEAD: Final = timedelta(minutes=5)
MAX_KEY: Final = 200


@dataclass(frozen=True, slots=True)
class Reported:
    """What a pipeline says that it did; `at` is aware, now when it is not given."""

    kind: str
    version: str
    environment: str
    at: datetime | None = None
    run_url: str = ""


def report_deployment(
    token: ServiceToken, reported: Reported, idempotency_key: str = ""
) -> tuple[Deployment, bool]:
    """Keep one deployment of the token's service; returns it, and whether it is new.

    The same key with the same content gives the one that is kept; with other content it raises Conflict.
    Raises Invalid by field. Drills that it bears out are raised afterwards, each on its own.
    """
    now = timezone.now()
    row = _cleaned(token, reported, now)
    row.idempotency_key = clean_text(idempotency_key, "idempotency_key", "The Idempotency-Key", most=MAX_KEY)
    kept, is_new = _kept(row, given_at=reported.at)
    for drill_id in _drills_around(kept):
        try:
            corroborate(drill_id)
        except DomainError as error:  # its review was closed meanwhile: what was signed stays as it is
            logger.info("Drill %s is not borne out by deployment %s: %s", drill_id, kept.pk, error)
    return kept, is_new


def _cleaned(token: ServiceToken, reported: Reported, now: datetime) -> Deployment:
    if reported.kind not in DeploymentKind.values:
        raise _bad("kind", "Say “deploy” or “rollback”.")
    at = reported.at or now
    if at > now + _AHEAD:
        raise _bad("at", "This is in the future. Check the clock of the machine that sends it.")
    if at < now - _OLDEST:
        raise _bad("at", f"This is more than {_OLDEST.days} days ago. Report deployments when they happen.")
    try:
        url = clean_url(reported.run_url) if reported.run_url.strip() else ""
    except Invalid as error:
        raise _bad("run_url", error.message) from None
    return Deployment(
        service=token.service,
        token=token,
        kind=reported.kind,
        version=_line(reported.version, "version", "The version", 100),
        environment=_line(reported.environment, "environment", "The environment", 60),
        at=at,
        run_url=url,
        received_at=now,
    )


def _kept(row: Deployment, *, given_at: datetime | None) -> tuple[Deployment, bool]:
    content = [row.kind, row.version, row.environment, given_at.isoformat() if given_at else "", row.run_url]
    row.content_hash = digest_of(content)
    with transaction.atomic():
        # One service's deployments are written one after the other, so that a key is looked up and taken at
        # once.
        holder = type(row.service).objects.select_for_update(of=("self",)).get(pk=row.service_id)
        key = row.idempotency_key
        same = Deployment.objects.filter(service=holder, idempotency_key=key).first() if key else None
        if same is not None:
            if same.content_hash != row.content_hash:
                raise Conflict(
                    "This Idempotency-Key was used for something else. Use a new key for each deployment."
                )
            return same, False
        row.save(force_insert=True)
        events.record(
            None,
            Act(
                "token:deployment:reported",
                f"{row.get_kind_display()} of {row.version} to {row.environment}, reported by “{row.token}”",
                data={
                    "deployment": row.pk,
                    "token": row.token_id,
                    "at": row.at.isoformat(),
                    "run_url": row.run_url,
                },
            ),
            service=holder,
        )
    return row, True


def _drills_around(row: Deployment) -> list[int]:
    """Graded drills of the service that the deployment falls into and that nothing bears out yet."""
    rows = Drill.objects.filter(
        service_id=row.service_id,
        status=DrillStatus.GRADED,
        corroborated_by__isnull=True,
        review__status__in=sorted(OPEN_REVIEW),
        answer__orphaned_at__isnull=True,
        started_at__lte=row.at + CLOCKS_DIFFER,
        stopped_at__gte=row.at - CLOCKS_DIFFER,
    )
    return list(rows.order_by("pk").values_list("pk", flat=True)[:20])


def _line(value: str, field: str, label: str, most: int) -> str:
    text = " ".join(clean_text(value, field, label, required=True, most=most).split())
    if not text.isprintable():
        raise _bad(field, f"{label} has characters that cannot be printed. Remove them.")
    return text


def _bad(field: str, message: str) -> Invalid:
    return Invalid(message, {field: [message]})
