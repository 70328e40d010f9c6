"""The services as a list: filters, figures, and one page of rows; as many queries for 10 as for 10,000."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.contrib.postgres.search import SearchQuery
from django.core.paginator import Page, Paginator
from django.db.models import Case, Count, FilteredRelation, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from checklist.models import ChecklistVersion, Section
from readiness.accounts.models import Team
from readiness.accounts.rights import Actor
from reviews.models import ReviewSection, Service, Waiver
from reviews.models.service import SEARCHED
from reviews.queries.services import reads_all, visible_to
from reviews.queries.waiting import reviews_waiting_for
from reviews.standing import SectionFigures, SignedOff, Standing, WaiverInForce
from reviews.states import LIVE_FIT_CHECK, OPEN_REVIEW, ReviewStatus, SectionStatus, Verdict, WaiverStatus

PAGE_SIZE: Final = 50
SOON_DAYS: Final = 30
_MAX_WORDS: Final = 8

SHOWS: Final[dict[str, str]] = {
    "all": "All",
    "mine": "Mine",
    "waiting": "Waiting for me",
    "not-ready": "Not ready",
    # These are reached from the figures on top.
    "ready": "Ready",
    "in-review": "In review",
    "stale": "Stale sign-offs",
    "waivers": "Waivers that end soon",
    "archived": "Archived",
}
SORTS: Final[dict[str, str]] = {"blocked": "Blocked longest", "name": "Name", "tier": "Tier"}


@dataclass(frozen=True)
class Choice:
    """What the reader asked to see; unknown values fall back to the default."""

    show: str = "all"
    team: str = ""
    tier: int = 0
    q: str = ""
    sort: str = "blocked"

    @classmethod
    def read(cls, parameters: Mapping[str, str]) -> Choice:
        """Read the filters from the parameters of an address."""
        show, sort = parameters.get("show", "all"), parameters.get("sort", "blocked")
        tier = parameters.get("tier", "")
        return cls(
            show=show if show in SHOWS else "all",
            team=parameters.get("team", "")[:64].replace("\x00", ""),
            tier=int(tier) if tier in {"1", "2", "3", "4"} else 0,
            q=parameters.get("q", "").replace("\x00", "").strip()[:200],
            sort=sort if sort in SORTS else "blocked",
        )

    @property
    def narrows(self) -> bool:
        """Whether anything but the choice of segment and order is set."""
        return bool(self.team or self.tier or self.q)


@dataclass(frozen=True)
class Column:
    """A section of the latest published version."""

    slug: str
    title: str
    short_title: str


@dataclass(frozen=True)
class Row:
    """One service in the list. `review_number` is that of the open review, else of the signed-off one."""

    slug: str
    name: str
    tier: int
    team: str
    review_number: int
    standing: Standing


@dataclass(frozen=True)
class Figures:
    """The figures on top, over all that the reader may see; `counts` are per segment, filters applied."""

    total: int
    ready: int
    in_review: int
    stale: int
    waivers_ending: int
    waiting_since: Any
    counts: dict[str, int]


@dataclass(frozen=True)
class Portfolio:
    """Everything that the list shows."""

    choice: Choice
    columns: list[Column]
    figures: Figures
    teams: list[Team]
    page: Page[Any]
    rows: list[Row]


class _Counted(Paginator):  # type: ignore[type-arg]
    """A paginator that is told how many there are."""

    def __init__(self, rows: QuerySet[Any], number: int) -> None:
        super().__init__(rows, PAGE_SIZE)
        self._number = number

    @property
    def count(self) -> int:
        """How many rows there are in all."""
        return self._number


def load_portfolio(actor: Actor, choice: Choice, page_number: str) -> Portfolio:
    """Load one page of the services that `actor` may see. Eight queries."""
    today = timezone.localdate()
    checklist_id, columns = _columns()
    services = _with_reviews(visible_to(actor), checklist_id)
    conditions = _conditions(actor, choice.show, today)
    narrow = _narrow(choice)
    figures = _figures(actor, services, conditions, narrow, today)
    chosen = services.filter(narrow, conditions[choice.show])
    page = _Counted(_in_order(chosen, choice.sort), figures.counts[choice.show]).get_page(page_number)
    return Portfolio(choice, columns, figures, _teams(actor), page, _rows(page, today))


def _columns() -> tuple[int, list[Column]]:
    """The sections of the latest published version of the first checklist, and that checklist's id."""
    published = ChecklistVersion.objects.filter(status=ChecklistVersion.Status.PUBLISHED)
    latest = published.order_by("checklist_id", "-number").values("pk")[:1]
    rows = Section.objects.filter(version=Subquery(latest)).values_list(
        "version__checklist_id", "slug", "title", "short_title"
    )
    found = list(rows)
    checklist_id = found[0][0] if found else 0
    return checklist_id, [Column(slug, title, short) for _, slug, title, short in found]


