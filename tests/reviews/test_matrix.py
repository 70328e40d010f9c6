"""Every verb by every role: who may, who may only look, who learns nothing. A new verb needs a row here."""

from __future__ import annotations

import pytest

from readiness.accounts.rights import ANONYMOUS, Actor
from reviews import permissions
from reviews.permissions import RULES, Subject

TEAM = 7
CAST = {
    "owner": Actor(
        id=1, is_authenticated=True, member_team_ids=frozenset({TEAM}), lead_team_ids=frozenset({TEAM})
    ),
    "member": Actor(id=2, is_authenticated=True, member_team_ids=frozenset({TEAM})),
    "reviewer": Actor(id=3, is_authenticated=True, reviewer_roles=frozenset({"sre"})),
    "other_reviewer": Actor(id=4, is_authenticated=True, reviewer_roles=frozenset({"security"})),
    "accountable": Actor(id=5, is_authenticated=True, is_accountable=True),
    "admin": Actor(id=6, is_authenticated=True, is_admin=True),
    "viewer": Actor(id=8, is_authenticated=True, is_viewer=True),
    "stranger": Actor(id=9, is_authenticated=True, member_team_ids=frozenset({99})),
    "newcomer": Actor(id=10, is_authenticated=True),
    "anonymous": ANONYMOUS,
}
INSIDE = {"owner", "member", "reviewer", "other_reviewer", "accountable", "admin", "viewer"}
TEAM_ONLY = {"owner", "member"}
MAY: dict[str, set[str]] = {
    "service.view": INSIDE,
    "service.create": {"owner", "member", "admin"},
    "service.edit": {"owner", "member", "admin"},
    "service.archive": {"owner", "admin"},
    "roster.edit": {"owner", "member", "admin"},
    "capacity.review": TEAM_ONLY,
    "review.start": TEAM_ONLY,
    "review.view": INSIDE,
    "review.facts": TEAM_ONLY,
    "review.move": {"owner", "member", "admin"},
    "review.withdraw": {"owner", "accountable", "admin"},
    "review.sign_off": {"accountable"},
    "answer.save": TEAM_ONLY,
    "evidence.add": TEAM_ONLY,
    "evidence.withdraw": TEAM_ONLY,
    "probe.run": {"owner", "member", "reviewer"},
    "section.submit": TEAM_ONLY,
    "section.approve": {"reviewer"},
    "section.request_changes": {"reviewer"},
    "waiver.request": TEAM_ONLY,
    "waiver.withdraw": TEAM_ONLY,
    "waiver.decide": {"reviewer", "accountable"},
    "ruling.make": {"reviewer"},
    "finding.raise": {"reviewer"},
    "finding.fix": TEAM_ONLY,
    "finding.verify": {"reviewer"},
    "deferral.decide": TEAM_ONLY,
    "deferral.reopen": TEAM_ONLY | {"reviewer", "other_reviewer", "accountable"},
    "fit.record": TEAM_ONLY,
    "fit.withdraw": TEAM_ONLY | {"accountable"},
    "fit.sign": {"accountable"},
    "drill.view": INSIDE,
    "drill.arrange": TEAM_ONLY,
    "drill.record": TEAM_ONLY,
    "drill.start": set(),
    "drill.run": set(),
    "drill.log": set(),
    "drill.stop": set(),
    "drill.grade": set(),
    "drill.abandon": TEAM_ONLY,
    "token.manage": {"owner", "admin"},
    "packet.view": INSIDE,
    "packet.retry": INSIDE - {"viewer"},
}
# Verbs that are about no team in particular.
GLOBAL: dict[str, set[str]] = {
    "service.list": INSIDE | {"stranger"},
    "audit.view": {"reviewer", "other_reviewer", "accountable", "admin", "viewer"},
}
# What the two people in a drill may do, whoever else they are.
DRILL: dict[str, set[str]] = {
    "drill.view": {"runner", "witness"},
    "drill.start": {"runner", "witness"},
    "drill.run": {"runner"},
    "drill.log": {"runner", "witness"},
    "drill.stop": {"runner", "witness"},
    "drill.grade": {"witness"},
    "drill.abandon": {"runner", "witness"},
}
OWN_WORK = {"section.approve": "reviewer", "review.sign_off": "accountable", "ruling.make": "reviewer"}


def test_every_verb_has_its_row() -> None:
    """The tables here and in the permissions name the same verbs."""
    assert set(MAY) | set(GLOBAL) == set(RULES)


@pytest.mark.parametrize("role", CAST)
@pytest.mark.parametrize("verb", MAY)
def test_who_may_do_what_with_a_service_of_the_team(verb: str, role: str) -> None:
    """Strangers get 404, readers who may not act get 403 with a reason."""
    subject = Subject(team_id=TEAM, section_roles=frozenset({"sre"}))
    decision = permissions.allowed(CAST[role], verb, subject)
    assert bool(decision) == (role in MAY[verb])
    if not decision:
        assert decision.hidden == (role not in INSIDE)
        assert decision.reason


@pytest.mark.parametrize("role", CAST)
@pytest.mark.parametrize("verb", GLOBAL)
def test_who_may_do_what_over_all(verb: str, role: str) -> None:
    """People without any role or team see nothing."""
    decision = permissions.allowed(CAST[role], verb, Subject())
    assert bool(decision) == (role in GLOBAL[verb])


@pytest.mark.parametrize("part", ["runner", "witness"])
@pytest.mark.parametrize("role", ["stranger", "newcomer"])
@pytest.mark.parametrize("verb", MAY)
def test_somebody_from_outside_gets_just_their_part_in_a_drill(verb: str, role: str, part: str) -> None:
    """A stranger sees and does what the drill needs of them, and nothing else opens up."""
    actor = CAST[role]
    subject = Subject(
        team_id=TEAM,
        runner_id=actor.id if part == "runner" else 77,
        witness_id=actor.id if part == "witness" else 78,
    )
    assert bool(permissions.allowed(actor, verb, subject)) == (part in DRILL.get(verb, set()))


@pytest.mark.parametrize(("verb", "role"), [*OWN_WORK.items(), ("waiver.decide", "accountable")])
def test_nobody_judges_their_own_work(verb: str, role: str) -> None:
    """The right is there, but authorship bars it."""
    actor = CAST[role]
    subject = Subject(team_id=TEAM, section_roles=frozenset({"sre"}), authors=frozenset({actor.id}))
    decision = permissions.allowed(actor, verb, subject)
    assert not decision
    assert not decision.hidden


@pytest.mark.parametrize(
    ("verb", "role"),
    [("waiver.decide", "accountable"), ("finding.verify", "reviewer"), ("fit.sign", "accountable")],
)
def test_nobody_decides_on_their_own_request(verb: str, role: str) -> None:
    """Whoever asked for a waiver or fixed a finding cannot close it."""
    actor = CAST[role]
    subject = Subject(team_id=TEAM, section_roles=frozenset({"sre"}), requester_id=actor.id)
    assert not permissions.allowed(actor, verb, subject)


def test_a_section_without_roles_is_open_to_any_reviewer() -> None:
    """An empty list of roles means any reviewer."""
    assert permissions.allowed(CAST["other_reviewer"], "section.approve", Subject(team_id=TEAM))


def test_an_unknown_verb_is_a_mistake_of_ours() -> None:
    """It raises, rather than allowing or refusing."""
    with pytest.raises(KeyError):
        permissions.allowed(CAST["admin"], "review.frobnicate", Subject(team_id=TEAM))
