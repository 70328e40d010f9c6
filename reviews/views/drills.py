"""Drills: arrange one, run it on its page, grade it, or record one that happened elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from checklist.models import Item
from checklist.rules.drills import RUNNER_WORDS
from checklist.rules.specs import DrillSpec
from readiness.decisions import Decision, refused
from readiness.errors import DomainError, NotFound
from readiness.http import render_page
from reviews import access, permissions
from reviews.actions import drill_results, drills
from reviews.drill_chart import short
from reviews.forms import drills as forms
from reviews.models import Answer, Drill
from reviews.permissions import Subject
from reviews.queries.drills import DrillSheet, candidates, chart_of, load_drill, spec_of, standing_of
from reviews.states import DRILL_VERBS, drill_allows, review_allows
from reviews.views.acting import Again, act
from reviews.views.items import item_url

_VERBS: Final = ("drill.start", "drill.run", "drill.log", "drill.stop", "drill.grade", "drill.abandon")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def arrange(request: HttpRequest, slug: str, number: int, section_slug: str, item_slug: str) -> HttpResponse:
    """Say who runs the next drill of the item, and who watches."""
    row, spec = _find(request, slug, number, section_slug, item_slug, "drill.arrange")
    actor = access.actor(request)
    people = candidates(row, spec.runner)
    if request.method != "POST":
        form = forms.PeopleForm(spec=spec, people=people, initial={"witness": actor.id})
        return _setting_up(request, row, form)
    form = forms.PeopleForm(request.POST, spec=spec, people=people)
    made: list[Drill] = []

    def do(typed: dict[str, Any]) -> None:
        made.append(
            drills.arrange_drill(
                actor, row.review_id, item_slug, runner_id=typed["runner"], witness_id=typed["witness"]
            )
        )

    return act(
        request,
        form,
        do,
        done="The drill is arranged. Open this page on both devices, then start the clock.",
        to=lambda: str(made[0].get_absolute_url()),
        again=lambda error: _setting_up(request, row, form, error),
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def record(request: HttpRequest, slug: str, number: int, section_slug: str, item_slug: str) -> HttpResponse:
    """Record a drill that happened elsewhere."""
    row, spec = _find(request, slug, number, section_slug, item_slug, "drill.record")
    people = candidates(row, spec.runner)
    if request.method != "POST":
        return _setting_up(request, row, forms.RecordForm(spec=spec, people=people))
    form = forms.RecordForm(request.POST, request.FILES, spec=spec, people=people)
    return act(
        request,
        form,
        lambda typed: drill_results.record_drill(
            access.actor(request), row.review_id, item_slug, _recorded(form, typed)
        ),
        done="The drill is recorded, as self-reported.",
        to=f"{item_url(row)}#drills",
        again=lambda error: _setting_up(request, row, form, error),
    )


def _recorded(form: forms.RecordForm, typed: dict[str, Any]) -> drill_results.Recorded:
    return drill_results.Recorded(
        runner_id=typed["runner"],
        witness_id=typed["witness"],
        started_at=typed["started_at"],
        stopped_at=typed["stopped_at"],
        outcome=typed["outcome"],
        log=typed["log"],
        commands=typed.get("commands", ""),
        answers=form.by_question("answer"),
        grades=form.by_question("grade"),
        raw_fields=form.raw_fields,
        result=form.given_result(),
    )


@login_required
@require_safe
def drill(request: HttpRequest, drill_id: int) -> HttpResponse:
    """Show a drill: the clock, the questions, the log, and what the reader may do."""
    return _page(request, access.drill(request, drill_id))


@login_required
@require_safe
def progress(request: HttpRequest, drill_id: int) -> HttpResponse:
    """Answer what the other person sees of it: answers and log. Asked for every two seconds."""
    row = access.drill(request, drill_id)
    return render(request, "reviews/drills/_progress.html", {"drill": row, "sheet": load_drill(row)})


@login_required
@require_safe
def clock_now(request: HttpRequest, drill_id: int) -> HttpResponse:
    """Answer the server's clock for this drill, in milliseconds, with where the drill stands."""
    row = access.drill(request, drill_id)
    found = DrillSheet(row, spec_of(row.answer.item)).elapsed()
    body = {"status": row.status, "elapsed_ms": found.ms, "sure": found.sure}
    return JsonResponse(body, headers={"Cache-Control": "no-store"})