def _with_reviews(services: QuerySet[Service], checklist_id: int) -> QuerySet[Service]:
    """Join each service with its open review, its sign-off and its fit check; at most one of each."""
    of_checklist = Q(reviews__checklist=checklist_id)
    return services.annotate(
        open=FilteredRelation("reviews", condition=of_checklist & Q(reviews__status__in=sorted(OPEN_REVIEW))),
        done=FilteredRelation("reviews", condition=of_checklist & Q(reviews__status=ReviewStatus.SIGNED_OFF)),
        misfit=FilteredRelation("fit_checks", condition=Q(fit_checks__status__in=sorted(LIVE_FIT_CHECK))),
    )


def _conditions(actor: Actor, show: str, today: date) -> dict[str, Q]:
    """What each segment takes in; those behind a figure only if it is the one to show."""
    here = Q(archived_at__isnull=True)
    positive = [Verdict.READY, Verdict.READY_WITH_WAIVERS]
    ready = Q(done__isnull=False, done__sign_off__verdict__in=positive, done__sign_off__stale_at__isnull=True)
    conditions = {
        "all": here,
        "mine": here & Q(team_id__in=actor.member_team_ids),
        "waiting": here & Q(open__in=reviews_waiting_for(actor).values("pk")),
        "not-ready": here & (Q(done__isnull=True) | ~Q(done__sign_off__verdict__in=positive) | _STALE),
        "ready": here & ready,
        "in-review": here & Q(open__status__in=[ReviewStatus.IN_REVIEW, ReviewStatus.CHANGES_REQUESTED]),
        "stale": here & _STALE,
        "archived": Q(archived_at__isnull=False),
    }
    if show == "waivers":
        ending = _ending(actor, today).values("review_id")
        conditions[show] = here & (Q(open__in=ending) | Q(done__in=ending))
    return conditions


_STALE: Final = Q(done__sign_off__stale_at__isnull=False)


def _ending(actor: Actor, today: date) -> QuerySet[Waiver]:
    """Waivers in force that end within 30 days."""
    return Waiver.objects.filter(
        status=WaiverStatus.GRANTED,
        expires_on__range=(today, today + timedelta(days=SOON_DAYS)),
        review__status__in=[*OPEN_REVIEW, ReviewStatus.SIGNED_OFF],
        **_of_visible(actor),
    )


def _of_visible(actor: Actor) -> dict[str, Any]:
    """Filters on what belongs to a review: only services that `actor` may see, none archived."""
    teams = {} if reads_all(actor) else {"review__service__team__in": actor.member_team_ids}
    return {"review__service__archived_at__isnull": True, **teams}


def _narrow(choice: Choice) -> Q:
    narrow = Q()
    if choice.team:
        narrow &= Q(team__slug=choice.team)
    if choice.tier:
        narrow &= Q(tier=choice.tier)
    for word in re.findall(r"\w+", choice.q)[:_MAX_WORDS]:
        # Each word begins a word of the service, or is somewhere in the name of its team.
        begins = SearchQuery(f"'{word}':*", search_type="raw", config="simple")
        found = Service.objects.annotate(searched=SEARCHED).filter(searched=begins)
        teams = Team.objects.filter(Q(name__icontains=word) | Q(slug__icontains=word))
        narrow &= Q(pk__in=found.values("pk")) | Q(team__in=teams.values("pk"))
    return narrow


