"""Who may run a drill, and what counts as its result. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

RunnerRule = Literal["anyone", "new_to_on_call", "stranger"]

RUNNER_WORDS: Final[dict[RunnerRule, str]] = {
    "anyone": "Anybody may run it.",
    "new_to_on_call": (
        "Run by somebody new to on-call for this service, who wrote none of this section's answers."
    ),
    "stranger": "Run by somebody outside the owning team, who never answered for this service.",
}
_RUNBOOK: Final = re.compile(r"(?<![a-z])(run|play)[-_ ]?books?(?![a-z])")


@dataclass(frozen=True, slots=True)
class RunnerFacts:
    """What is known of the person who would run a drill, with respect to the service."""

    name: str
    in_owning_team: bool = False
    wrote_section: bool = False
    wrote_service: bool = False
    # From a roster, where there is one; the person's own word is asked for besides.
    on_call: bool = False


def why_not_run(rule: RunnerRule, facts: RunnerFacts) -> str | None:
    """Return why this person may not run the drill, in a sentence that says what to do; None if they may.

    Source of the rules: the items `on-call-drill` and `runbook-stranger-drill` of the built-in checklist.
    """
    name = facts.name
    if rule == "new_to_on_call":
        if facts.on_call:
            return f"{name} is on call for this service. Choose somebody who has never been."
        if facts.wrote_section:
            return f"{name} wrote answers of this section. Choose somebody who wrote none of them."
    if rule == "stranger":
        if facts.in_owning_team:
            return f"{name} is in the team that owns this service. Choose somebody from another team."
        if facts.wrote_service:
            return f"{name} has answered for this service before. Choose somebody who never did."
    return None


def why_not_witness(runner_id: int, witness_id: int) -> str | None:
    """Return why this person may not be the witness; None if they may."""
    if runner_id == witness_id:
        return "The person who runs the drill cannot be its witness. Choose somebody else to watch."
    return None


def is_runbook_link(url: str, known: Collection[str] = ()) -> bool:
    """Whether a link leads to instructions rather than to a result.

    `known` are addresses of runbooks and of the service's documentation. A link to one of them, with whatever
    fragment or query, is instructions; so is one whose host or path says runbook or playbook.
    """
    here = _place(url)
    if any(_place(each) == here for each in known if each):
        return True
    parts = urlsplit(url)
    return bool(_RUNBOOK.search(unquote(f"{parts.hostname or ''}{parts.path}").lower()))


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return (parts.hostname or "").lower(), parts.path.rstrip("/").lower()
