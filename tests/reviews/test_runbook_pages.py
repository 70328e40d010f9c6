"""The list of runbooks: texts that are kept and linted, rows that are missing, and what nobody may tick."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from checklist.rules.runbooks import TEMPLATE
from readiness.accounts.rights import actor_of
from readiness.errors import Conflict
from reviews.actions.rows import save_row
from reviews.actions.runbooks import set_runbook
from reviews.models import Review, RunbookText
from reviews.table_rows import seen_of
from tests.cast import Cast
from tests.reviews.tables import ALERTS, alert, fill, make_table_review, rows_of, stored

NAMES = ("alert", "symptoms", "mitigation", "diagnosis", "rollback", "escalation")
RUNBOOK_COLUMNS: list[dict[str, Any]] = [
    {"key": "alert", "label": "Alert"},
    {"key": "runbook", "label": "Runbook", "type": "url", "required": False},
    {"key": "text", "label": "Text", "type": "runbook", "required": False},
    {
        "key": "parts",
        "label": "Parts it has",
        "type": "choices",
        "required": False,
        "from_lint": "parts",
        "choices": [{"value": name, "label": name.capitalize()} for name in NAMES],
    },
    {"key": "vague", "label": "Vague", "type": "number", "required": False, "from_lint": "vague_steps"},
]
COVERS = {"check": "covers", "source": "item-1-1", "source_column": "alert", "column": "alert"}
LIST = {
    "row_name": "runbook",
    "columns": RUNBOOK_COLUMNS,
    "checks": [{**COVERS, "when": "tier", "equals": "page"}],
}
PARTS = {
    "row_name": "runbook",
    "source": "item-1-2",
    "columns": RUNBOOK_COLUMNS,
    "checks": [{"check": "has_all", "column": "parts"}, {"check": "at_most", "column": "vague", "limit": 0}],
}
ITEM = "/services/checkout/reviews/1/section-1/item-1-2/"


@pytest.fixture
def review(cast: Cast) -> Review:
    """Two pages and a ticket; a list of runbooks with a row for one of the pages."""
    made = make_table_review(cast, ALERTS, LIST, PARTS)
    fill(cast, made, [alert("Errors"), alert("Latency"), alert("Disk", tier="ticket")])
    fill(cast, made, [{"alert": "Errors", "parts": list(NAMES), "vague": 0}], "item-1-2")
    return made


def browser(cast: Cast, role: str = "member") -> Client:
    client = Client()
    client.force_login(cast[role])
    return client


def page_of(review: Review, place: int = 0) -> tuple[str, str]:
    row = rows_of(review, "item-1-2")[place]
    return f"{ITEM}rows/{row['_id']}/runbook/", seen_of(row)


def test_a_box_that_somebody_ticks_counts_for_nothing(cast: Cast, review: Review) -> None:
    assert stored(review, "item-1-2").data["rows"][0]["parts"] is None
    judged = stored(review, "item-1-3")
    assert judged.state == "not_met"
    assert judged.judgement["rows"][0]["reasons"][0].startswith("Its text is missing.")
    row = rows_of(review, "item-1-2")[0]
    typed = {**row, "parts": "alert,symptoms", "text": "0" * 64}
    save_row(actor_of(cast.member), review.pk, "item-1-2", row["_id"], typed, seen_of(row))
    assert stored(review, "item-1-2").data["rows"][0]["parts"] is None


def test_a_pasted_text_is_linted_and_judged(cast: Cast, review: Review) -> None:
    path, seen = page_of(review)
    client = browser(cast)
    assert client.post(path, {"text": TEMPLATE.replace("\n", "\r\n"), "seen": seen}).status_code == 303
    row = rows_of(review, "item-1-2")[0]
    assert (row["parts"], row["vague"]) == (list(NAMES), 0)
    assert stored(review, "item-1-3").state == "met"
    page = client.get(path).content.decode()
    assert "Nothing to mend" in page
    assert '<a href="#L5">line 5</a>' in page


def test_a_vague_text_shows_its_lines(cast: Cast, review: Review) -> None:
    path, seen = page_of(review)
    client = browser(cast)
    client.post(path, {"text": "# X\n\n## Rollback <b>now</b>\n1. Go back somehow\n", "seen": seen})
    page = client.get(path).content.decode()
    assert '<a class="num" href="#L4">Line 4</a>' in page
    assert '<li id="L4" class="noted">' in page
    assert "<b>now</b>" not in page, "a heading is text"
    assert stored(review, "item-1-3").state == "not_met"


def test_an_uploaded_file_and_taking_it_away(cast: Cast, review: Review) -> None:
    path, seen = page_of(review)
    client = browser(cast)
    upload = SimpleUploadedFile("runbook.md", TEMPLATE.encode())
    assert client.post(path, {"text": "", "file": upload, "seen": seen}).status_code == 303
    path, seen = page_of(review)
    assert client.post(path, {"text": " ", "seen": seen}).status_code == 303
    row = rows_of(review, "item-1-2")[0]
    assert (row["text"], row["parts"]) == (None, None)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        (
            {"file": SimpleUploadedFile("big.md", b"x " * 2_621_440)},
            "5,120 KB; a runbook may have at most 256 KB",
        ),
        ({"file": SimpleUploadedFile("latin.md", b"\xe9")}, "not UTF-8"),
        ({"text": "x" * 300_000}, "at most 256 KB"),
        ({"text": "a\x00b"}, "NUL"),
    ],
)
def test_what_is_no_runbook_is_refused_and_changes_nothing(
    cast: Cast, review: Review, form: dict[str, Any], words: str
) -> None:
    path, seen = page_of(review)
    before = stored(review, "item-1-2").revision
    answer = browser(cast).post(path, {**form, "seen": seen})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert stored(review, "item-1-2").revision == before
    assert RunbookText.objects.count() == 0


def test_a_text_on_a_row_that_changed_is_a_conflict_and_stays(cast: Cast, review: Review) -> None:
    path, seen = page_of(review)
    row = rows_of(review, "item-1-2")[0]
    typed = {**row, "runbook": "https://w.example"}
    save_row(actor_of(cast.owner), review.pk, "item-1-2", row["_id"], typed, seen_of(row))
    with pytest.raises(Conflict):
        set_runbook(actor_of(cast.member), review.pk, "item-1-2", row["_id"], TEMPLATE, seen)
    page = browser(cast).post(path, {"text": "# Mine", "seen": seen})
    assert page.status_code == 409
    assert "# Mine" in page.content.decode()


def test_missing_rows_are_added_in_one_click(cast: Cast, review: Review) -> None:
    client = browser(cast)
    page = client.get(ITEM).content.decode()
    assert "1 alert that pages has no row here" in re.sub(r"\s+", " ", page)
    for _ in range(2):  # a second click adds nothing
        assert client.post(ITEM + "add-missing/").status_code == 303
    rows = rows_of(review, "item-1-2")
    assert [(row["alert"], row["runbook"]) for row in rows] == [
        ("Errors", None),
        ("Latency", "https://wiki.example/errors"),
    ]
    assert "that pages has no row" not in client.get(ITEM).content.decode()


@pytest.mark.parametrize("role", ["viewer", "reviewer", "stranger"])
def test_who_may_see_and_change(cast: Cast, review: Review, role: str) -> None:
    path, seen = page_of(review)
    client = browser(cast, role)
    gone = role == "stranger"
    assert client.get(path).status_code == (404 if gone else 200)
    assert client.post(path, {"text": "x", "seen": seen}).status_code == (404 if gone else 403)
    assert client.post(ITEM + "add-missing/").status_code == (404 if gone else 403)
    assert client.get(path.replace("rows/r", "rows/zz")).status_code == 404


def test_the_template_names_the_alert(cast: Cast, review: Review) -> None:
    path, _ = page_of(review)
    assert "# Errors" in browser(cast).get(path + "?template=1").content.decode()