def _figures(
    actor: Actor, services: QuerySet[Service], conditions: dict[str, Q], narrow: Q, today: date
) -> Figures:
    on_top = ("all", "ready", "in-review", "stale")
    inside = {name: conditions[name] & narrow for name in conditions}
    counts = services.aggregate(
        **{f"in_{name}": Count("pk", filter=inside[name]) for name in conditions},
        **{f"of_{name}": Count("pk", filter=conditions[name]) for name in on_top if narrow},
    )
    if not narrow:
        counts.update({f"of_{name}": counts[f"in_{name}"] for name in on_top})
    waiting = ReviewSection.objects.filter(
        status=SectionStatus.SUBMITTED, review__status__in=OPEN_REVIEW, **_of_visible(actor)
    )
    return Figures(
        total=counts["of_all"],
        ready=counts["of_ready"],
        in_review=counts["of_in-review"],
        stale=counts["of_stale"],
        waivers_ending=_ending(actor, today).count(),
        waiting_since=waiting.order_by("submitted_at").values_list("submitted_at", flat=True).first(),
        counts={name: counts[f"in_{name}"] for name in conditions},
    )


def _in_order(services: QuerySet[Service], sort: str) -> QuerySet[Service]:
    if sort == "name":
        return services.order_by("name", "pk")
    if sort == "tier":
        return services.order_by("tier", "name", "pk")
    # First what stands still, the longest first; then what nobody has begun; then what is ready.
    rank = Case(
        When(Q(open__isnull=False) | _STALE, then=Value(0)), When(done__isnull=True, then=Value(1)), default=2
    )
    since = Coalesce("open__changed_at", "done__sign_off__stale_at")
    return services.order_by(rank, since.asc(nulls_last=True), "tier", "name", "pk")


def _teams(actor: Actor) -> list[Team]:
    teams = Team.objects.all() if reads_all(actor) else Team.objects.filter(pk__in=actor.member_team_ids)
    return list(teams.only("slug", "name"))


def _rows(page: Page[Any], today: date) -> list[Row]:
    """The rows of one page: three queries."""
    services: QuerySet[Any] = page.object_list  # type: ignore[assignment]
    found = list(
        services.values_list(
            "slug",
            "name",
            "tier",
            "team__name",
            "open__pk",
            "open__number",
            "open__status",
            "done__pk",
            "done__number",
            "done__sign_off__verdict",
            "done__sign_off__stale_at",
            "done__sign_off__stale_reason",
            "misfit__status",
        )
    )
    sections = _sections([row[4] or row[7] for row in found if row[4] or row[7]])
    waivers = _waivers([row[7] for row in found if row[7]], today)
    return [_row(row, sections, waivers) for row in found]


def _row(
    values: tuple[Any, ...],
    sections: dict[int, list[SectionFigures]],
    waivers: dict[int, list[WaiverInForce]],
) -> Row:
    slug, name, tier, team, open_id, open_number, open_status, *signed = values
    done_id, done_number, verdict, stale_at, stale_reason, misfit = signed
    sign_off = None
    if verdict:
        in_force = tuple(waivers.get(done_id, ()))
        sign_off = SignedOff(done_number, verdict, stale_reason if stale_at else None, in_force)
    standing = Standing(open_status or "", sign_off, sections.get(open_id or done_id or 0, ()), misfit or "")
    return Row(slug, name, tier, team, open_number or done_number or 0, standing)


def _waivers(review_ids: list[int], today: date) -> dict[int, list[WaiverInForce]]:
    """Waivers in force by review. Not part of the rows' query, which would ask for those of all services."""
    rows = Waiver.objects.filter(review_id__in=review_ids, status=WaiverStatus.GRANTED, expires_on__gte=today)
    of = Coalesce("answer__item__title", "section__section__title")
    grouped: dict[int, list[WaiverInForce]] = defaultdict(list)
    for review_id, ends, title in rows.values_list("review_id", "expires_on", of):
        grouped[review_id].append(WaiverInForce(ends, title))
    return grouped


def _sections(review_ids: list[int]) -> dict[int, list[SectionFigures]]:
    grouped: dict[int, list[SectionFigures]] = defaultdict(list)
    rows = ReviewSection.objects.filter(review_id__in=review_ids).order_by("review_id", "position")
    values = rows.values_list(
        "review_id", "slug", "section__title", "status", "applicable", "answered", "passing", "failing"
    )
    for review_id, *figures in values:
        grouped[review_id].append(SectionFigures(*figures))  # type: ignore[arg-type]
    return grouped
