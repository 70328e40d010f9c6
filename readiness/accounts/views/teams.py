"""The list of teams, a team with its members, and changing both."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from readiness.accounts import actions, queries
from readiness.accounts.forms import MemberForm, TeamForm, show_errors
from readiness.accounts.models import Team
from readiness.accounts.rights import Actor, actor_of, allowed
from readiness.errors import Invalid
from readiness.http import redirect, render_page


@require_safe
@login_required
def index(request: HttpRequest) -> HttpResponse:
    """Every team."""
    actor = actor_of(request.user)
    allowed(actor, "team.view").require()
    search = queries.search_words(request.GET.get("q", ""))
    context = {
        "page": queries.teams(search=search, page=request.GET.get("page", "1")),
        "search": search,
        "may_create": allowed(actor, "team.create"),
    }
    return render_page(request, "accounts/teams.html", None, context)


@require_safe
@login_required
def show(request: HttpRequest, slug: str) -> HttpResponse:
    """A team and its members."""
    actor = actor_of(request.user)
    team = _team(actor, slug)
    return _render_team(request, actor, team, MemberForm(team))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def create(request: HttpRequest) -> HttpResponse:
    """Make a team."""
    actor = actor_of(request.user)
    allowed(actor, "team.create").require()
    form = TeamForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            team = actions.create_team(actor, **form.cleaned_data)
        except Invalid as error:
            show_errors(form, error)
        else:
            messages.success(request, f"Created {team}. Now add its members.")
            return redirect(request, reverse("accounts:team", args=[team.slug]))
    status = 422 if form.errors else 200
    return render_page(request, "accounts/team_form.html", None, {"form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Rename or describe a team."""
    actor = actor_of(request.user)
    team = _team(actor, slug)
    allowed(actor, "team.edit", team).require()
    initial = {"name": team.name, "description": team.description}
    form = TeamForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            actions.edit_team(actor, team.pk, **form.cleaned_data)
        except Invalid as error:
            show_errors(form, error)
        else:
            messages.success(request, "Saved.")
            return redirect(request, reverse("accounts:team", args=[slug]))
    context = {"form": form, "team": team}
    return render_page(request, "accounts/team_form.html", None, context, status=422 if form.errors else 200)


@require_POST
@login_required
def add_member(request: HttpRequest, slug: str) -> HttpResponse:
    """Put a person into the team."""
    actor = actor_of(request.user)
    team = _team(actor, slug)
    allowed(actor, "team.members", team).require()
    form = MemberForm(team, request.POST)
    if form.is_valid():
        user, is_lead = form.cleaned_data["user"], form.cleaned_data["is_lead"]
        try:
            actions.add_member(actor, team.pk, user.pk, is_lead=is_lead)
        except Invalid as error:
            show_errors(form, error)
        else:
            messages.success(request, f"{user} is now in {team}.")
            return redirect(request, reverse("accounts:team", args=[slug]))
    return _render_team(request, actor, team, form, status=422)


@require_POST
@login_required
def change_member(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Make member `pk` a lead (`act=lead`), a member again (`unlead`), or take them out (`remove`)."""
    actor = actor_of(request.user)
    team = _team(actor, slug)
    allowed(actor, "team.members", team).require()
    act = request.POST.get("act", "")
    if act == "remove":
        actions.remove_member(actor, team.pk, pk)
    elif act in {"lead", "unlead"}:
        actions.set_lead(actor, team.pk, pk, is_lead=act == "lead")
    else:
        raise Invalid("That is not something a page of ours asks for. Reload the team's page and try again.")
    messages.success(request, "Saved. It holds from their next click on.")
    # A lead who left, or gave the lead away, may still read the page.
    return redirect(request, reverse("accounts:team", args=[slug]))


def _team(actor: Actor, slug: str) -> Team:
    """Fetch a team that `actor` may see; a stranger learns nothing of it."""
    allowed(actor, "team.view").require()
    return get_object_or_404(Team, slug=slug)


def _render_team(
    request: HttpRequest, actor: Actor, team: Team, form: MemberForm, status: int = 200
) -> HttpResponse:
    context = {
        "team": team,
        "page": queries.members(team, page=request.GET.get("page", "1")),
        "form": form,
        "may_edit": allowed(actor, "team.edit", team),
        "may_change_members": allowed(actor, "team.members", team),
    }
    return render_page(request, "accounts/team.html", None, context, status=status)
