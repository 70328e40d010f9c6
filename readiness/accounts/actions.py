"""Every write to people and teams: atomic, rows locked, rights asked, an event recorded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any
from zoneinfo import available_timezones

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.text import slugify

from readiness import audit
from readiness.accounts.models import Membership, Team, User
from readiness.accounts.rights import Actor, allowed
from readiness.accounts.roles import REVIEWER_ROLES
from readiness.errors import Conflict, Invalid, NotFound, WrongState


@dataclass(frozen=True, slots=True)
class Roles:
    """What a person may do: the flags, the reviewer roles (slugs) and the teams (ids)."""

    is_viewer: bool = False
    is_accountable: bool = False
    is_admin: bool = False
    reviewer_roles: frozenset[str] = field(default_factory=frozenset)
    team_ids: frozenset[int] = field(default_factory=frozenset)

    def as_data(self) -> dict[str, Any]:
        """As JSON, in one order."""
        data = asdict(self)
        return {**data, "reviewer_roles": sorted(self.reviewer_roles), "team_ids": sorted(self.team_ids)}


@dataclass(frozen=True, slots=True)
class Person:
    """What an administrator edits about a person."""

    name: str
    is_active: bool
    roles: Roles

    def as_data(self) -> dict[str, Any]:
        """As JSON, in one order."""
        return {"name": self.name, "is_active": self.is_active, **self.roles.as_data()}

    @property
    def fingerprint(self) -> str:
        """A short digest: what a form was filled from, to notice that somebody else saved since."""
        return hashlib.sha256(json.dumps(self.as_data(), sort_keys=True).encode()).hexdigest()[:16]


def person_of(user: User) -> Person:
    """Return what is stored now about `user`; one query for the teams."""
    teams = frozenset(Membership.objects.filter(user=user).values_list("team_id", flat=True))
    roles = Roles(
        user.is_viewer, user.is_accountable, user.is_admin, frozenset(user.reviewer_roles), frozenset(teams)
    )
    return Person(user.name, user.is_active, roles)


def invite_person(actor: Actor, *, name: str, email: str, roles: Roles) -> User:
    """Add a person who has no password yet; the caller then sends the invitation.

    Raises `Refused`, or `Invalid` if the address has an account or a role does not exist.
    """
    allowed(actor, "people.invite").require()
    email = email.strip().lower()
    taken = {"email": [f"{email} already has an account. Look it up under People."]}
    if User.objects.filter(email=email).exists() or EmailAddress.objects.filter(email=email).exists():
        raise Invalid("This person already has an account.", taken)
    _check_roles(roles)
    try:
        with transaction.atomic():
            user = User.objects.create_user(email, name=name, **_flags(roles))
            EmailAddress.objects.create(user=user, email=email, primary=True, verified=False)
            _set_teams(user, roles.team_ids)
            data = {"user": user.pk, "email": email, **roles.as_data()}
            audit.record(actor, "person:user:invite", f"Invited {name} ({email})", data)
    except IntegrityError as error:
        raise Invalid("This person already has an account.", taken) from error
    return user


@transaction.atomic
def edit_person(actor: Actor, user_id: int, person: Person, *, seen: str) -> User:
    """Store `person` as what `user_id` is now; deactivating ends all their sessions.

    `seen` is the fingerprint that the form was filled from. Raises `Refused`; `NotFound`; `Conflict` if
    somebody changed the person since; `Invalid` if nobody would be left to administer, or for deactivating
    oneself.
    """
    allowed(actor, "people.edit").require()
    user, admins = _lock_person_and_admins(user_id)
    before = person_of(user)
    if before.fingerprint != seen:
        raise Conflict(
            f"Somebody changed {user} since you opened this page. Compare, then save again.",
            current=before.as_data(),
        )
    _check_roles(person.roles)
    _check_admins_remain(actor, user, admins, person)
    changed = _difference(before.as_data(), person.as_data())
    if not changed:
        return user
    user.name, user.is_active = person.name, person.is_active
    for flag, value in _flags(person.roles).items():
        setattr(user, flag, value)
    user.save(
        update_fields=["name", "is_active", "is_viewer", "is_accountable", "is_admin", "reviewer_roles"]
    )
    _set_teams(user, person.roles.team_ids)
    if not user.is_active:
        end_sessions(user)
    summary = f"Changed {user}: {', '.join(sorted(changed))}"
    audit.record(actor, "person:user:edit", summary, {"user": user.pk, "changed": changed})
    return user


@transaction.atomic
def remove_second_factors(actor: Actor, user_id: int) -> User:
    """Take every second factor and passkey from somebody who lost theirs, and sign them out everywhere.

    They then sign in with their password, or a new one by mail: nobody else learns anything that would let
    them in. Raises `Refused`, `NotFound`, or `WrongState` if there are none.
    """
    allowed(actor, "people.edit").require()
    user = User.objects.select_for_update().filter(pk=user_id).first()
    if user is None:
        raise NotFound("There is no such person.")
    removed = Authenticator.objects.filter(user=user)
    kinds = sorted(removed.values_list("type", flat=True))
    if not kinds:
        raise WrongState(f"{user} has no second factor. Reload the page.")
    removed.delete()
    end_sessions(user)
    summary = f"Removed the second factors of {user}"
    audit.record(actor, "person:user:remove_factors", summary, {"user": user.pk, "kinds": kinds})
    return user


@transaction.atomic
def edit_profile(actor: Actor, *, name: str, time_zone: str) -> User:
    """Change one's own name and time zone (an IANA name). Raises `Invalid` for a zone that does not exist."""
    if time_zone not in available_timezones():
        raise Invalid("Choose a time zone from the list.", {"time_zone": ["Choose one from the list."]})
    user = User.objects.select_for_update().get(pk=actor.id)
    before = {"name": user.name, "time_zone": user.time_zone}
    changed = _difference(before, {"name": name, "time_zone": time_zone})
    if changed:
        user.name, user.time_zone = name, time_zone
        user.save(update_fields=["name", "time_zone"])
        summary = f"{user} changed their {' and '.join(sorted(changed)).replace('_', ' ')}"
        audit.record(actor, "person:user:edit_profile", summary, {"user": user.pk, "changed": changed})
    return user


