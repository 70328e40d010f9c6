"""The list of people, inviting somebody, and what an administrator changes about a person."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from readiness.accounts import actions, queries
from readiness.accounts.forms import InviteForm, PersonForm, RolesForm, show_errors
from readiness.accounts.mail import send_factors_removed, send_invitation
from readiness.accounts.models import Team, User
from readiness.accounts.rights import Actor, actor_of, allowed
from readiness.errors import Conflict, Invalid, Unavailable, WrongState
from readiness.http import redirect, render_page


@require_safe
@login_required
def index(request: HttpRequest) -> HttpResponse:
    """Everybody, with search and filters that live in the address."""
    actor = actor_of(request.user)
    allowed(actor, "people.view").require()
    wanted = {
        "search": queries.search_words(request.GET.get("q", "")),
        "role": request.GET.get("role", ""),
        "status": request.GET.get("status", "active"),
    }
    context = {
        **wanted,
        "page": queries.people(**wanted, page=request.GET.get("page", "1")),
        "role_filters": queries.ROLE_FILTERS,
        "status_filters": queries.STATUS_FILTERS,
        "may_invite": allowed(actor, "people.invite"),
        "may_edit": allowed(actor, "people.edit"),
    }
    return render_page(request, "accounts/people.html", "accounts/_people.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def invite(request: HttpRequest) -> HttpResponse:
    """Add a person by name, address and roles; they get a mail with a link to choose a password."""
    actor = actor_of(request.user)
    allowed(actor, "people.invite").require()
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = actions.invite_person(
                actor, name=form.cleaned_data["name"], email=form.cleaned_data["email"], roles=_roles(form)
            )
        except Invalid as error:
            show_errors(form, error)
        else:
            _send(request, user)
            return redirect(request, reverse("accounts:people"))
    status = 422 if form.errors else 200
    return render_page(request, "accounts/invite.html", None, {"form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a person's name, roles and teams, or whether they may sign in."""
    actor = actor_of(request.user)
    allowed(actor, "people.edit").require()
    user = get_object_or_404(User, pk=pk)
    stored = actions.person_of(user)
    form, status = PersonForm(initial=_initial(stored)), HTTPStatus.OK
    if request.method == "POST":
        form = PersonForm(request.POST, initial=_initial(stored))
        status = _save(actor, pk, form, request.POST.get("seen", ""))
        if status == HTTPStatus.OK:
            messages.success(request, f"Saved. It holds from {form.cleaned_data['name']}'s next click on.")
            return redirect(request, reverse("accounts:people"))
    context = {
        "form": form,
        "person": user,
        "seen": stored.fingerprint,
        "has_factors": is_mfa_enabled(user),
        "stored": _words(stored) if status == HTTPStatus.CONFLICT else None,
    }
    return render_page(request, "accounts/person.html", None, context, status=status)


def _save(actor: Actor, pk: int, form: PersonForm, seen: str) -> HTTPStatus:
    """Store the form if it can be stored; otherwise leave in it what is wrong."""
    if not form.is_valid():
        return HTTPStatus.UNPROCESSABLE_ENTITY
    person = actions.Person(form.cleaned_data["name"], form.cleaned_data["is_active"], _roles(form))
    try:
        actions.edit_person(actor, pk, person, seen=seen)
    except Conflict as error:
        form.add_error(None, error.message)
        return HTTPStatus.CONFLICT
    except Invalid as error:
        show_errors(form, error)
        return HTTPStatus.UNPROCESSABLE_ENTITY
    return HTTPStatus.OK


@require_POST
@login_required
def send_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the invitation again to somebody who has not signed in yet."""
    allowed(actor_of(request.user), "people.invite").require()
    user = get_object_or_404(User, pk=pk)
    if not user.is_invited:
        raise WrongState(f"{user} has an account already. They can use “Forgot your password?” to sign in.")
    _send(request, user)
    return redirect(request, reverse("accounts:person", args=[pk]))


@require_POST
@login_required
def remove_factors(request: HttpRequest, pk: int) -> HttpResponse:
    """Take every second factor from somebody who lost theirs, and tell them by mail."""
    user = actions.remove_second_factors(actor_of(request.user), pk)
    try:
        send_factors_removed(user, removed_by=str(request.user))
    except Unavailable as error:
        messages.warning(request, error.message)
    else:
        messages.success(request, f"The second factors of {user} are gone. A mail tells them so.")
    return redirect(request, reverse("accounts:person", args=[pk]))


def _send(request: HttpRequest, user: User) -> None:
    try:
        send_invitation(user, invited_by=str(request.user))
    except Unavailable as error:
        messages.warning(request, error.message)
    else:
        messages.success(request, f"{user} was invited: a mail is on its way to {user.email}.")


def _roles(form: RolesForm) -> actions.Roles:
    data = form.cleaned_data
    return actions.Roles(
        is_viewer=data["is_viewer"],
        is_accountable=data["is_accountable"],
        is_admin=data["is_admin"],
        reviewer_roles=frozenset(data["reviewer_roles"]),
        team_ids=frozenset(team.pk for team in data["teams"]),
    )


def _initial(person: actions.Person) -> dict[str, Any]:
    data = person.as_data()
    return {**data, "teams": data["team_ids"]}


def _words(person: actions.Person) -> dict[str, str]:
    """What is stored now, for the page that tells of a conflict."""
    held = User(**{key: value for key, value in person.as_data().items() if key != "team_ids"})
    teams = Team.objects.filter(pk__in=person.roles.team_ids)
    return {
        "Name": person.name,
        "Active": "yes" if person.is_active else "no",
        "Roles": "; ".join(held.role_words) or "none",
        "Teams": ", ".join(team.name for team in teams) or "none",
    }
