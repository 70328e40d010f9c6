"""Drills: who may run one, which one counts, and what their pages show."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from django.db.models import Q
from django.utils import timezone

from checklist.models import Item
from checklist.rules.drills import RUNNER_WORDS, RunnerFacts, RunnerRule, why_not_run
from checklist.rules.rows import read_moment
from checklist.rules.spec_base import Column
from checklist.rules.specs import DrillSpec
from readiness import clock
from readiness.accounts.models import User
from reviews.drill_chart import Chart, Past, draw, short
from reviews.models import (
    Answer,
    AnswerRevision,
    Deployment,
    Drill,
    DrillEntry,
    Evidence,
    Review,
    Service,
    Turn,
)
from reviews.states import DeploymentKind, DrillSource, DrillStatus

MOST_PEOPLE: Final = 500
MOST_DRILLS: Final = 50
MOST_ENTRIES: Final = 500
# Clocks of pipelines are not ours.
CLOCKS_DIFFER: Final = timedelta(seconds=60)
_WITH: Final = ("runner", "witness", "corroborated_by", "artifact")


def spec_of(item: Item) -> DrillSpec:
    """What the item's drill asks for. Raises ValueError for an item that is no drill."""
    if item.kind != Item.Kind.DRILL:
        raise ValueError(f"{item.slug} is no drill.")
    return DrillSpec.model_validate(item.spec)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who could run a drill, or why not."""

    id: int
    name: str
    why_not: str | None


def candidates(answer: Answer, rule: RunnerRule) -> list[Candidate]:
    """Every active person, by name, with the reason that keeps them from running it. Three queries."""
    people = list(User.objects.filter(is_active=True).order_by("name", "pk")[:MOST_PEOPLE])
    facts = _facts(answer, people, rule)
    return [Candidate(each.pk, str(each), why_not_run(rule, facts[each.pk])) for each in people]


def runner_facts(answer: Answer, person: User, rule: RunnerRule) -> RunnerFacts:
    """What is known of one person, as far as the rule asks. Two queries at most."""
    return _facts(answer, [person], rule)[person.pk]


def _facts(answer: Answer, people: list[User], rule: RunnerRule) -> dict[int, RunnerFacts]:
    ids = [each.pk for each in people]
    service = answer.review.service
    team = set(service.team.memberships.filter(user_id__in=ids).values_list("user_id", flat=True))
    in_section: set[int] = set()
    in_service: set[int] = set()
    on_call: set[str] = set()
    if rule == "new_to_on_call":
        # The section's answers are those of all reviews of the service: carried over ones were written
        # earlier.
        in_section = _wrote(Q(answer__section__slug=answer.section.slug), service.pk, ids)
        on_call = _has_been_on_call(service.pk)
    elif rule == "stranger":
        in_service = _wrote(Q(), service.pk, ids)
    return {
        each.pk: RunnerFacts(
            name=str(each),
            in_owning_team=each.pk in team,
            wrote_section=each.pk in in_section,
            wrote_service=each.pk in in_service,
            on_call=not on_call.isdisjoint({str(each).casefold(), each.email.casefold()}),
        )
        for each in people
    }


def _has_been_on_call(service_id: int) -> set[str]:
    """Names of all whose turn on the service's rota has begun; whose first one is still to come is new."""
    begun = Turn.objects.filter(roster__service_id=service_id, starts_at__lte=timezone.now())
    return {name.casefold() for name in begun.order_by().values_list("person", flat=True).distinct()}


def _wrote(where: Q, service_id: int, ids: list[int]) -> set[int]:
    of_service = Q(answer__review__service_id=service_id)
    wrote = AnswerRevision.objects.filter(where, of_service, author_id__in=ids).values_list("author_id")
    proved = Evidence.objects.filter(
        where, of_service, added_by_id__in=ids, probe_run__isnull=True, drill__isnull=True
    )
    return {row[0] for row in wrote.union(proved.values_list("added_by_id"))}