def end_sessions(user: User) -> None:
    """Sign `user` out everywhere, at once and for good: a session does not come back when they do."""
    for session in UserSession.objects.filter(user=user):
        session.end()


def create_team(actor: Actor, *, name: str, description: str) -> Team:
    """Make a team; its address comes from the name. Raises `Refused`, or `Invalid` if the name is taken."""
    allowed(actor, "team.create").require()
    with _unique_name(name):
        team = Team.objects.create(slug=_free_slug(name), name=name, description=description)
        audit.record(actor, "person:team:create", f"Created the team {name}", {"team": team.pk, "name": name})
    return team


@transaction.atomic
def edit_team(actor: Actor, team_id: int, *, name: str, description: str) -> Team:
    """Rename or describe a team; its address stays. Raises `Refused`, `NotFound` or `Invalid`."""
    team = _lock_team(team_id)
    allowed(actor, "team.edit", team).require()
    before = {"name": team.name, "description": team.description}
    changed = _difference(before, {"name": name, "description": description})
    if changed:
        team.name, team.description = name, description
        with _unique_name(name):
            team.save(update_fields=["name", "description"])
        data = {"team": team.pk, "changed": changed}
        audit.record(
            actor, "person:team:edit", f"Changed the team {name}: {', '.join(sorted(changed))}", data
        )
    return team


@transaction.atomic
def add_member(actor: Actor, team_id: int, user_id: int, *, is_lead: bool) -> Membership:
    """Put a person into a team. Raises `Refused`, `NotFound`, or `Invalid` if they are in it already."""
    team = _lock_team(team_id)
    allowed(actor, "team.members", team).require()
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        raise NotFound("There is no such person, or their account is not active.")
    membership, created = Membership.objects.get_or_create(
        team=team, user=user, defaults={"is_lead": is_lead}
    )
    if not created:
        raise Invalid(f"{user} is already in {team}.", {"user": [f"{user} is already in {team}."]})
    _record_member(actor, "add", f"Added {user} to {team}{' as a lead' if is_lead else ''}", membership)
    return membership


@transaction.atomic
def set_lead(actor: Actor, team_id: int, user_id: int, *, is_lead: bool) -> Membership:
    """Make a member a lead, or a lead a member. Raises `Refused` or `NotFound`."""
    membership = _lock_membership(actor, team_id, user_id)
    if membership.is_lead != is_lead:
        membership.is_lead = is_lead
        membership.save(update_fields=["is_lead"])
        who = f"{membership.user} {'a lead' if is_lead else 'a member without lead'} of {membership.team}"
        _record_member(actor, "lead" if is_lead else "unlead", f"Made {who}", membership)
    return membership


