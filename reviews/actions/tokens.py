"""Tokens of a service: make, revoke, and recognise one that is shown."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from readiness.accounts.rights import Actor
from readiness.errors import Invalid, NotFound, WrongState
from reviews import events, permissions
from reviews.actions.base import clean_text
from reviews.events import Act
from reviews.models import Service, ServiceToken
from reviews.models.token import TOKEN_ACTIONS
from reviews.permissions import Subject

PREFIX: Final = "rdn_"
MAX_DAYS: Final = 366
MAX_LIVE: Final = 20
# Writing the time of every use would make each push wait for the one before it.
_SEEN_EVERY: Final = timedelta(minutes=1)
_HANDLE_BYTES: Final = 6
_SECRET_BYTES: Final = 32


def create_token(
    actor: Actor, service_id: int, *, name: str, actions: Collection[str], expires_at: datetime
) -> tuple[ServiceToken, str]:
    """Make a token for a service; the text is returned this once and cannot be had again.

    Raises Invalid by field for an empty name, unknown actions, or an end that is past or too far away.
    """
    text = clean_text(name, "name", "The name", required=True, most=80)
    chosen = [action for action in TOKEN_ACTIONS if action in actions]
    if not chosen or set(actions) - set(TOKEN_ACTIONS):
        raise Invalid("Choose what the token may do.", {"actions": ["Choose what the token may do."]})
    with transaction.atomic():
        service = Service.objects.select_for_update(of=("self",)).filter(pk=service_id).first()
        if service is None:
            raise NotFound("There is no such service, or you may not see it.")
        permissions.allowed(actor, "token.manage", Subject(team_id=service.team_id)).require()
        now = timezone.now()
        _check_end(expires_at, now)
        if service.tokens.filter(revoked_at__isnull=True, expires_at__gt=now).count() >= MAX_LIVE:
            raise WrongState(f"This service has {MAX_LIVE} tokens, the most there can be. Revoke one first.")
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        token = ServiceToken.objects.create(
            service=service,
            name=text,
            handle=secrets.token_hex(_HANDLE_BYTES),
            secret_hash=_hash(secret),
            actions=chosen,
            created_by_id=actor.id,
            created_at=now,
            expires_at=expires_at,
        )
        events.record(
            actor,
            Act(
                "person:token:created",
                f"Made the token “{token.name}”",
                data={"token": token.pk, "actions": chosen, "expires_at": expires_at.isoformat()},
            ),
            service=service,
        )
    return token, f"{PREFIX}{token.handle}_{secret}"


def revoke_token(actor: Actor, service_id: int, token_id: int) -> ServiceToken:
    """Take a token back for good. Twice is no error."""
    with transaction.atomic():
        rows = ServiceToken.objects.select_for_update(of=("self",)).select_related("service")
        token = rows.filter(pk=token_id, service_id=service_id).first()
        if token is None:
            raise NotFound("There is no such token of this service.")
        permissions.allowed(actor, "token.manage", Subject(team_id=token.service.team_id)).require()
        if token.revoked_at is None:
            token.revoked_at, token.revoked_by_id = timezone.now(), actor.id
            token.save(update_fields=["revoked_at", "revoked_by"])
            act = Act("person:token:revoked", f"Revoked the token “{token.name}”", data={"token": token.pk})
            events.record(actor, act, service=token.service)
    return token


def recognise(text: str) -> ServiceToken | None:
    """Return the live token that `text` is, with its service, and note that it was used; else None."""
    handle, _, secret = text.removeprefix(PREFIX).partition("_")
    if not text.startswith(PREFIX) or not secret:
        return None
    token = ServiceToken.objects.select_related("service__team").filter(handle=handle[:16]).first()
    known = token.secret_hash if token else _hash("")
    now = timezone.now()
    if not secrets.compare_digest(_hash(secret), known) or token is None or not token.is_live(now):
        return None
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - _SEEN_EVERY)
    ServiceToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)
    return token


def _check_end(expires_at: datetime, now: datetime) -> None:
    if expires_at <= now:
        message = "Choose a day in the future."
    elif expires_at > now + timedelta(days=MAX_DAYS):
        message = "A token holds for a year at most. Choose an earlier day, and make a new one then."
    else:
        return
    raise Invalid(message, {"expires_on": [message]})


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
