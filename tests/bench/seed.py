"""Services and reviews in bulk: rows as the actions leave them, written many at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from checklist.models import ChecklistVersion, Item
from readiness.accounts.models import Membership, Team, User
from reviews.models import Answer, AnswerRevision, Event, Evidence, Review, ReviewSection, Service

ITEMS = 60
TEAMS = 20


@dataclass(frozen=True)
class World:
    """The people who look, and the review that they look at."""

    member: User
    reviewer: User
    viewer: User
    review: Review


def people() -> tuple[User, User, User, list[Team]]:
    """Make a member of the first team, a reviewer, a viewer, and the teams."""
    teams = Team.objects.bulk_create(
        [Team(slug=f"team-{spot}", name=f"Team {spot}") for spot in range(TEAMS)]
    )
    member = User.objects.create_user("member@bench.example", name="Mia Member")
    Membership.objects.create(team=teams[0], user=member, is_lead=True)
    roles = ["sre", "security", "platform"]
    reviewer = User.objects.create_user("reviewer@bench.example", name="Rob Reviewer", reviewer_roles=roles)
    viewer = User.objects.create_user("viewer@bench.example", name="Vic Viewer", is_viewer=True)
    return member, reviewer, viewer, teams


def grow(version: ChecklistVersion, member: User, teams: list[Team], total: int) -> None:
    """Bring the number of services, each with one open review of `ITEMS` items, up to `total`."""
    have = Service.objects.count()
    services = Service.objects.bulk_create(
        [
            Service(
                slug=f"service-{spot}",
                name=f"Service {spot}",
                team=teams[spot % TEAMS],
                tier=1 + spot % 4,
                production_url=f"https://service-{spot}.example.com",
                created_by=member,
            )
            for spot in range(have, total)
        ]
    )
    for start in range(0, len(services), 100):
        _reviews(version, member, services[start : start + 100])


def _reviews(version: ChecklistVersion, member: User, services: list[Service]) -> None:
    now = timezone.now()
    rows = [
        Review(
            service=service,
            checklist=version.checklist,
            version=version,
            number=1,
            status="in_review",
            started_by=member,
            started_at=now,
            changed_at=now - timedelta(minutes=service.pk),
            fit={"verdict": "fits", "reasons": []},
        )
        for service in services
    ]
    reviews = Review.objects.bulk_create(rows)
    parts = list(version.sections.all())
    sections = ReviewSection.objects.bulk_create(
        [
            ReviewSection(review=review, section=part, position=part.position, slug=part.slug)
            for review in reviews
            for part in parts
        ]
    )
    by_place = {(row.review_id, row.section_id): row for row in sections}
    items = list(Item.objects.filter(version=version).order_by("section__position", "position")[:ITEMS])
    answers = Answer.objects.bulk_create(
        [
            Answer(
                review=review,
                section=by_place[review.pk, item.section_id],
                item=item,
                state="met" if spot % 3 else "not_met",
                note="Looked at the dashboard; p99 is under the limit.",
                revision=1,
                answered_by=member,
                answered_at=now,
            )
            for review in reviews
            for spot, item in enumerate(items)
        ],
        batch_size=2000,
    )
    _around(answers, member)
    _figures(sections, answers)


def _figures(sections: list[ReviewSection], answers: list[Answer]) -> None:
    """Set what `count_figures` would count, for all sections at once."""
    of: dict[int, list[Answer]] = {}
    for answer in answers:
        of.setdefault(answer.section_id, []).append(answer)
    for section in sections:
        rows = of.get(section.pk, [])
        bad = [row for row in rows if row.state == "not_met" and row.item.severity == "blocker"]
        section.applicable = section.answered = len(rows)
        section.passing = sum(row.state == "met" for row in rows)
        section.blocked = section.failing = len(bad)
    fields = ["applicable", "answered", "passing", "blocked", "failing"]
    ReviewSection.objects.bulk_update(sections, fields, batch_size=900)


def _around(answers: list[Answer], member: User) -> None:
    now = timezone.now()
    AnswerRevision.objects.bulk_create(
        [
            AnswerRevision(
                answer=row,
                section_id=row.section_id,
                revision=1,
                author=member,
                at=now,
                state=row.state,
                note=row.note,
            )
            for row in answers
        ],
        batch_size=2000,
    )
    Evidence.objects.bulk_create(
        [
            Evidence(
                review_id=row.review_id,
                answer=row,
                kind="link",
                grade="attested",
                title="Dashboard",
                url="https://grafana.example.com/d/1",
                sha256="0" * 64,
                observed_on=now.date(),
                added_by=member,
                added_at=now,
            )
            for row in answers
            if row.state == "met"
        ],
        batch_size=2000,
    )
    seqs: dict[int, int] = {}
    events = []
    for row in answers:
        seqs[row.review_id] = seq = seqs.get(row.review_id, 0) + 1
        events.append(
            Event(
                stream=f"review:{row.review_id}",
                seq=seq,
                at=now,
                actor=member,
                actor_name=member.name,
                verb="person:answer:saved",
                service_id=row.review.service_id,
                review_id=row.review_id,
                section=row.section.slug,
                item=row.item.slug,
                summary=f"Answered “{row.item.title}”",
                prev_hash="0" * 64,
                hash="0" * 64,
            )
        )
    Event.objects.bulk_create(events, batch_size=2000)
    for review_id, seq in seqs.items():
        Review.objects.filter(pk=review_id).update(event_count=seq)
