"""Who may do what in reviews: one table, asked by every page, API call and action.

Pure: the caller gathers what the rules need in a `Subject`. A verb that the table does not name is a mistake
in our code and raises KeyError. Whether the *state* allows a verb is another question: see `states`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from readiness.accounts.rights import Actor
from readiness.accounts.roles import REVIEWER_ROLES
from readiness.decisions import ALLOWED, Decision, hidden, refused


@dataclass(frozen=True, slots=True)
class Subject:
    """What the rules know of the object. Ids of people are user ids."""

    team_id: int | None = None
    # Reviewer roles that the section asks for; empty: any reviewer may act.
    section_roles: frozenset[str] = frozenset()
    # Who wrote any of what is to be judged.
    authors: frozenset[int] = frozenset()
    # Who asked for the waiver, or fixed the finding.
    requester_id: int | None = None
    # Who runs the drill, and who watches. They may see it whoever else they are.
    runner_id: int | None = None
    witness_id: int | None = None


class Rule(NamedTuple):
    """Who may use a verb (any of `standings`), and which work of their own bars them."""

    standings: frozenset[str]
    reason: str
    own_work: str = ""
    own_request: str = ""


_READERS: Final = frozenset({"member", "viewer", "reviewer", "accountable", "admin"})
_TEAM: Final = frozenset({"member"})
_TEAM_OR_ADMIN: Final = frozenset({"member", "admin"})
_SECTION_REVIEWER: Final = frozenset({"section_reviewer"})
_ANYBODY_INSIDE: Final = frozenset({"insider"})

_DRILL_PARTIES: Final = frozenset({"runner", "witness"})
# Who learns that the thing exists at all.
_SEES: Final = _READERS | _DRILL_PARTIES

_ONLY_TEAM: Final = "Only members of the team that owns this service can do this. Ask one of them."
_ONLY_REVIEWER: Final = "Only a reviewer can do this. An administrator gives reviewer roles."

# Standings: insider (any role or team), member and lead (of the owning team), viewer, reviewer (any role),
# section_reviewer (a role that the section asks for), accountable, admin; runner and witness of a drill.
RULES: Final[dict[str, Rule]] = {
    "service.list": Rule(
        _ANYBODY_INSIDE, "You have no role and no team yet. Ask an administrator to add you to a team."
    ),
    "service.view": Rule(_READERS, "You may not see this service."),
    "service.create": Rule(
        _TEAM_OR_ADMIN, "You can add services only for a team that you belong to. Ask one of its members."
    ),
    "service.edit": Rule(_TEAM_OR_ADMIN, _ONLY_TEAM),
    "service.archive": Rule(
        frozenset({"lead", "admin"}), "Only a lead of the owning team or an administrator can archive this."
    ),
    "roster.edit": Rule(_TEAM_OR_ADMIN, _ONLY_TEAM),
    "capacity.review": Rule(_TEAM, _ONLY_TEAM),
    "review.start": Rule(_TEAM, _ONLY_TEAM),
    "review.view": Rule(_READERS, "You may not see this review."),
    "review.facts": Rule(_TEAM, _ONLY_TEAM),
    "review.move": Rule(_TEAM_OR_ADMIN, _ONLY_TEAM),
    "review.withdraw": Rule(
        frozenset({"lead", "accountable", "admin"}),
        "Only a lead of the owning team, an accountable person or an administrator can withdraw a review.",
    ),
    "review.sign_off": Rule(
        frozenset({"accountable"}),
        "Only a person with the accountable role can sign a review off.",
        own_work="You wrote part of this review, so another accountable person has to sign it off.",
    ),
    "answer.save": Rule(_TEAM, _ONLY_TEAM),
    "evidence.add": Rule(_TEAM, _ONLY_TEAM),
    "evidence.withdraw": Rule(_TEAM, _ONLY_TEAM),
    "probe.run": Rule(
        frozenset({"member", "section_reviewer"}),
        "Only members of the owning team and reviewers of this section can run a probe.",
    ),
    "section.submit": Rule(_TEAM, _ONLY_TEAM),
    "section.approve": Rule(
        _SECTION_REVIEWER,
        _ONLY_REVIEWER,
        own_work="You wrote part of this section, so somebody else has to approve it.",
    ),
    "section.request_changes": Rule(_SECTION_REVIEWER, _ONLY_REVIEWER),
    "waiver.request": Rule(_TEAM, _ONLY_TEAM),
    "waiver.withdraw": Rule(_TEAM, _ONLY_TEAM),
    "waiver.decide": Rule(
        frozenset({"accountable", "section_reviewer"}),
        "Only an accountable person or a reviewer of this section can decide on a waiver.",
        own_work="You wrote this answer, so somebody else has to decide on its waiver.",
        own_request="You asked for this waiver yourself, so somebody else has to decide on it.",
    ),
    "ruling.make": Rule(
        _SECTION_REVIEWER,
        _ONLY_REVIEWER,
        own_work="You wrote this answer, so another reviewer has to rule on it.",
    ),
    "finding.raise": Rule(_SECTION_REVIEWER, _ONLY_REVIEWER),
    "finding.fix": Rule(_TEAM, _ONLY_TEAM),
    "finding.verify": Rule(
        _SECTION_REVIEWER,
        _ONLY_REVIEWER,
        own_request="You marked this finding as fixed yourself, so another reviewer has to verify it.",
    ),
    "deferral.decide": Rule(_TEAM, _ONLY_TEAM),
    "deferral.reopen": Rule(
        frozenset({"member", "reviewer", "accountable"}),
        "Only members of the owning team, reviewers and accountable people can reopen a decision.",
    ),
    "fit.record": Rule(_TEAM, _ONLY_TEAM),
    "fit.withdraw": Rule(
        frozenset({"member", "accountable"}),
        "Only members of the owning team or an accountable person can withdraw this.",
    ),
    "fit.sign": Rule(
        frozenset({"accountable"}),
        "Only a person with the accountable role can sign that a checklist does not fit.",
        own_request="You recorded this yourself, so another accountable person has to sign it.",
    ),
    "drill.view": Rule(_SEES, "You may not see this drill."),
    "drill.arrange": Rule(_TEAM, _ONLY_TEAM),
    "drill.record": Rule(_TEAM, _ONLY_TEAM),
    "drill.start": Rule(
        _DRILL_PARTIES, "Only the person who runs this drill or its witness starts the clock."
    ),
    "drill.run": Rule(frozenset({"runner"}), "Only the person who runs this drill gives its answers."),
    "drill.log": Rule(
        _DRILL_PARTIES, "Only the person who runs this drill and its witness write in its log."
    ),
    "drill.stop": Rule(_DRILL_PARTIES, "Only the person who runs this drill or its witness stops the clock."),
    "drill.grade": Rule(frozenset({"witness"}), "Only the witness grades a drill: they saw it."),
    "drill.abandon": Rule(
        _DRILL_PARTIES | _TEAM, "Only the people in this drill and the owning team can call it off."
    ),
    "token.manage": Rule(
        frozenset({"lead", "admin"}),
        "Only a lead of the owning team or an administrator makes and revokes tokens.",
    ),
    "packet.view": Rule(_READERS, "You may not see this packet."),
    "packet.retry": Rule(
        frozenset({"member", "reviewer", "accountable", "admin"}),
        "Viewers cannot start a new rendering. Ask the team or the person who signed.",
    ),
    "audit.view": Rule(
        frozenset({"viewer", "reviewer", "accountable", "admin"}),
        "Only viewers, reviewers, accountable people and administrators read the whole audit record. "
        "The record of your own service is on its page.",
    ),
}


def standings(actor: Actor, subject: Subject) -> frozenset[str]:
    """Return what `actor` is with respect to `subject`."""
    asked = subject.section_roles
    held = {
        "insider": actor.is_insider,
        "member": subject.team_id is not None and subject.team_id in actor.member_team_ids,
        "lead": subject.team_id is not None and subject.team_id in actor.lead_team_ids,
        "viewer": actor.is_viewer,
        "reviewer": actor.is_reviewer,
        "section_reviewer": bool(actor.reviewer_roles & asked) if asked else actor.is_reviewer,
        "accountable": actor.is_accountable,
        "admin": actor.is_admin,
        "runner": subject.runner_id is not None and subject.runner_id == actor.id,
        "witness": subject.witness_id is not None and subject.witness_id == actor.id,
    }
    return frozenset(name for name, holds in held.items() if holds)


def allowed(actor: Actor, verb: str, subject: Subject) -> Decision:
    """Say whether `actor` may do `verb` to `subject`; if not, why, and whether the object is hidden (404)."""
    rule = RULES[verb]
    held = standings(actor, subject)
    reads_all = held & {"insider"} if subject.team_id is None else held & _SEES
    if not reads_all:
        return hidden()
    if not held & rule.standings:
        return refused(_wrong_role(subject) if rule.standings == _SECTION_REVIEWER else rule.reason)
    if rule.own_work and actor.id in subject.authors:
        return refused(rule.own_work)
    if rule.own_request and actor.id == subject.requester_id:
        return refused(rule.own_request)
    return ALLOWED


def _wrong_role(subject: Subject) -> str:
    if not subject.section_roles:
        return _ONLY_REVIEWER
    names = " or ".join(REVIEWER_ROLES.get(role, role) for role in sorted(subject.section_roles))
    return f"This section is reviewed by {names}. You do not hold that reviewer role."


def weighs_authors(verb: str) -> bool:
    """Whether the rule of `verb` asks who wrote the content, so that callers load it only then."""
    return bool(RULES[verb].own_work)