def newest_valid(answer: Answer) -> Drill | None:
    """The drill that counts for the answer: the newest graded one whose time can be trusted. One query."""
    rows = answer.drills.filter(status=DrillStatus.GRADED, clock_fault="").select_related(*_WITH)
    return rows.order_by("-stopped_at", "-pk").first()


def deployment_within(drill: Drill) -> Deployment | None:
    """The rollback in a drill's time that bears it out, if a pipeline told of one.

    A deploy of the version that the drill went back to is a rollback by another name. Where drill and
    deployment both name a version, they must agree.
    """
    if drill.started_at is None or drill.stopped_at is None:
        return None
    rows = Deployment.objects.filter(
        service_id=drill.service_id,
        at__gte=drill.started_at - CLOCKS_DIFFER,
        at__lte=drill.stopped_at + CLOCKS_DIFFER,
    )
    good = _version(str(drill.fields.get("good_version") or ""))
    for row in rows.order_by("at", "pk"):
        same = bool(good) and _version(row.version) == good
        if same or (row.kind == DeploymentKind.ROLLBACK and not (good and row.version)):
            return row
    return None


def _version(text: str) -> str:
    return text.strip().casefold().removeprefix("v")


def known_runbooks(answer: Answer) -> set[str]:
    """Addresses that lead to instructions: the runbooks of the review's inventories, the documentation."""
    rows = Answer.objects.filter(review_id=answer.review_id, item__kind=Item.Kind.INVENTORY)
    found = {
        str(row.get("runbook") or "")
        for data in rows.values_list("data", flat=True)
        for row in data.get("rows", ())
    }
    return (found | {answer.review.service.documentation_url}) - {""}


def drills_of(answer: Answer) -> list[Drill]:
    """The drills of an item in this review and those before it, the newest first. One query."""
    rows = Drill.objects.filter(
        service_id=answer.review.service_id, item=answer.item.slug, review__number__lte=answer.review.number
    )
    return list(rows.select_related(*_WITH).order_by("-pk")[:MOST_DRILLS])


def ended_drills(review: Review) -> list[Drill]:
    """All drills of a review and of those before it that have ended, the oldest first. One query."""
    rows = Drill.objects.filter(
        service_id=review.service_id, review__number__lte=review.number, ended_at__isnull=False
    )
    return list(rows.select_related(*_WITH).order_by("pk"))


def newest_drills(service: Service) -> list[tuple[Drill, str]]:
    """The newest graded drill of each item of a service, with how well it is borne out. One query."""
    rows = Drill.objects.filter(service=service, status=DrillStatus.GRADED)
    newest = rows.select_related("answer__item").order_by("item", "-stopped_at", "-pk").distinct("item")
    return [(each, standing_of(each, spec_of(each.answer.item))) for each in newest]


def past_drills(service_id: int, item: str) -> list[Drill]:
    """The finished drills of one item over all reviews of a service, the newest last. One query."""
    rows = Drill.objects.filter(service_id=service_id, item=item, status=DrillStatus.GRADED)
    newest = rows.select_related("review").order_by("-stopped_at", "-pk")[:MOST_DRILLS]
    return list(newest)[::-1]


@dataclass(frozen=True, slots=True)
class Given:
    """A question with the answer that counts: the last one given."""

    slug: str
    text: str
    answer: str = ""
    elapsed_ms: int | None = None
    grade: str = ""

    @property
    def clock(self) -> str:
        """When it was given, as the clock showed it."""
        return "" if self.elapsed_ms is None else short(self.elapsed_ms / 1000)


def _in_words(column: Column, value: Any) -> str:
    moment = read_moment(value) if column.type == "datetime" else None
    if moment is not None:
        return f"{timezone.localtime(moment):%-d %b %Y, %H:%M %Z}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    words = ", ".join(value) if isinstance(value, list) else str(value)
    return f"{words} {column.unit}" if column.unit else words


