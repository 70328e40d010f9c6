"""The one shape of a view that acts: check right and form, act, go back; or show what was typed again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse

from readiness.errors import DomainError, Invalid, NotFound, Refused
from readiness.http import redirect, wants_fragment
from readiness.typed import shows, typed_in

Again = Callable[[DomainError], HttpResponse]


def act(
    request: HttpRequest,
    form: Form | None,
    do: Callable[[dict[str, Any]], object],
    *,
    done: str,
    to: str | Callable[[], str],
    again: Again,
) -> HttpResponse:
    """Run `do` with the form's values, say `done` and go to `to`; a function is asked afterwards.

    When the form or the action refuses, `again` draws the page with the error and the form as it was typed;
    `keeping` sees to that. A missing right is no matter of the form: Refused and NotFound go on to the error
    pages.
    """
    if form is not None and not form.is_valid():
        return keeping(request, again, Invalid("Nothing is saved yet."), form)
    try:
        do(form.cleaned_data if form is not None else {})
    except (Refused, NotFound) as error:
        error.typed = typed_in(request.POST, form)
        raise
    except DomainError as error:
        if form is not None and isinstance(error, Invalid):
            _attach(form, error)
        return keeping(request, again, error, form)
    messages.success(request, done)
    return redirect(request, to if isinstance(to, str) else to())


def keeping(
    request: HttpRequest,
    again: Again,
    error: DomainError,
    form: Form | None = None,
    labels: dict[str, str] | None = None,
) -> HttpResponse:
    """Draw the page again. Where it has no place any more for what was typed, that stands beside the error.

    The state that refuses an act often hides its form too. A fragment leaves the page and its form alone.
    """
    response = again(error)
    if wants_fragment(request):
        return response
    typed = typed_in(request.POST, form, labels)
    if shows(response, typed):
        return response
    error.typed = typed
    return again(error)


def _attach(form: Form, error: Invalid) -> None:
    for name, texts in error.fields.items():
        for text in texts:
            form.add_error(name if name in form.fields else None, text)
