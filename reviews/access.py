"""Fetch and authorise: the one call with which each view begins.

Strangers get 404, people who may read but not act get 403 (see `permissions`). The action that follows checks
again under its lock; this call only decides what a page may show.
"""

from __future__ import annotations

from django.http import HttpRequest

from readiness.accounts.rights import Actor, actor_of
from readiness.decisions import Decision
from readiness.errors import NotFound
from reviews import permissions
from reviews.models import Answer, Drill, Review, ReviewSection, Service
from reviews.permissions import Subject
from reviews.queries.authors import answer_authors, review_authors, section_authors
from reviews.verbs import Verbs

_MISSING = "There is nothing at this address, or you may not see it."


def actor(request: HttpRequest) -> Actor:
    """Return who asks, without a query."""
    return actor_of(request.user)


def service(request: HttpRequest, slug: str, verb: str = "service.view") -> Service:
    """Return the service if the asker may do `verb` with it. One query."""
    row = Service.objects.select_related("team").filter(slug=slug).first()
    if row is None:
        raise NotFound(_MISSING)
    permissions.allowed(actor(request), verb, Subject(team_id=row.team_id)).require()
    return row


def review(request: HttpRequest, slug: str, number: int, verb: str = "review.view") -> Review:
    """Return the review with service, team, checklist and version if the asker may do `verb`.

    One query; a second where it matters who wrote any of the review.
    """
    rows = Review.objects.select_related("service__team", "checklist", "version", "started_by")
    row = rows.filter(service__slug=slug, number=number).first()
    if row is None:
        raise NotFound(_MISSING)
    authors = review_authors(row.pk) if permissions.weighs_authors(verb) else frozenset()
    permissions.allowed(actor(request), verb, Subject(row.service.team_id, authors=authors)).require()
    return row


def section(
    request: HttpRequest, slug: str, number: int, section_slug: str, verb: str = "review.view"
) -> ReviewSection:
    """Return a section with its review if the asker may do `verb`. Two queries or three."""
    parent = review(request, slug, number)
    row = parent.sections.select_related("section").filter(slug=section_slug).first()
    if row is None:
        raise NotFound(_MISSING)
    row.review = parent
    decide(request, row, verb).require()
    return row


def answer(
    request: HttpRequest, slug: str, number: int, section_slug: str, item_slug: str, verb: str = "review.view"
) -> Answer:
    """Return an answer with item, section and review if the asker may do `verb`. Three queries or four."""
    parent = section(request, slug, number, section_slug, verb)
    row = parent.answers.select_related("item", "answered_by").filter(item__slug=item_slug).first()
    if row is None:
        raise NotFound(_MISSING)
    row.section, row.review = parent, parent.review
    return row


def drill(request: HttpRequest, drill_id: int, verb: str = "drill.view") -> Drill:
    """Return a drill with all around it if the asker may do `verb`. One query.

    The people in a drill may see it whoever else they are; what else they may see is asked as always.
    """
    rows = Drill.objects.select_related(
        *("review__service__team", "review__checklist", "review__version", "answer__item"),
        *("answer__section__section", "runner", "witness", "arranged_by", "artifact", "corroborated_by"),
    )
    row = rows.filter(pk=drill_id).first()
    if row is None:
        raise NotFound(_MISSING)
    permissions.allowed(actor(request), verb, drill_subject(row)).require()
    row.answer.review = row.answer.section.review = row.review
    return row


def drill_subject(row: Drill) -> Subject:
    """What the rules know of a drill."""
    return Subject(row.review.service.team_id, runner_id=row.runner_id, witness_id=row.witness_id)


def decide(
    request: HttpRequest,
    row: ReviewSection,
    verb: str,
    *,
    answer: Answer | None = None,
    requester_id: int | None = None,
) -> Decision:
    """Say whether the asker may do `verb` in this section; one query where authorship matters, else none.

    With `answer`, own work is that in the answer. `requester_id` is who asked for what is to be judged.
    """
    authors: frozenset[int] = frozenset()
    if permissions.weighs_authors(verb):
        authors = answer_authors(answer.pk) if answer else section_authors(row.pk)
    roles = frozenset(row.section.reviewer_roles)
    about = Subject(row.review.service.team_id, roles, authors, requester_id)
    return permissions.allowed(actor(request), verb, about)


def verbs(request: HttpRequest, row: Answer) -> Verbs:
    """What the asker may do with an item now, rights and state together; own work is that in this answer."""
    review = row.section.review
    about = Subject(review.service.team_id, frozenset(row.section.section.reviewer_roles))
    return Verbs(actor(request), about, review.status, authors=lambda: answer_authors(row.pk))
