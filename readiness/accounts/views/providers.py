"""Leaving for a sign-in provider."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.socialaccount.providers.github.views import oauth2_login
from allauth.socialaccount.providers.openid_connect.views import login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from requests import RequestException

from readiness.errors import Unavailable

View = Callable[..., HttpResponse]


def _leaving(view: View) -> View:
    """Let allauth's `view` start the sign-in, and take the browser there by a page instead of a redirect.

    Our `form-action 'self'` also holds for where a submitted form is redirected to, and nobody can list the
    hosts that a provider sends people on to. A page that refreshes to the address is not part of the form.
    """

    @wraps(view)
    def start(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except RequestException as error:
            raise Unavailable(
                "The sign-in service does not answer. Try again in a few minutes, or use your password."
            ) from error
        if not isinstance(response, HttpResponseRedirect):
            return response
        if url_has_allowed_host_and_scheme(response.url, {request.get_host()}):
            return response
        return render(request, "accounts/leaving.html", {"redirect_to": response.url})

    return start


openid_connect = _leaving(login)
github = _leaving(oauth2_login)
