"""Signing in to the demo with one click."""

from __future__ import annotations

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed

from readiness.accounts.forms import DemoForm
from readiness.errors import Invalid


def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in as the demo's person named by `user` (an id). Does not exist outside the demo."""
    if not settings.DEMO:
        raise Http404
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    form = DemoForm(request.POST)
    if not form.is_valid():
        raise Invalid("Choose one of the people on the sign-in page.")
    user = form.cleaned_data["user"]
    record_authentication(request, user, method="demo", reauthenticated=True)
    response: HttpResponse = perform_login(request, user, email_verification="none")
    return response