@login_required
@require_POST
def start(request: HttpRequest, drill_id: int) -> HttpResponse:
    """Start the clock."""
    row = access.drill(request, drill_id, "drill.start")
    form = forms.StartForm(request.POST, spec=spec_of(row.answer.item), runner=str(row.runner))
    return _act(
        request,
        row,
        form,
        lambda typed: drills.start_drill(access.actor(request), row.pk, **typed),
        done="The clock runs.",
        start=form,
    )


@login_required
@require_POST
def answer(request: HttpRequest, drill_id: int, question: str) -> HttpResponse:
    """Give an answer; the last one stops the clock."""
    row = access.drill(request, drill_id, "drill.run")
    form = forms.TextForm(request.POST, prefix=f"answer-{question}")
    return _act(
        request,
        row,
        form,
        lambda typed: drills.give_answer(access.actor(request), row.pk, question, typed["text"]),
        done="Your answer is taken, with its time.",
        **{f"answer-{question}": form},
    )


@login_required
@require_POST
def add_note(request: HttpRequest, drill_id: int) -> HttpResponse:
    """Write a line into the log."""
    row = access.drill(request, drill_id, "drill.log")
    form = forms.TextForm(request.POST, prefix="note")
    return _act(
        request,
        row,
        form,
        lambda typed: drills.note(access.actor(request), row.pk, typed["text"]),
        done="Noted.",
        note=form,
    )


@login_required
@require_POST
def details(request: HttpRequest, drill_id: int) -> HttpResponse:
    """Keep the command and the fields of the record."""
    row = access.drill(request, drill_id, "drill.log")
    form = forms.DetailsForm(request.POST, spec=spec_of(row.answer.item))
    return _act(
        request,
        row,
        form,
        lambda typed: drills.fill_in(
            access.actor(request), row.pk, form.raw_fields, typed.get("commands", "")
        ),
        done="Saved.",
        details=form,
    )


@login_required
@require_POST
def result(request: HttpRequest, drill_id: int) -> HttpResponse:
    """Attach the result."""
    row = access.drill(request, drill_id, "drill.log")
    form = forms.ResultForm(request.POST, request.FILES)
    return _act(
        request,
        row,
        form,
        lambda _typed: drill_results.attach_result(access.actor(request), row.pk, form.result()),
        done="The result is attached.",
        result=form,
    )


@login_required
@require_POST
def stop(request: HttpRequest, drill_id: int) -> HttpResponse:
    """Stop the clock; stopping twice is fine."""
    row = access.drill(request, drill_id, "drill.stop")
    return _act(
        request,
        row,
        None,
        lambda _typed: drills.stop_drill(access.actor(request), row.pk),
        done="The clock is stopped.",
    )


@login_required
@require_POST
def grade(request: HttpRequest, drill_id: int) -> HttpResponse:
    """Grade the drill, which ends it."""
    row = access.drill(request, drill_id, "drill.grade")
    form = forms.GradeForm(request.POST, given=load_drill(row).given)
    return _act(
        request,
        row,
        form,
        lambda typed: drill_results.grade_drill(
            access.actor(request),
            row.pk,
            outcome=typed["outcome"],
            grades=form.grades,
            remark=typed["remark"],
        ),
        done="The drill is graded and kept.",
        grade=form,
    )


@login_required
@require_POST
def abandon(request: HttpRequest, drill_id: int) -> HttpResponse:
    """Call the drill off."""
    row = access.drill(request, drill_id, "drill.abandon")
    return _act(
        request,
        row,
        None,
        lambda _typed: drills.abandon_drill(access.actor(request), row.pk, request.POST.get("reason", "")),
        done="The drill is called off. It stays in the record and does not count.",
    )


def _act(
    request: HttpRequest,
    row: Drill,
    form: Form | None,
    do: Callable[[dict[str, Any]], object],
    *,
    done: str,
    **typed: Form,
) -> HttpResponse:
    def again(error: DomainError) -> HttpResponse:
        return _page(request, access.drill(request, row.pk), forms_typed=typed, error=error)

    drawn: Again = again
    return act(request, form, do, done=done, to=row.get_absolute_url(), again=drawn)


