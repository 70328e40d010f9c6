"""Writes on services: create, edit, archive, restore.

Whoever gives a service its name, slug or team takes the naming lock first, so that two people cannot take the
same one. Every act is an Event in the chain of the service.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Value
from django.db.models.functions import Concat
from django.utils import timezone

from checklist.facts import clean_facts
from readiness.accounts.models import Team
from readiness.accounts.rights import Actor, who_changed
from readiness.errors import Conflict, Invalid, NotFound, WrongState
from reviews import events, permissions
from reviews.actions.watching import reopen_reached
from reviews.events import Act
from reviews.imports.rows import Parsed
from reviews.models import Service
from reviews.permissions import Subject
from reviews.queries.service_import import Line, Plan, plan_import
from reviews.queries.services import FIELDS, differences
from reviews.service_fields import LABELS, MAX_SLUG, clean_service, free_slug, slug_base
from reviews.states import OPEN_REVIEW

# Any fixed number will do: the key of PostgreSQL's advisory lock for names of services.
_NAMING_LOCK: Final = 7_310_202
ARCHIVED: Final = "This service is archived. Restore it first, then change it."
_GONE: Final = "There is no such service any more, or you may not see it."


@transaction.atomic
def create_service(actor: Actor, *, team_id: int | None, values: Mapping[str, Any]) -> Service:
    """Add a service for a team of the actor's; `values` as `service_fields.clean_service` takes them.

    The slug is made from the name and never changes. Raises Invalid, or Refused for somebody else's team.
    """
    team = _team(team_id, values)
    permissions.allowed(actor, "service.create", Subject(team_id=team.pk)).require()
    clean = clean_service({"name": "", **values})
    lock_names()
    _refuse_same_name(team, clean["name"])
    service = _new(actor, team, clean, free_slug(clean["name"], _taken_like(clean["name"])))
    service.save(force_insert=True)
    events.record(actor, Act("person:service:created", f"Added {service.name}"), service=service)
    return service


def _new(actor: Actor, team: Team, clean: Mapping[str, Any], slug: str) -> Service:
    facts = {**clean_facts({}), **clean.get("facts", {})}
    return Service(**{**clean, "facts": facts}, slug=slug, team=team, created_by_id=actor.id)


def update_service(
    actor: Actor, service_id: int, *, revision: int, team_id: int | None, values: Mapping[str, Any]
) -> Service:
    """Change a service; fields that `values` leaves out stay, and so does the slug.

    Raises Conflict, with the stored service as `current`, when `revision` is not the stored one any more;
    WrongState when it is archived. Nothing is recorded when nothing changes.
    """
    with transaction.atomic():
        lock_names()
        service = locked_service(service_id)
        permissions.allowed(actor, "service.edit", Subject(team_id=service.team_id)).require()
        if service.archived_at:
            raise WrongState(ARCHIVED)
        clean = clean_service(values)
        team = service.team if team_id in {None, service.team_id} else _team(team_id, values)
        if team != service.team:
            permissions.allowed(actor, "service.create", Subject(team_id=team.pk)).require()
        if service.revision != revision:
            raise Conflict(who_changed(actor, *_last_editor(service), "this service"), service)
        changed = differences(service, team, clean)
        if not changed:
            return service
        if "name" in changed or "team" in changed:
            _refuse_same_name(team, clean.get("name", service.name), but=service.pk)
        _assign(service, team, clean)
        service.save()
        reopen_reached([service.pk])
        summary = f"Changed {_changed_words(changed)} of {service.name}"
        act = Act("person:service:edited", summary, data=_changed_data(changed))
        events.record(actor, act, service=service)
    return service


def _assign(service: Service, team: Team, clean: Mapping[str, Any]) -> None:
    for field, value in clean.items():
        setattr(service, field, {**service.facts, **value} if field == "facts" else value)
    service.team = team
    service.revision += 1


def _changed_words(changed: Mapping[str, Any]) -> str:
    labels = [LABELS[field] for field in changed]
    return ", ".join(label[0].lower() + label[1:] for label in labels)


def _changed_data(changed: Mapping[str, tuple[Any, Any]]) -> dict[str, Any]:
    return {"changed": {field: {"before": was, "after": now} for field, (was, now) in changed.items()}}


@transaction.atomic
def archive_service(actor: Actor, service_id: int) -> Service:
    """Take a service out of the lists; all it has stays. Raises WrongState while a review is open."""
    service = locked_service(service_id)
    permissions.allowed(actor, "service.archive", Subject(team_id=service.team_id)).require()
    if service.archived_at:
        raise WrongState("This service is archived already.")
    if service.reviews.filter(status__in=OPEN_REVIEW).exists():
        raise WrongState("This service has an open review. Finish or withdraw it, then archive.")
    return _set_archived(actor, service, archived=True)


@transaction.atomic
def restore_service(actor: Actor, service_id: int) -> Service:
    """Bring an archived service back. Raises WrongState when it is not archived."""
    service = locked_service(service_id)
    permissions.allowed(actor, "service.archive", Subject(team_id=service.team_id)).require()
    if not service.archived_at:
        raise WrongState("This service is not archived.")
    return _set_archived(actor, service, archived=False)


def _set_archived(actor: Actor, service: Service, *, archived: bool) -> Service:
    service.archived_at = timezone.now() if archived else None
    service.revision += 1
    service.save(update_fields=["archived_at", "revision", "updated_at"])
    word = "archived" if archived else "restored"
    act = Act(f"person:service:{word}", f"{word.capitalize()} {service.name}")
    events.record(actor, act, service=service)
    return service


def import_services(actor: Actor, parsed: Parsed, digest: str) -> Plan:
    """Do what the preview with `digest` showed, all of it or nothing; return the plan that was carried out.

    Raises Conflict, with the new plan as `current`, when the same file would do something else by now.
    """
    with transaction.atomic():
        lock_names()
        plan = plan_import(actor, parsed, lock=True)
        if plan.problems or plan.digest != digest:
            raise Conflict("Something changed since this preview was made. Check the new one.", plan)
        new = [line for line in plan.lines if line.kind == "new"]
        changed = [line for line in plan.lines if line.kind == "changed"]
        # Changes come first: a name that one service gives up may be the name of a new one.
        acts = _change(changed) + _insert(actor, new)
        reopen_reached([line.service.pk for line in changed if line.service])
        events.record_each(actor, acts)
    return plan


def _insert(actor: Actor, lines: list[Line]) -> list[tuple[Service, Act]]:
    services = [_new(actor, line.team, line.clean, line.slug) for line in lines if line.team]
    Service.objects.bulk_create(services, batch_size=500)
    verb = "person:service:imported"
    return [(row, Act(verb, f"Added {row.name} by import", data={"created": True})) for row in services]


def _change(lines: list[Line]) -> list[tuple[Service, Act]]:
    acts, now = [], timezone.now()
    moving = [line.service.pk for line in lines if line.service and {"name", "team"} & set(line.changes)]
    if moving:
        # Names may go round in a circle, and a unique name is asked for at every step of the way.
        passing = Concat("slug", Value(" (being renamed)"))
        Service.objects.filter(pk__in=moving).update(name=passing)
    for line in lines:
        if line.service is None or line.team is None:
            continue
        _assign(line.service, line.team, line.clean)
        line.service.updated_at = now
        summary = f"Changed {_changed_words(line.changes)} of {line.service.name} by import"
        act = Act("person:service:imported", summary, data=_changed_data(line.changes))
        acts.append((line.service, act))
    fields = [*FIELDS, "team", "facts", "revision", "updated_at"]
    Service.objects.bulk_update([service for service, _ in acts], fields, batch_size=200)
    return acts


def _last_editor(service: Service) -> tuple[int | None, str]:
    """Id and name of who changed it last; a review changes the facts of its service too."""
    return service.events.order_by("-id").values_list("actor_id", "actor_name").first() or (None, "")


def lock_names() -> None:
    """Wait until nobody else gives names to services; holds until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_NAMING_LOCK])


