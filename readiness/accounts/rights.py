"""Who is acting, and who may manage people, teams and checklists.

`Actor` is the one picture of a person that permission code sees: plain data, taken afresh from the database
on each request, so that a revoked right is gone with the next request.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from django.contrib.auth.models import AnonymousUser

from readiness.accounts.models import Team, User
from readiness.decisions import ALLOWED, Decision, hidden, refused


@dataclass(frozen=True, slots=True)
class Actor:
    """A person's rights at one moment. `id` is 0 for somebody who is not signed in."""

    id: int = 0
    name: str = ""
    is_authenticated: bool = False
    is_viewer: bool = False
    is_accountable: bool = False
    is_admin: bool = False
    reviewer_roles: frozenset[str] = frozenset()
    member_team_ids: frozenset[int] = frozenset()
    lead_team_ids: frozenset[int] = frozenset()

    @property
    def is_reviewer(self) -> bool:
        """Whether the person holds at least one reviewer role."""
        return bool(self.reviewer_roles)

    @property
    def is_insider(self) -> bool:
        """Whether anybody gave this person a role or a team. Self sign-up alone gives neither."""
        roles = self.is_admin or self.is_viewer or self.is_accountable or self.is_reviewer
        return self.is_authenticated and (roles or bool(self.member_team_ids))


def who_changed(actor: Actor, user_id: int | None, name: str, what: str, verb: str = "changed") -> str:
    """Say who was first, as a sentence: somebody by name or, in another tab, the person who asks."""
    if user_id is not None and user_id == actor.id:
        return f"You {verb} {what} in another tab."
    return f"{name or 'Somebody'} {verb} {what} meanwhile."


ANONYMOUS: Final = Actor()


def actor_of(user: User | AnonymousUser) -> Actor:
    """Return the rights of `user`; `ANONYMOUS` for nobody and for a deactivated person.

    Costs no query for `request.user`: the sign-in backend loads the team ids together with the user. A user
    from another query set costs one.
    """
    if not isinstance(user, User) or not user.is_active:
        return ANONYMOUS
    if not hasattr(user, "member_team_ids"):
        user = User.objects.with_rights().get(pk=user.pk)
    return Actor(
        id=user.pk,
        name=str(user),
        is_authenticated=True,
        is_viewer=user.is_viewer,
        is_accountable=user.is_accountable,
        is_admin=user.is_admin,
        reviewer_roles=frozenset(user.reviewer_roles),
        member_team_ids=frozenset(user.member_team_ids),
        lead_team_ids=frozenset(user.lead_team_ids),
    )


class Rule(NamedTuple):
    """Who may use a verb: people with any of `standings`. The others read `reason`."""

    standings: frozenset[str]
    reason: str


_ADMIN: Final = frozenset({"admin"})
_ADMIN_OR_LEAD: Final = frozenset({"admin", "lead"})
_INSIDER: Final = frozenset({"insider"})

# Standings: insider (has any role or team), admin, lead (of the team in question).
RULES: Final[dict[str, Rule]] = {
    "people.view": Rule(
        _INSIDER, "You have no role and no team yet. Ask an administrator to add you to a team."
    ),
    "people.invite": Rule(_ADMIN, "Only an administrator can add people. Ask one of them."),
    "people.edit": Rule(_ADMIN, "Only an administrator can change a person's roles. Ask one of them."),
    "team.view": Rule(
        _INSIDER, "You have no role and no team yet. Ask an administrator to add you to a team."
    ),
    "team.create": Rule(_ADMIN, "Only an administrator can create a team. Ask one of them."),
    "team.edit": Rule(_ADMIN_OR_LEAD, "Only an administrator or a lead of this team can change it."),
    "team.members": Rule(
        _ADMIN_OR_LEAD, "Only an administrator or a lead of this team can change its members."
    ),
    "checklist.edit": Rule(_ADMIN, "Only an administrator can edit checklists. Ask one of them."),
    "checklist.publish": Rule(_ADMIN, "Only an administrator can publish a checklist. Ask one of them."),
}


def _standings(actor: Actor, team: Team | None) -> frozenset[str]:
    held = {
        "insider": actor.is_insider,
        "admin": actor.is_admin,
        "lead": team is not None and team.pk in actor.lead_team_ids,
    }
    return frozenset(name for name, holds in held.items() if holds)


def allowed(actor: Actor, verb: str, subject: User | Team | None = None) -> Decision:
    """Say whether `actor` may do `verb` (a key of `RULES`) to `subject`, and why not.

    Somebody without any role or team learns nothing: the decision is hidden (404). An unknown verb is a
    mistake in our code and raises `KeyError`.
    """
    rule = RULES[verb]
    standings = _standings(actor, subject if isinstance(subject, Team) else None)
    if standings & rule.standings:
        return ALLOWED
    return refused(rule.reason) if actor.is_insider else hidden(rule.reason)
