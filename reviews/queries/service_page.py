"""What the page of one service shows. A fixed number of queries, however long its past is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.utils import timezone

from checklist.facts import FACTS, Fact
from checklist.rules import fit_contradictions
from checklist.rules.rota import Shift
from readiness.accounts.models import Membership
from reviews.models import Deferral, Drill, Event, FitCheck, ProbeRun, Review, ReviewSection, Service, Waiver
from reviews.queries.capacity import Capacity, load_capacity
from reviews.queries.deferrals import of_service
from reviews.queries.drills import newest_drills
from reviews.queries.on_call import OnCall, load_on_call, on_call_now
from reviews.queries.sheet import probe_title
from reviews.standing import (
    Badge,
    SectionFigures,
    SignedOff,
    Standing,
    WaiverInForce,
    badge,
    next_step,
    section_badge,
)
from reviews.states import LIVE_FIT_CHECK, OPEN_REVIEW, ReviewStatus, WaiverStatus

_REVIEWS: Final = 10
_EVENTS: Final = 20


@dataclass(frozen=True)
class ServicePage:
    """One service with all that its page shows. `current` is the open review, else the signed-off one."""

    current: Review | None
    sections: list[tuple[ReviewSection, Badge]]
    badge: Badge
    next_step: str
    waivers: list[Waiver]
    reviews: Page[Review]
    events: Page[Event]
    runs: list[tuple[str, ProbeRun]]
    drills: list[tuple[Drill, str]]
    members: list[Membership]
    facts: list[tuple[str, str]]
    open_facts: list[str]
    deferrals: list[Deferral]
    fit_check: FitCheck | None
    on_call: OnCall
    capacity: Capacity

    @property
    def fit_warnings(self) -> list[str]:
        """What speaks against the recorded “does not fit” by now."""
        row = self.fit_check
        return (
            fit_contradictions(row.facts, row.service.facts, people_on_call=self.people_on_call)
            if row
            else []
        )

    @property
    def people_on_call(self) -> int | None:
        """The size of the rotation, where there is a rota."""
        return self.on_call.rotation.size if self.on_call.roster else None

    @property
    def now_on_call(self) -> list[Shift]:
        """Who is on call at this moment."""
        return on_call_now(self.on_call)


def load_page(service: Service, *, reviews_page: str, events_page: str) -> ServicePage:
    """Load the page of a service."""
    reviews = service.reviews.select_related("checklist", "version", "started_by", "sign_off__by")
    live = list(reviews.filter(status__in=[*OPEN_REVIEW, ReviewStatus.SIGNED_OFF]).order_by("-number"))
    opened = next((row for row in live if row.is_open), None)
    signed = next((row for row in live if not row.is_open), None)
    current = opened or signed
    sections = list(current.sections.select_related("section")) if current else []
    for section in sections:
        section.review = current or section.review  # its address needs the review and the service
    waivers = _waivers(signed)
    misfit = _fit_check(service)
    standing = Standing(
        opened.status if opened else "",
        _signed_off(signed, waivers),
        _figures(sections),
        misfit.status if misfit else "",
    )
    return ServicePage(
        current=current,
        sections=[
            (row, section_badge(figures)) for row, figures in zip(sections, _figures(sections), strict=True)
        ],
        badge=badge(standing),
        next_step=next_step(standing),
        waivers=waivers,
        reviews=_page(reviews.order_by("-number"), _REVIEWS, reviews_page),
        events=_page(service.events.select_related("actor").order_by("-id"), _EVENTS, events_page),
        runs=_latest_runs(service),
        drills=newest_drills(service),
        members=list(service.team.memberships.select_related("user").order_by("-is_lead", "user__name")[:12]),
        facts=[
            (fact.label, fact.label_of(service.facts[fact.name])) for fact in FACTS if _stated(service, fact)
        ],
        open_facts=[fact.label for fact in FACTS if not _stated(service, fact)],
        deferrals=of_service(service),
        fit_check=misfit,
        on_call=load_on_call(service, review=current),
        capacity=load_capacity(service, review=current),
    )


def _fit_check(service: Service) -> FitCheck | None:
    rows = FitCheck.objects.filter(service=service, status__in=LIVE_FIT_CHECK)
    row = rows.select_related("version__checklist", "recorded_by", "signed_by").first()
    if row is not None:
        row.service = service
    return row


def _stated(service: Service, fact: Fact) -> bool:
    return service.facts.get(fact.name) is not None


def _page(rows: QuerySet[Any], size: int, number: str) -> Page[Any]:
    return Paginator(rows, size).get_page(number)


def _waivers(signed: Review | None) -> list[Waiver]:
    """Waivers in force of the signed-off review, the first to end first."""
    if signed is None:
        return []
    in_force = signed.waivers.filter(status=WaiverStatus.GRANTED, expires_on__gte=timezone.localdate())
    return list(in_force.select_related("answer__item", "section__section").order_by("expires_on"))


def _signed_off(signed: Review | None, waivers: list[Waiver]) -> SignedOff | None:
    sign_off = getattr(signed, "sign_off", None)
    if signed is None or sign_off is None:
        return None
    in_force = tuple(
        WaiverInForce(row.expires_on, row.answer.item.title if row.answer else row.section.section.title)
        for row in waivers
    )
    stale = sign_off.stale_reason if sign_off.stale_at else None
    return SignedOff(signed.number, sign_off.verdict, stale, in_force)


def _figures(sections: list[ReviewSection]) -> list[SectionFigures]:
    return [
        SectionFigures(
            row.slug,
            row.section.title,
            row.status,
            row.applicable,
            row.answered,
            row.passing,
            row.failing,
        )
        for row in sections
    ]


def _latest_runs(service: Service) -> list[tuple[str, ProbeRun]]:
    """The newest finished run of each probe, with the probe's title."""
    runs = service.probe_runs.filter(finished_at__isnull=False).select_related(
        "review", "section", "answer__item"
    )
    newest = runs.order_by("probe", "-id").distinct("probe")
    return [(probe_title(run.probe), run) for run in newest]
