"""What stands in the way of submitting, approving and signing off. Pure rules over plain data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from reviews.states import PASSING, AnswerState, SectionStatus


class Stops(StrEnum):
    """The first step that a problem prevents."""

    SUBMIT = "submit"
    APPROVE = "approve"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that stands in the way, in words that say what to do."""

    text: str
    stops: Stops
    item: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A probe saw something else than the answer says. `ruled_for` is empty until a reviewer rules."""

    probe: str
    probe_title: str
    outcome: str
    summary: str
    ruled_for: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """All that decides whether an item stands in the way."""

    slug: str
    title: str
    blocker: bool
    applicable: bool
    state: str
    needs_evidence: bool = False
    evidence: int = 0
    expired_evidence: int = 0
    # A drill proves itself: only drills count as evidence, and one grows too old.
    is_drill: bool = False
    to_confirm: bool = False
    waiver_requested: bool = False
    # What the rules say against an answer “met”, for example a note that must be there.
    objection: str = ""
    disagreements: tuple[Disagreement, ...] = ()
    blocking_findings: tuple[str, ...] = field(default=())


def disagrees(state: str, outcome: str) -> bool:
    """Whether a person's answer and a probe's outcome contradict each other.

    Only pass and fail are observations that can: warn is a hint; unknown and error saw nothing.
    """
    return (state == AnswerState.MET and outcome == "fail") or (
        state == AnswerState.NOT_MET and outcome == "pass"
    )


def _answer_problem(item: Standing) -> str | None:
    asked = " The waiver that you asked for is not decided yet." if item.waiver_requested else ""
    lacks_proof = item.state == AnswerState.MET and item.needs_evidence and not item.evidence
    rows = (
        (item.state == AnswerState.UNANSWERED, "Not answered yet."),
        (item.to_confirm, "Carried over: confirm that it still holds, or change it."),
        (item.blocker and item.state not in PASSING and bool(asked), f"Not met.{asked}"),
        (item.blocker and item.state not in PASSING, "Not met. Fix it, or ask for a waiver."),
        (item.state == AnswerState.MET and bool(item.objection), item.objection),
        (
            lacks_proof and item.is_drill and item.expired_evidence > 0,
            "Its drill is too old. Run another one.",
        ),
        (
            lacks_proof and item.is_drill,
            "Met needs a drill here. Run one, or record one that happened elsewhere.",
        ),
        (lacks_proof and item.expired_evidence > 0, "Its evidence is too old. Attach a newer proof."),
        (lacks_proof, "Met needs evidence here. Attach a link, a file or a note, or run a probe."),
    )
    return next((text for holds, text in rows if holds), None)


def _disagreement_problem(item: Standing, found: Disagreement) -> Problem | None:
    if found.ruled_for == "person":
        return None
    if found.ruled_for == "probe":
        text = f"A reviewer ruled for the probe “{found.probe_title}”. Change the answer."
        return Problem(text, Stops.SUBMIT, item.slug, item.title)
    text = f"The answer and the probe “{found.probe_title}” disagree. A reviewer has to rule."
    return Problem(text, Stops.APPROVE, item.slug, item.title)


def item_problems(item: Standing) -> list[Problem]:
    """Return what stands in the way because of one item; nothing for an item that does not apply."""
    if not item.applicable:
        return []
    found = []
    text = _answer_problem(item)
    if text:
        found.append(Problem(text, Stops.SUBMIT, item.slug, item.title))
    for disagreement in item.disagreements:
        problem = _disagreement_problem(item, disagreement)
        if problem:
            found.append(problem)
    found.extend(
        Problem(f"Open finding: {title}", Stops.APPROVE, item.slug, item.title)
        for title in item.blocking_findings
    )
    return found


def section_problems(items: Iterable[Standing], findings: Iterable[str] = ()) -> list[Problem]:
    """Return all that stands in the way of a section, `findings` being blocking ones on no item."""
    found = [problem for item in items for problem in item_problems(item)]
    found.extend(Problem(f"Open finding: {title}", Stops.APPROVE) for title in findings)
    return found


def out_of_order(position: int, statuses: dict[int, tuple[str, str]], *, order_waived: bool) -> str | None:
    """Say why the section at `position` may not be approved yet, or None.

    `statuses` maps each position to (status, title). Sections are approved in order; a granted waiver on the
    section lifts that.
    """
    if order_waived:
        return None
    before = [statuses[place] for place in sorted(statuses) if place < position]
    for status, title in reversed(before):
        if status != SectionStatus.APPROVED:
            return f"Sections are approved in order. {title} comes first and is not approved."
    return None


def quorum_missing(
    required: int, roles: Iterable[str], approvals: Iterable[frozenset[str]]
) -> tuple[int, list[str]]:
    """Return how many approvals are still missing, and which reviewer roles nobody has stood for yet.

    `approvals` are the roles of each valid approval's reviewer.
    """
    given = list(approvals)
    covered: frozenset[str] = frozenset().union(*given) if given else frozenset()
    return max(0, required - len(given)), [role for role in roles if role not in covered]