def _find(
    request: HttpRequest, slug: str, number: int, section_slug: str, item_slug: str, verb: str
) -> tuple[Answer, DrillSpec]:
    row = access.answer(request, slug, number, section_slug, item_slug, verb)
    if row.item.kind != Item.Kind.DRILL:
        raise NotFound("This item asks for no drill.")
    return row, spec_of(row.item)


def _setting_up(
    request: HttpRequest,
    row: Answer,
    form: forms.PeopleForm | forms.RecordForm,
    error: DomainError | None = None,
) -> HttpResponse:
    recording = isinstance(form, forms.RecordForm)
    context = {
        "form": form,
        "error": error,
        "item": row.item,
        "review": row.review,
        "section": row.section,
        "item_url": item_url(row),
        "rule": RUNNER_WORDS[form.spec.runner],
        "spec": form.spec,
    }
    name = "record" if recording else "arrange"
    status = error.status if error else 200
    return render_page(request, f"reviews/drills/{name}.html", None, context, status)


def _page(
    request: HttpRequest,
    row: Drill,
    *,
    forms_typed: dict[str, Form] | None = None,
    error: DomainError | None = None,
) -> HttpResponse:
    sheet = load_drill(row)
    found = sheet.elapsed()
    may = _may(request, row)
    reads = permissions.allowed(access.actor(request), "review.view", Subject(row.review.service.team_id))
    context = {
        "drill": row,
        "sheet": sheet,
        "spec": sheet.spec,
        "review": row.review,
        "section": row.answer.section,
        "item": row.answer.item,
        "rule": RUNNER_WORDS[sheet.spec.runner],
        "elapsed": found,
        "clock_words": short(found.ms / 1000),
        "limit_words": short(sheet.limit_ms / 1000) if sheet.limit_ms else "",
        "over": sheet.limit_ms is not None and found.ms > sheet.limit_ms,
        "standing": standing_of(row, sheet.spec),
        "may": may,
        "reads_review": bool(reads),
        "item_url": item_url(row.answer),
        "chart": chart_of(row.service_id, row.item, sheet.spec) if row.ended_at and reads else None,
        "error": error,
        **_forms(sheet, forms_typed or {}),
    }
    return render_page(request, "reviews/drills/page.html", None, context, error.status if error else 200)


def _may(request: HttpRequest, row: Drill) -> dict[str, Decision]:
    """What the reader may do with the drill now: rights, the review's status and the drill's."""
    about, actor = access.drill_subject(row), access.actor(request)
    found = {}
    for verb in _VERBS:
        decision = permissions.allowed(actor, verb, about)
        why_not = review_allows(verb, row.review.status)
        if why_not is None and verb in DRILL_VERBS:
            why_not = drill_allows(verb, row.status)
        found[verb.removeprefix("drill.")] = refused(why_not) if decision and why_not else decision
    return found


def _forms(sheet: DrillSheet, typed: dict[str, Form]) -> dict[str, Any]:
    drill, spec = sheet.drill, sheet.spec
    answers = [
        (
            each,
            typed.get(f"answer-{each.slug}")
            or forms.TextForm(prefix=f"answer-{each.slug}", label=each.text, initial={"text": each.answer}),
        )
        for each in sheet.given
    ]
    for each, form in answers:
        form.fields["text"].label = each.text
    note = typed.get("note") or forms.TextForm(prefix="note")
    note.fields["text"].label = "A line for the log"
    asks = bool(spec.fields or spec.max_commands is not None)
    details = typed.get("details") or forms.DetailsForm(spec=spec, initial=forms.details_initial(sheet))
    return {
        "start_form": typed.get("start") or forms.StartForm(spec=spec, runner=str(drill.runner)),
        "answer_forms": answers,
        "note_form": note,
        "details_form": details if asks else None,
        "result_form": (typed.get("result") or forms.ResultForm()) if spec.artifact else None,
        "grade_form": typed.get("grade") or forms.GradeForm(given=sheet.given),
    }