@dataclass
class DrillSheet:
    """A drill with its log."""

    drill: Drill
    spec: DrillSpec
    entries: list[DrillEntry] = field(default_factory=list)

    @property
    def given(self) -> list[Given]:
        """The questions in order, each with its answer so far."""
        last = {row.question: row for row in self.entries if row.kind == DrillEntry.Kind.ANSWERED}
        return [
            Given(
                question.slug,
                question.text,
                last[question.slug].text if question.slug in last else "",
                last[question.slug].elapsed_ms if question.slug in last else None,
                self.drill.grades.get(question.slug, ""),
            )
            for question in self.spec.questions
        ]

    @property
    def open_questions(self) -> int:
        """How many questions nobody has answered."""
        return sum(not each.answer for each in self.given)

    @property
    def field_words(self) -> list[tuple[str, str]]:
        """The fields of the record that are filled in, for a reader."""
        found = []
        for column in self.spec.fields:
            value = self.drill.fields.get(column.key)
            if value not in (None, ""):
                found.append((column.label, _in_words(column, value)))
        return found

    @property
    def log(self) -> list[DrillEntry]:
        """What was noted, in order."""
        return [row for row in self.entries if row.kind in (DrillEntry.Kind.NOTED, DrillEntry.Kind.CLOCK)]

    @property
    def limit_ms(self) -> int | None:
        """The limit of its time, if it has one."""
        seconds = self.spec.max_seconds or self.spec.under_seconds
        return seconds * 1000 if seconds else None

    def elapsed(self) -> clock.Elapsed:
        """How long the clock has run, now or in the end. One query while it runs."""
        drill = self.drill
        if drill.duration_ms is not None:
            return clock.Elapsed(drill.duration_ms, sure=not drill.clock_fault)
        if drill.started_at is None:
            return clock.Elapsed(0)
        return clock.elapsed(drill.start_reading, clock.read(), drill.mark_ms)


def load_drill(drill: Drill) -> DrillSheet:
    """The drill with its log. One query; `drill.answer.item` is there already."""
    entries = list(drill.entries.select_related("by").order_by("pk")[:MOST_ENTRIES])
    return DrillSheet(drill, spec_of(drill.answer.item), entries)


@dataclass
class DrillPanel:
    """The drills of an item, for its page: the open one, those that ended, and the chart of their times."""

    answer: Answer
    spec: DrillSpec
    drills: list[Drill]
    chart: Chart | None
    counts: int | None

    @property
    def open(self) -> Drill | None:
        """The drill of this review that has not ended yet."""
        return next((each for each in self.drills if each.is_open and each.answer_id == self.answer.pk), None)

    @property
    def ended(self) -> list[tuple[Drill, str]]:
        """Those that ended, the newest first, each with how well it is borne out."""
        return [(each, standing_of(each, self.spec)) for each in self.drills if not each.is_open]

    @property
    def rule(self) -> str:
        """Who may run it, in words."""
        return RUNNER_WORDS[self.spec.runner]


def load_panel(answer: Answer) -> DrillPanel:
    """What an item's page shows of its drills. Two queries."""
    spec = spec_of(answer.item)
    return DrillPanel(
        answer,
        spec,
        drills_of(answer),
        chart_of(answer.review.service_id, answer.item.slug, spec),
        answer.data.get("drill"),
    )


def chart_of(service_id: int, item: str, spec: DrillSpec) -> Chart | None:
    """The times of the past drills of an item, over all reviews of a service. One query."""
    past = [
        Past(
            timezone.localtime(each.stopped_at),
            (each.duration_ms or 0) / 1000,
            each.judgement.get("verdict") == "met" and not each.clock_fault,
            each.get_absolute_url(),
        )
        for each in past_drills(service_id, item)
    ]
    return draw(past, spec.max_seconds or spec.under_seconds)


def standing_of(drill: Drill, spec: DrillSpec) -> str:
    """How well a finished drill is borne out, in one word or two."""
    if drill.clock_fault:
        return "Does not count"
    if drill.corroborated_by_id is not None:
        return "Corroborated"
    if spec.corroborated or drill.source == DrillSource.RECORDED:
        return "Self-reported"
    return "Witnessed"