def locked_service(service_id: int) -> Service:
    """Lock one service until the end of the transaction, and return it as it is now."""
    # Not a lock on the key: whoever records an event of this service need not wait.
    rows = Service.objects.select_for_update(of=("self",), no_key=True).select_related("team")
    service = rows.filter(pk=service_id).first()
    if service is None:
        raise NotFound(_GONE)
    return service


def _team(team_id: int | None, values: Mapping[str, Any]) -> Team:
    team = Team.objects.filter(pk=team_id).first() if team_id else None
    if team is not None:
        return team
    errors = {"team": ["Choose the team that owns the service."]}
    try:
        clean_service(values)
    except Invalid as error:
        errors.update(error.fields)
    raise Invalid("Choose the team that owns the service.", errors)


def _taken_like(name: str) -> set[str]:
    start = slug_base(name)[: MAX_SLUG - 6]  # leaves room for an ending such as -10000
    return set(Service.objects.filter(slug__startswith=start).values_list("slug", flat=True))


def _refuse_same_name(team: Team, name: str, *, but: int = 0) -> None:
    other = Service.objects.filter(team=team, name__iexact=name).exclude(pk=but).first()
    if other is None:
        return
    where = "among its archived services" if other.archived_at else f"at /services/{other.slug}/"
    message = f"{team.name} already has a service called {other.name}, {where}. Choose another name."
    raise Invalid(message, {"name": [message]})