@transaction.atomic
def remove_member(actor: Actor, team_id: int, user_id: int) -> None:
    """Take a person out of a team; what they wrote stays. Raises `Refused` or `NotFound`."""
    membership = _lock_membership(actor, team_id, user_id)
    _record_member(actor, "remove", f"Removed {membership.user} from {membership.team}", membership)
    membership.delete()


def _flags(roles: Roles) -> dict[str, Any]:
    return {
        "is_viewer": roles.is_viewer,
        "is_accountable": roles.is_accountable,
        "is_admin": roles.is_admin,
        "reviewer_roles": sorted(roles.reviewer_roles),
    }


def _difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    return {key: [before[key], value] for key, value in after.items() if before[key] != value}


def _check_roles(roles: Roles) -> None:
    unknown = roles.reviewer_roles - REVIEWER_ROLES.keys()
    if unknown:
        text = f"There is no reviewer role {', '.join(sorted(unknown))}."
        raise Invalid(text, {"reviewer_roles": [text]})
    if Team.objects.filter(pk__in=roles.team_ids).count() != len(roles.team_ids):
        text = "One of the teams does not exist any more. Reload the page and choose again."
        raise Invalid(text, {"teams": [text]})


def _lock_person_and_admins(user_id: int) -> tuple[User, list[User]]:
    """Lock the person and every active administrator, always in the order of ids."""
    wanted = Q(pk=user_id) | Q(is_admin=True, is_active=True)
    rows = list(User.objects.select_for_update().filter(wanted).order_by("pk"))
    user = next((row for row in rows if row.pk == user_id), None)
    if user is None:
        raise NotFound("There is no such person.")
    return user, [row for row in rows if row.is_admin and row.is_active]


def _check_admins_remain(actor: Actor, user: User, admins: Collection[User], person: Person) -> None:
    if user.pk == actor.id and not person.is_active:
        text = "You cannot deactivate yourself. Ask another administrator."
        raise Invalid(text, {"is_active": [text]})
    stays = person.is_active and person.roles.is_admin
    if not stays and [admin.pk for admin in admins] == [user.pk]:
        text = f"{user} is the only administrator. Make somebody else an administrator first."
        raise Invalid(text, {"is_admin" if person.is_active else "is_active": [text]})


def _set_teams(user: User, team_ids: Collection[int]) -> None:
    """Add and remove memberships; those that stay keep whether they lead."""
    own = Membership.objects.filter(user=user)
    own.exclude(team_id__in=team_ids).delete()
    present = set(own.values_list("team_id", flat=True))
    Membership.objects.bulk_create(
        [Membership(user=user, team_id=team_id) for team_id in sorted(set(team_ids) - present)]
    )


@contextmanager
def _unique_name(name: str) -> Iterator[None]:
    """Run in a savepoint; turn the database's refusal of a second team of that name into `Invalid`."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        text = f"There is already a team called {name}."
        raise Invalid(text, {"name": [text]}) from error


def _free_slug(name: str) -> str:
    """A slug that no team has: from the name, with a number if need be."""
    base = slugify(name)[:44] or "team"
    taken = set(Team.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(
        slug for slug in (base, *(f"{base}-{n}" for n in range(2, len(taken) + 3))) if slug not in taken
    )


def _lock_team(team_id: int) -> Team:
    team = Team.objects.select_for_update().filter(pk=team_id).first()
    if team is None:
        raise NotFound("There is no such team.")
    return team


def _lock_membership(actor: Actor, team_id: int, user_id: int) -> Membership:
    team = _lock_team(team_id)
    allowed(actor, "team.members", team).require()
    membership = Membership.objects.filter(team=team, user_id=user_id).select_related("team", "user").first()
    if membership is None:
        raise NotFound(f"This person is not in {team} any more.")
    return membership


def _record_member(actor: Actor, action: str, summary: str, membership: Membership) -> None:
    data = {"team": membership.team_id, "user": membership.user_id, "is_lead": membership.is_lead}
    audit.record(actor, f"person:member:{action}", summary, data)
