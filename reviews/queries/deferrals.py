"""The register over all services: filters, one page of rows, and the same as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, QuerySet

from readiness.accounts.models import User
from readiness.accounts.rights import Actor
from reviews.models import Deferral, Event, Service
from reviews.queries.services import visible_to
from reviews.states import DeferralState

_PAGE: Final = 50
_EVENTS: Final = 20
COLUMNS: Final = (
    "service",
    "decision",
    "state",
    "reason",
    "owner",
    "owner_email",
    "trigger",
    "decided_on",
    "reopened_on",
    "reached_because",
)


@dataclass(frozen=True, slots=True)
class Choice:
    """The filters, as the address has them. `state` is one of the states or empty; owner and service free."""

    state: str = ""
    owner: str = ""
    service: str = ""

    @classmethod
    def read(cls, get: Mapping[str, str], actor: Actor) -> Choice:
        """Read the filters; what makes no sense is left out. The owner may be “me”."""
        state = get.get("state", "")
        owner = get.get("owner", "")
        mine = str(actor.id) if owner == "me" else owner
        return cls(
            state if state in DeferralState.values else "",
            mine if mine.isdigit() and len(mine) < 10 else "",  # noqa: PLR2004
            get.get("service", "").replace("\x00", "").strip()[:100],
        )

    @property
    def narrows(self) -> bool:
        """Whether anything is filtered."""
        return bool(self.state or self.owner or self.service)


@dataclass(frozen=True, slots=True)
class Register:
    """One page of the register, with the numbers of the filters and the owners to choose from."""

    page: Page[Deferral]
    counts: dict[str, int]
    owners: list[User]


def load_register(actor: Actor, choice: Choice, number: str) -> Register:
    """Load one page, the decisions to look at again first. Five queries, whatever the size."""
    everything = _visible(actor)
    found = filtered(actor, choice)
    owners = User.objects.filter(pk__in=everything.values("owner_id")).order_by("name", "pk")
    return Register(Paginator(found, _PAGE).get_page(number), _counts(everything), list(owners[:500]))


def filtered(actor: Actor, choice: Choice) -> QuerySet[Deferral]:
    """Decisions that `actor` may see and that fit the filters. Closed ones only when they are asked for."""
    rows = _visible(actor).select_related("service__team", "owner")
    rows = rows.filter(state=choice.state) if choice.state else rows.exclude(state=DeferralState.CLOSED)
    if choice.owner:
        rows = rows.filter(owner_id=int(choice.owner))
    if choice.service:
        rows = rows.filter(Q(service__name__icontains=choice.service) | Q(service__slug=choice.service))
    reopened_first = Q(state=DeferralState.REOPENED)
    return rows.alias(is_due=reopened_first).order_by("-is_due", "service__name", "pk")


def _visible(actor: Actor) -> QuerySet[Deferral]:
    services = visible_to(actor).filter(archived_at__isnull=True)
    return Deferral.objects.filter(service__in=services.values("pk"))


def _counts(rows: QuerySet[Deferral]) -> dict[str, int]:
    return rows.aggregate(**{state: Count("pk", filter=Q(state=state)) for state in DeferralState.values})


def cells(rows: QuerySet[Deferral]) -> Iterator[dict[str, str]]:
    """Rows as cells of a CSV file, in the order of COLUMNS."""
    for row in rows.iterator(chunk_size=500):
        yield {
            "service": row.service.slug,
            "decision": row.title,
            "state": row.get_state_display(),
            "reason": row.reason,
            "owner": str(row.owner),
            "owner_email": row.owner.email,
            "trigger": row.trigger_text,
            "decided_on": row.decided_at.date().isoformat(),
            "reopened_on": row.reopened_at.date().isoformat() if row.reopened_at else "",
            "reached_because": row.reopened_why,
        }


def of_service(service: Service) -> list[Deferral]:
    """What a service's page shows of its register: all that stands, what is to be looked at again first."""
    rows = Deferral.objects.filter(service=service).exclude(state=DeferralState.CLOSED)
    rows = rows.select_related("owner")
    found = list(rows.order_by("pk")[:50])
    for row in found:
        row.service = service
    return sorted(found, key=lambda row: row.state != DeferralState.REOPENED)


def history(row: Deferral) -> list[Event]:
    """What happened to one decision, newest first."""
    found: QuerySet[Any] = Event.objects.filter(service_id=row.service_id, data__deferral=row.pk)
    return list(found.order_by("-id")[:_EVENTS])
