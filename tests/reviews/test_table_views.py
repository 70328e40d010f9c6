"""The table of an inventory: who sees and edits it, fragments, pages without scripts."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from reviews.models import Review
from reviews.table_rows import seen_of
from tests.cast import Cast
from tests.reviews.tables import ITEM, ROWS, alert, fill, make_table_review, rows_of, stored, typed

HTMX = {"HTTP_HX_REQUEST": "true"}
READERS = ["owner", "member", "reviewer", "accountable", "admin", "viewer"]


@pytest.fixture
def review(cast: Cast) -> Review:
    """A review with two alerts in it."""
    made = make_table_review(cast)
    fill(cast, made, [alert("Errors"), alert("Latency", tier="ticket")])
    return made


def browser(cast: Cast, role: str = "member") -> Client:
    client = Client()
    client.force_login(cast[role])
    return client


def path_of(review: Review, place: int, act: str) -> tuple[str, str]:
    row = rows_of(review)[place]
    return f"{ROWS}{row['_id']}/{act}/", seen_of(row)


@pytest.mark.parametrize("role", [*READERS, "stranger"])
def test_who_sees_and_who_edits(cast: Cast, review: Review, role: str) -> None:
    client = browser(cast, role)
    page = client.get(ITEM)
    assert page.status_code == (200 if role in READERS else 404)
    editor = role in ("owner", "member")
    assert (b"data-url=" in page.content) is editor
    save, seen = path_of(review, 0, "save")
    delete, _ = path_of(review, 1, "delete")
    for path, form in (
        (save, typed(name="Errors", fired=2) | {"seen": seen}),
        (ROWS, typed(name="New")),
        (delete, {"seen": path_of(review, 1, "delete")[1]}),
    ):
        status = client.post(path, form).status_code
        assert status == (303 if editor else 403 if role in READERS else 404)
    assert client.get(save).status_code == 405


@pytest.mark.parametrize("cell", ["\x00", "a\x00b"])
def test_a_nul_in_a_cell_is_refused(cast: Cast, review: Review, cell: str) -> None:
    before = rows_of(review)
    answer = browser(cast).post(ROWS, typed(name=cell))
    assert answer.status_code == 422
    assert "NUL" in answer.content.decode()
    assert rows_of(review) == before


def test_an_address_that_names_another_section_is_a_wrong_one(cast: Cast, review: Review) -> None:
    save, seen = path_of(review, 0, "save")
    delete, _ = path_of(review, 0, "delete")
    before = rows_of(review)
    for path, form in (
        (ROWS, typed(name="New")),
        (save, typed(fired=9) | {"seen": seen}),
        (delete, {"seen": seen}),
    ):
        wrong = path.replace("section-1", "section-2")
        assert browser(cast).post(wrong, form).status_code == 404
    assert rows_of(review) == before


def test_a_saved_row_comes_back_alone_with_the_totals(cast: Cast, review: Review) -> None:
    path, seen = path_of(review, 0, "save")
    answer = browser(cast).post(path, typed(name="Errors", runbook="") | {"seen": seen}, **HTMX)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert page.lstrip().startswith("<tr")
    assert page.count("<tr") == 1
    assert "Latency" not in page
    assert 'id="totals-item-1-1" hx-swap-oob="true"' in page
    assert f'id="revision-item-1-1" value="{stored(review).revision}"' in page
    assert answer.headers["HX-Trigger"] == "answer-changed"


def test_a_conflict_shows_both_versions(cast: Cast, review: Review) -> None:
    path, seen = path_of(review, 0, "save")
    browser(cast, "owner").post(path, typed(name="Errors", fired=5) | {"seen": seen})
    for extra in (HTMX, {}):
        answer = browser(cast).post(path, typed(name="Errors", fired=9) | {"seen": seen}, **extra)
        page = answer.content.decode()
        assert answer.status_code == 409
        assert "Olga Owner changed this alert" in page
        assert re.search(r"Stored:</span> 5.*Yours:</span> 9", page, re.DOTALL)
        now = re.search(r'name="seen" value="([0-9a-f]+)"', page)
        assert now
    mine = browser(cast).post(path, typed(name="Errors", fired=9) | {"seen": now[1]}, **HTMX)
    assert mine.status_code == 200
    assert rows_of(review)[0]["fired"] == 9


def test_a_refused_row_keeps_what_was_typed(cast: Cast, review: Review) -> None:
    path, seen = path_of(review, 0, "save")
    form = typed(name="Errors", symptom="x" * 501, runbook="https://new.example") | {"seen": seen}
    page = browser(cast).post(path, form)
    assert page.status_code == 422
    assert b"501 characters" in page.content
    assert b'value="https://new.example"' in page.content
    fragment = browser(cast).post(path, form, **HTMX)
    assert fragment.status_code == 422
    assert fragment.headers["HX-Retarget"] == "#status", "the inputs stay as they are"


def test_without_scripts(cast: Cast, review: Review) -> None:
    """A row is edited, added, deleted and brought back by plain forms."""
    client = browser(cast)
    row = rows_of(review)[0]
    assert f"edit={row['_id']}" in client.get(ITEM).content.decode()
    form = client.get(f"{ITEM}?edit={row['_id']}").content.decode()
    assert 'id="row-form"' in form
    assert 'value="Errors"' in form
    assert 'id="row-form"' in client.get(f"{ITEM}?edit=new").content.decode()
    path, seen = path_of(review, 0, "delete")
    gone = client.post(path, {"seen": seen})
    assert gone.status_code == 303
    page = client.get(gone.headers["Location"].split("#")[0]).content.decode()
    undo = re.search(r'action="([^"]+/rows/restore/\d+/)"', page)
    assert undo
    assert client.post(undo[1]).status_code == 303
    assert [each["alert"] for each in rows_of(review)] == ["Errors", "Latency"]


def test_hostile_cells_are_text(cast: Cast, review: Review) -> None:
    bad = "<img src=x onerror=alert(1)>\"'{{ 7*7 }}"
    answer = browser(cast).post(ROWS, typed(name=bad, runbook="javascript:alert(1)"), **HTMX)
    page = answer.content.decode()
    assert "<img" not in page
    assert 'href="javascript' not in page
    assert "<img" not in browser(cast).get(ITEM).content.decode()


def test_what_follows_the_rows_shows_those_to_mend(cast: Cast, review: Review) -> None:
    fill(cast, review, [alert("Errors"), alert("Bare", runbook="")])
    page = browser(cast).get(ITEM.replace("item-1-1", "item-1-2")).content.decode()
    table = page[page.index("<tbody>") : page.index("</tbody>")]
    assert "Bare" in table
    assert "Errors" not in table
    assert "data-url" not in page


def count(client: Client, path: str, form: dict[str, str] | None = None) -> int:
    with CaptureQueriesContext(connection) as caught:
        answer = client.post(path, form, **HTMX) if form else client.get(path)
    assert answer.status_code == 200
    return len(caught)


def test_queries_do_not_grow_with_rows(cast: Cast, review: Review) -> None:
    client = browser(cast)
    client.get(ITEM)

    def costs() -> tuple[int, int]:
        path, seen = path_of(review, 0, "save")
        fired = int(rows_of(review)[0]["fired"]) + 1
        return count(client, ITEM), count(client, path, typed(name="Errors", fired=fired) | {"seen": seen})

    few = costs()
    fill(cast, review, [alert("Errors"), *[alert(f"A{number}") for number in range(400)]])
    assert costs() == few
    assert few[0] <= 25
    assert few[1] <= 25
