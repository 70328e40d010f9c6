"""What the pages of people and teams read. Query counts do not grow with rows."""

from __future__ import annotations

from typing import Any, Final

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.core.paginator import Page, Paginator
from django.db.models import Count, Prefetch, Q, QuerySet

from readiness.accounts.models import Membership, Team, User
from readiness.accounts.roles import REVIEWER_ROLES

PER_PAGE: Final = 50

# Filters of the list of people: what stands in the address, and what the page calls it.
ROLE_FILTERS: Final[dict[str, str]] = {
    "admin": "Administrators",
    "accountable": "Accountable",
    "viewer": "Viewers",
    "reviewer": "Reviewers, any role",
    **{slug: f"Reviewers: {title}" for slug, title in REVIEWER_ROLES.items()},
    "none": "Without role and team",
}
STATUS_FILTERS: Final[dict[str, str]] = {
    "active": "Active",
    "invited": "Invited, not signed in yet",
    "inactive": "Deactivated",
}
_FLAGS: Final = {"admin": "is_admin", "accountable": "is_accountable", "viewer": "is_viewer"}


def search_words(text: str) -> str:
    """What somebody searches for, as PostgreSQL can take it: no NUL, one line, 200 characters."""
    return " ".join(text.replace("\0", " ").split())[:200]


def people(*, search: str, role: str, status: str, page: str) -> Page[User]:
    """One page of people with their `memberships` loaded: two queries and the count.

    `search` is looked for in name and address; `role` and `status` are keys of the filters above, others do
    not filter. `page` is taken leniently: a page that does not exist becomes the nearest.
    """
    found = User.objects.filter(_role(role), _status(status))
    for word in search.split()[:8]:
        found = found.filter(Q(name__icontains=word) | Q(email__icontains=word))
    return Paginator(with_teams(found), PER_PAGE).get_page(page)


def with_teams(found: QuerySet[User]) -> QuerySet[User]:
    """Load the `memberships` of people with their teams, by name: one more query for all of them."""
    by_name = Membership.objects.select_related("team").order_by("team__name")
    return found.prefetch_related(Prefetch("memberships", by_name))


def teams(*, search: str, page: str) -> Page[Any]:
    """One page of teams with `member_count`, and their leads in `leads`."""
    leads = Membership.objects.filter(is_lead=True, user__is_active=True).select_related("user")
    found = Team.objects.annotate(
        member_count=Count("memberships", filter=Q(memberships__user__is_active=True))
    ).prefetch_related(Prefetch("memberships", leads.order_by("user__name"), to_attr="leads"))
    for word in search.split()[:8]:
        found = found.filter(name__icontains=word)
    return Paginator(found.order_by("name"), PER_PAGE).get_page(page)


def members(team: Team, *, page: str) -> Page[Membership]:
    """One page of a team's members with their users: leads first, then by name."""
    found = Membership.objects.filter(team=team).select_related("user")
    return Paginator(found.order_by("-is_lead", "user__name", "user_id"), PER_PAGE).get_page(page)


def _role(role: str) -> Q:
    if role in _FLAGS:
        return Q(**{_FLAGS[role]: True})
    if role in REVIEWER_ROLES:
        return Q(reviewer_roles__contains=[role])
    if role == "reviewer":
        return Q(reviewer_roles__len__gt=0)
    if role == "none":
        flags = dict.fromkeys(_FLAGS.values(), False)
        return Q(**flags, reviewer_roles__len=0, memberships__isnull=True)
    return Q()


def _status(status: str) -> Q:
    if status == "inactive":
        return Q(is_active=False)
    if status == "invited":
        return Q(is_active=True, last_login__isnull=True, password__startswith=UNUSABLE_PASSWORD_PREFIX)
    return Q(is_active=True) if status == "active" else Q()
