"""The form of one part of a draft: shown, worked on row by row, saved, and settled when two people met.

`base` is the text that the editor began from. It goes with the form, so that a second editor's save is
noticed and both texts are shown field by field, whatever happened in between.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from checklist.editor.draw import draw
from checklist.editor.layout import Layout
from checklist.editor.settle import differing, merge
from checklist.editor.values import (
    Values,
    drop_blank_rows,
    from_data,
    from_post,
    operate,
    starting,
    to_data,
)
from checklist.models import Part
from checklist.probes import registry
from readiness.errors import Conflict, Invalid, NotFound
from readiness.http import redirect, render_page

Data = dict[str, Any]
_LOST = "What was compared did not arrive in full. Open the part again."


@dataclass(frozen=True)
class PartForm:
    """One part and what its form needs. `stored` is None for a new one; `save` takes data and base."""

    layout: Layout
    title: str
    stored: Data | None
    full: Callable[[Data], Data]
    complaints: Callable[[Data], dict[str, list[str]]]
    save: Callable[[Data, Data], object]
    back: str
    kind: str = ""
    add_url: str = ""
    gone: bool = False
    remove_url: str = ""
    problems: Mapping[str, list[str]] = field(default_factory=dict)

    def start(self) -> Values:
        """What the form shows first."""
        return (
            starting(self.layout) if self.stored is None else from_data(self.layout, self.full(self.stored))
        )

    def with_kind(self, data: Data) -> Data:
        """The data with what no control holds."""
        return {**data, "kind": self.kind} if self.kind else data


def handle(request: HttpRequest, form: PartForm, context: dict[str, Any]) -> HttpResponse:
    """Show the form, work on its rows, save it, or settle a conflict."""
    page = _Page(request, form, context)
    if request.method != "POST":
        return page.show(form.start(), form.problems, json.dumps(form.stored))
    act = request.POST.get("act", "save")
    if act == "settle":
        return page.settle()
    values = from_post(form.layout, dict(request.POST.lists()))
    base = request.POST.get("base", "null")
    if act != "save":
        return page.show(values, {}, base, focus=operate(form.layout, values, act))
    if form.gone:
        return page.removed(values)
    drop_blank_rows(form.layout, values)
    data, unread = to_data(form.layout, values)
    if unread:
        return page.show(values, {**form.complaints(form.with_kind(data)), **unread}, base, status=422)
    return page.save(form.with_kind(data), base, values)


class _Page:
    def __init__(self, request: HttpRequest, form: PartForm, context: dict[str, Any]) -> None:
        self.request = request
        self.form = form
        self.context = context

    def show(
        self,
        values: Values,
        errors: Mapping[str, list[str]],
        base: str,
        status: int = 200,
        focus: str = "",
        **extra: Any,
    ) -> HttpResponse:
        """Draw the form with what was typed."""
        probes = [spec.id for spec in registry.active().specs()]
        drawn = draw(self.form.layout, values, errors, probes, focus)
        context = {**self.context, "form": self.form, "drawn": drawn, "base": base, "focus": focus, **extra}
        return render_page(self.request, "checklist/draft/part.html", None, context, status)

    def removed(self, values: Values) -> HttpResponse:
        """The part is gone: what was typed can be added as a new one."""
        return self.show(values, {}, "null", 409, removed=True)

    def save(self, data: Data, base: str, values: Values | None) -> HttpResponse:
        """Save, or show what is in the way beside what was typed."""
        try:
            self.form.save(data, _loads(base))
        except Invalid as error:
            return self.show(values or self._values(data), error.fields or {"": [error.message]}, base, 422)
        except Conflict as error:
            return self.conflict(data, _loads(base), error)
        except NotFound:
            return self.removed(values or self._values(data))
        messages.success(self.request, "Saved in the draft.")
        return redirect(self.request, self.form.back)

    def conflict(self, data: Data, base: Data, error: Conflict) -> HttpResponse:
        """Show both texts, field by field."""
        part: Part = error.current
        full = self.form.full
        context = {
            **self.context,
            "form": self.form,
            "conflict": error,
            "part": part,
            "differing": differing(self.form.layout, full(base), full(data), full(part.content)),
            "mine": json.dumps(data),
            "theirs": json.dumps(part.content),
        }
        return render_page(self.request, "checklist/draft/conflict.html", None, context, 409)

    def settle(self) -> HttpResponse:
        """Save what was chosen; `theirs` is the text that the person compared with."""
        post = self.request.POST
        mine, theirs = _loads(post.get("mine", "")), post.get("theirs", "")
        picks = {name.removeprefix("pick."): str(post[name]) for name in post if name.startswith("pick.")}
        full = self.form.full
        data = merge(
            self.form.layout,
            full(mine),
            full(_loads(theirs)),
            picks,
        )
        if post.get("then") == "edit":
            return self.show(self._values(data), {}, theirs)
        return self.save(data, theirs, None)

    def _values(self, data: Data) -> Values:
        try:
            return from_data(self.form.layout, self.form.full(data))
        except (TypeError, AttributeError, KeyError, ValueError) as error:
            raise Invalid(_LOST) from error


def _loads(text: str) -> Data:
    """What a hidden field carries; anything but an object is an empty one, which equals no stored part."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}
