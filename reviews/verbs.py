"""What somebody may do here and now: rights and state together. The one source of a page's buttons."""

from __future__ import annotations

from collections.abc import Callable

from readiness.accounts.rights import Actor
from readiness.decisions import Decision, refused
from reviews import permissions
from reviews.permissions import Subject
from reviews.states import SectionStatus, review_allows, section_allows

_OF_SECTION = frozenset({"section.submit", "section.approve", "section.request_changes"})
Authors = Callable[[], frozenset[int]]


class Verbs:
    """Decisions on the verbs of one section (or, without one, of the review), each computed once.

    `authors` is called only when the answer hangs on who wrote the content.
    """

    def __init__(
        self,
        actor: Actor,
        subject: Subject,
        review_status: str,
        section_status: str = "",
        *,
        authors: Authors,
    ) -> None:
        self._actor = actor
        self._subject = subject
        self._review_status = review_status
        self._section_status = section_status
        self._authors = authors
        self._known: dict[str, Decision] = {}

    def __getitem__(self, verb: str) -> Decision:
        if verb not in self._known:
            self._known[verb] = self._decide(verb)
        return self._known[verb]

    def get(self, verb: str, requester_id: int | None = None) -> Decision:
        """Decide on a verb whose rule looks at who asked for the thing, such as a waiver."""
        return self._decide(verb, requester_id)

    def _decide(self, verb: str, requester_id: int | None = None) -> Decision:
        about = Subject(self._subject.team_id, self._subject.section_roles, frozenset(), requester_id)
        decision = permissions.allowed(self._actor, verb, about)
        if decision and permissions.weighs_authors(verb):
            about = Subject(about.team_id, about.section_roles, self._authors(), requester_id)
            decision = permissions.allowed(self._actor, verb, about)
        if not decision:
            return decision
        why_not = review_allows(verb, self._review_status)
        if why_not is None and verb in _OF_SECTION and self._section_status:
            why_not = self._section_why_not(verb)
        return refused(why_not) if why_not else decision

    def _section_why_not(self, verb: str) -> str | None:
        again = verb == "section.request_changes" and self._section_status == SectionStatus.CHANGES_REQUESTED
        return None if again else section_allows(verb, self._section_status)
