"""The style guide at /styleguide/, only with DEBUG: every component in every state, for people and tests."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from readiness.accounts.models import User
from readiness.errors import Conflict, DomainError, Invalid, Refused
from readiness.http import render_session_ended
from readiness.ui import STATUSES

PAGES: Final = {"": "Components", "forms": "Forms", "workspace": "Workspace", "services": "Services"}

_PEOPLE: Final = [
    User(pk=number, name=name, email=f"{number}@example.org")
    for number, name in enumerate(
        ("Mara Kerr", "Jo Soto", "Tobi Okafor", "Ada Lind", "Ines Ferro", "Wen"), start=1
    )
]
_ERRORS: Final[dict[str, DomainError]] = {
    "refused": Refused(
        "Only reviewers with the role Security may approve this section. Ask an admin for it."
    ),
    "invalid": Invalid("Two fields need your attention.", {"name": ["Give the service a name."]}),
    "conflict": Conflict("Tobi Okafor saved this answer while you wrote yours. Both texts are shown below."),
}


class SampleForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(
        help_text="Lower case, as in your repository. It becomes part of addresses.", max_length=40
    )
    tier = forms.ChoiceField(choices=[("1", "Tier 1: customers notice at once"), ("2", "Tier 2")])
    url = forms.URLField(label="Address", required=False, assume_scheme="https")
    due = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}), help_text="In your own time zone.")
    peak = forms.IntegerField(label="Peak traffic", widget=forms.NumberInput(attrs={"placeholder": "1200"}))
    note = forms.CharField(widget=forms.Textarea, required=False, help_text="Markdown works here.")
    kind = forms.ChoiceField(
        widget=forms.RadioSelect, choices=[("link", "A link"), ("file", "A file"), ("note", "A note")]
    )
    regulated = forms.BooleanField(required=False, help_text="Payment, health or otherwise regulated data.")
    proof = forms.FileField(required=False, help_text="PDF, PNG, JSON or text, at most 20 MB.")


def page(request: HttpRequest, name: str = "") -> HttpResponse:
    """One page of the guide, or 404."""
    if name not in PAGES:
        raise Http404
    if name == "" and "quiet" not in request.GET:
        messages.success(
            request, "The service checkout was added. Start its first review when you are ready."
        )
        messages.warning(request, "The restore drill of identity is 94 days old.")
        messages.error(request, "The file was not taken: it is empty.")
    request.user = _PEOPLE[0]
    template = f"styleguide/{name or 'components'}.html"
    return render(request, template, _context(), status=422 if name == "forms" else 200)


def error(request: HttpRequest, kind: str) -> HttpResponse:
    """Raise one of the domain's errors, to see it as a page and as a toast."""
    request.user = _PEOPLE[0]
    if kind not in _ERRORS:
        raise Http404
    raise _ERRORS[kind]


def save(request: HttpRequest) -> HttpResponse:
    """Stand in for saving an answer; session, refused, broken or conflict in the note makes it fail."""
    note = request.POST.get("note", "")
    request.user = _PEOPLE[0]
    if "session" in note:
        return render_session_ended(request, "/accounts/login/?next=/styleguide/workspace/")
    if "refused" in note:
        raise _ERRORS["refused"]
    if "broken" in note:
        return HttpResponse("A proxy's own page", status=502)
    given = request.POST.get("revision", "1")
    if "conflict" in note and given == "1":
        conflict = {"form_id": "answer-noise", "actor": _PEOPLE[2], "at": timezone.now(), "revision": 7}
        texts = {"mine": note, "theirs": "Two of them are gone since.", "theirs_status": "met"}
        return render(request, "components/conflict.html", {**conflict, **texts}, status=409)
    return render(request, "styleguide/saved.html", {"revision": int(given) + 1})


def _context() -> dict[str, Any]:
    now = timezone.now()
    bound = SampleForm({"name": "", "due": "31 February", "peak": "many", "kind": "none"})
    bound.add_error(None, "A service with this repository exists already.")
    return {
        "pages": PAGES,
        "people": _PEOPLE,
        "statuses": STATUSES,
        "my_work_count": 4,
        "times": [
            now - dt.timedelta(seconds=s) for s in (5, 700, 7300, 200_000, 900_000, 40_000_000, -300_000)
        ],
        "today": now.date(),
        "cells": ["met"] * 4 + ["not_met", "met", "met", "waived", "met"] + ["unanswered"] * 3,
        "cells_short": ["met"] * 4 + ["unanswered"] * 2,
        "paged": Paginator(range(240), 50).page(2),
        "form": SampleForm(),
        "bound": bound,
        "rows": [
            {**row, "cells": [(label, *cell) for label, cell in zip(_SECTIONS, row["cells"], strict=True)]}
            for row in _MATRIX
        ],
        "sections": _SECTIONS,
    }


_SECTIONS: Final = [
    "Observe",
    "Alert",
    "On-call",
    "Runbook",
    "Capacity",
    "Security",
    "Backup",
    "Deploy",
    "Defer",
]
_OPEN: Final = ["0/6", "0/5", "0/6", "0/13", "0/5", "0/5", "0/5"]
_MATRIX: Final[list[dict[str, Any]]] = [
    {
        "name": "checkout",
        "tier": 1,
        "team": "Payments",
        "verdict": "in_review",
        "next": "2 blockers in Alerting",
        "cells": [
            ("met", "8/8"),
            ("not_met", "9/12"),
            ("in_review", "4/6"),
            *[("open", t) for t in _OPEN[1:]],
        ],
    },
    {
        "name": "identity",
        "tier": 1,
        "team": "Platform",
        "verdict": "ready",
        "next": "Restore drill is 94 days old",
        "cells": [
            ("met", "8/8"),
            ("met", "12/12"),
            ("stale", "stale"),
            ("met", "5/5"),
            ("met", "6/6"),
            ("met", "13/13"),
            ("stale", "stale"),
            ("met", "5/5"),
            ("met", "5/5"),
        ],
    },
    {
        "name": "search",
        "tier": 2,
        "team": "Discovery",
        "verdict": "ready_with_waivers",
        "next": "Waiver on egress ends 31 Jan",
        "cells": [("met", "8/8"), ("met", "12/12"), ("met", "6/6"), *[("met", "5/5")] * 6],
    },
    {
        "name": "invoicing",
        "tier": 2,
        "team": "Payments",
        "verdict": "not_ready",
        "next": "No traces on the refund path",
        "cells": [("not_met", "6/8"), ("open", "0/12"), *[("open", t) for t in _OPEN]],
    },
]
