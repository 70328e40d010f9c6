"""One's own name and time zone, and the way to everything else about one's account."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from readiness.accounts import actions
from readiness.accounts.forms import ProfileForm
from readiness.accounts.models import User
from readiness.accounts.queries import with_teams
from readiness.accounts.rights import actor_of
from readiness.http import redirect, render_page


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def settings(request: HttpRequest) -> HttpResponse:
    """Show and change the signed-in person's profile."""
    user = cast("User", request.user)
    initial = {"name": user.name, "time_zone": user.time_zone}
    form = ProfileForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        actions.edit_profile(actor_of(user), **form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect(request, reverse("accounts:settings"))
    person = with_teams(User.objects.filter(pk=user.pk)).get()
    status = 422 if form.errors else 200
    return render_page(
        request, "accounts/settings.html", None, {"form": form, "person": person}, status=status
    )
