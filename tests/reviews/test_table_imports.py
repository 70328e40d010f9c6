"""Rows from spreadsheets and rule files: what is read, what is refused, and that previews hold."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from checklist.rules.specs import InventorySpec
from reviews.alert_changes import as_csv, as_ticket, proposals
from reviews.imports import prometheus, table_csv
from reviews.imports.csv import guarded
from reviews.imports.table_plan import TablePlan, plan_table
from reviews.models import Review
from tests.cast import Cast
from tests.reviews.tables import ALERTS, ITEM, alert, fill, make_table_review, rows_of, stored

SPEC = InventorySpec.model_validate(ALERTS)
HEAD = "Alert\tTier\tWhat users feel\tRunbook\tFired, last 7 days\tActed on\n"
RULES = """\
groups:
  - name: checkout
    rules:
      - record: job:errors:rate5m
        expr: rate(errors[5m])
      - alert: CheckoutErrorBudgetBurn
        expr: errors > 0.1
        labels: {severity: critical}
        annotations:
          summary: Checkout fails
          runbook_url: https://wiki.example/checkout-errors
      - alert: CertExpiry
        expr: left < 21
        severity: warning
        labels: {severity: warning}
      - alert: PodCrashLooping
        expr: restarts > 3
        labels: {severity: blinking}
        annotations: {runbook_url: "wiki/crash"}
"""


def plan(text: str, rows: list[dict[str, Any]] | None = None) -> TablePlan:
    return plan_table(SPEC, rows or [], table_csv.parse(text, SPEC.columns))


def test_cells_copied_from_a_spreadsheet() -> None:
    found = plan(HEAD + "Errors\tPage\tFails\thttps://w.example\t3\t1\nDisk\tticket\tNone yet\t\t0\t0\n")
    assert found.problems == []
    assert [line.cells["tier"] for line in found.lines] == ["page", "ticket"]
    assert found.lines[0].cells["fired"] == 3
    assert found.lines[1].cells["runbook"] is None


def test_cells_without_a_heading_stand_in_the_order_of_the_table() -> None:
    found = plan("Errors\tpage\tFails\t\t3\t1\n")
    assert found.lines[0].cells["symptom"] == "Fails"


def test_headings_in_any_order_and_in_other_words() -> None:
    found = plan("Severity;Alert name;Team;Times fired\ncritical;Errors;Payments;1,200\n")
    assert found.lines[0].cells == {
        "alert": "Errors",
        "tier": "page",
        "symptom": None,
        "runbook": None,
        "fired": 1200,
        "acted_on": None,
    }
    assert [skipped.what for skipped in found.skipped] == ["Team"]


def test_a_row_is_found_by_its_name_and_keeps_what_is_not_stated() -> None:
    rows = [alert("Errors", fired=1), alert("Same")]
    found = plan("alert,fired\nERRORS,7\nSame,1\nNew,0\n", rows)
    assert [(line.kind, line.name) for line in found.lines] == [
        ("changed", "ERRORS"),
        ("same", "Same"),
        ("new", "New"),
    ]
    assert found.lines[0].changes == (("Alert", "Errors", "ERRORS"), ("Fired, last 7 days", "1", "7"))
    assert found.lines[0].cells["runbook"] == "https://wiki.example/errors"


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        (HEAD + "A\tshout\tx\t\t1\t1", 2, "Tier", "“shout”: Choose one of"),
        (HEAD + "A\tpage\tx\twiki\t1\t1", 2, "Runbook", "web address"),
        (HEAD + "A\tpage\tx\t\tmany\t1", 2, "Fired, last 7 days", "whole number"),
        (HEAD + "\n\tpage\tx\t\t1\t1", 3, "Alert", "needs a name"),
        (HEAD + "A\tpage\nB\tpage\na\tpage", 4, "a", "stands on line 2 too"),
        (HEAD + "A\tpage\tx\t\t1\t1\textra", 2, "", "7 cells, but there are 6 columns"),
        ('alert,tier\n"A,page', 2, "", "never closed"),
        ("alert,tier,alert\nA,page,B", 1, "alert", "there twice"),
        ("", 0, "", "nothing in it"),
        ("alert,tier\n", 0, "", "no row below"),
    ],
)
def test_mistakes_have_their_line(text: str, line: int, column: str, words: str) -> None:
    problem = plan(text).problems[0]
    assert (problem.line, problem.column) == (line, column)
    assert words in problem.message


def test_five_thousand_rows_are_one_clear_sentence() -> None:
    found = plan(HEAD + "".join(f"A{number}\tpage\tx\t\t1\t1\n" for number in range(5000)), [alert("Old")])
    assert found.lines == []
    (problem,) = found.problems
    assert "5,000 rows in it and 1 in the table already; an inventory holds at most 500" in problem.message


def test_rule_files_of_prometheus() -> None:
    parsed = prometheus.parse(RULES)
    assert parsed.problems == ()
    assert [row.cells for row in parsed.rows] == [
        {
            "alert": "CheckoutErrorBudgetBurn",
            "tier": "page",
            "symptom": "Checkout fails",
            "runbook": "https://wiki.example/checkout-errors",
            "about": "symptom",
        },
        {"alert": "CertExpiry", "tier": "ticket", "about": "running_out"},
        {"alert": "PodCrashLooping", "about": "instance"},
    ]
    assert "line 14: unknown field “severity” (it belongs under labels)" in parsed.rows[1].notes
    assert "severity “blinking” is no tier: choose a tier" in parsed.rows[2].notes
    assert "its runbook is no address, so it is left out" in parsed.rows[2].notes
    assert [skipped.what for skipped in parsed.skipped] == ["1 recording rules"]


def test_an_operators_resource_and_rules_of_one_name() -> None:
    text = """\
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
spec:
  groups:
    - name: x
      rules:
        - {alert: Disk, expr: a, labels: {severity: warning}}
        - {alert: Disk, expr: b, labels: {severity: critical}}
        - {alert: Disk, expr: c, labels: {severity: critical}}
"""
    parsed = prometheus.parse(text)
    assert [row.cells["alert"] for row in parsed.rows] == ["Disk (ticket)", "Disk (page)"]
    assert parsed.skipped[0].line == 9


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("groups: {a: ]}", 1, "not valid YAML"),
        ("a: 1", 0, "`groups` is missing"),
        ("groups:\n  - name: x\n", 2, "list of `rules`"),
        ("groups:\n  - rules: [5]\n", 2, "must be named values"),
        ("groups:\n  - rules:\n      - expr: x\n", 3, "neither `alert` nor `record`"),
        ("groups:\n  - rules:\n      - alert: [x]\n", 3, "must be text"),
        ("groups:\n  - rules:\n      - alert: x\n        labels: page\n", 4, "must be named values"),
        ("groups:\n  - rules:\n      - alert: !!python/object:os.system x\n", 3, "uses the tag"),
        ("a: &a [x]\nb: [" + ",".join(["*a"] * 60) + "]\n", 2, "more than 50 aliases"),
        ("groups: []\n", 0, "no alerting rule"),
    ],
)
def test_bad_rule_files_name_the_line(text: str, line: int, words: str) -> None:
    problem = prometheus.parse(text).problems[0]
    assert problem.line == line
    assert words in problem.message


@given(st.text(max_size=200))
def test_no_text_breaks_the_readers(text: str) -> None:
    for parsed in (table_csv.parse(text, SPEC.columns), prometheus.parse(text.replace("\x00", ""))):
        found = plan_table(SPEC, [], parsed)
        assert found.problems or found.lines
        assert found.digest


@given(st.text(min_size=1, max_size=20))
def test_no_cell_is_a_formula(name: str) -> None:
    row = alert(name, fired=9, acted_on=0)
    found = proposals([row], [{"recommendation": "suppress", "reasons": [name]}])
    lines = as_csv(found).removeprefix("\ufeff").split("\r\n", 1)[1]
    assert not re.match(r'^"?[=+\-@]', lines)
    assert guarded(name)[:1] not in "=+-@"


def test_the_ticket() -> None:
    rows = [alert("Errors"), alert("Noisy*", fired=9, acted_on=0), alert("Bare", runbook=None)]
    judged = [
        {"recommendation": "keep", "reasons": []},
        {"recommendation": "suppress", "reasons": ["Suppress it: fired 9 times, nobody acted."]},
        {"recommendation": "keep", "reasons": ["Link its runbook."]},
    ]
    text = as_ticket("Checkout", proposals(rows, judged), "https://r.example/x")
    assert text.splitlines()[0] == "# Clean up the alerts of Checkout"
    assert "- [ ] **Noisy\\*** (page): Suppress it: fired 9 times, nobody acted." in text
    assert "## Link a runbook" in text
    assert "Errors" not in text
    assert "need no change" in as_ticket("Checkout", [], "https://r.example/x")


# -- in the browser's terms --------------------------------------------------------------------------------


@pytest.fixture
def review(cast: Cast) -> Review:
    made = make_table_review(cast)
    fill(cast, made, [alert("Errors")])
    return made


def browser(cast: Cast, role: str = "member") -> Client:
    client = Client()
    client.force_login(cast[role])
    return client


def confirm(client: Client, page: str) -> Any:
    digest = re.search(r'name="digest" value="([0-9a-f]+)"', page)
    text = re.search(r'<textarea name="text"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    assert digest
    assert text
    return client.post(ITEM + "import/apply/", {"digest": digest[1], "text": text[1]})


def test_a_preview_writes_nothing_and_is_confirmed(cast: Cast, review: Review) -> None:
    client = browser(cast)
    shown = client.post(
        ITEM + "import/", {"text": HEAD + "Errors\tpage\tFails\t\t9\t0\nNew\tticket\tx\t\t0\t0"}
    )
    assert shown.status_code == 200
    assert "1 new" in shown.content.decode()
    assert stored(review).revision == 1
    assert confirm(client, shown.content.decode()).status_code == 303
    assert [(row["alert"], row["fired"]) for row in rows_of(review)] == [("Errors", 9), ("New", 0)]


def test_a_file_with_one_mistake_writes_nothing(cast: Cast, review: Review) -> None:
    client = browser(cast)
    text = HEAD + "Good\tpage\tx\t\t1\t1\nBad\tpage\tx\t\tmany\t1"
    shown = client.post(ITEM + "import/", {"text": text})
    page = shown.content.decode()
    assert shown.status_code == 422
    assert '<td class="num">3</td>' in page
    assert "Bad\tpage" in page, "what was pasted can be corrected in place"
    answer = client.post(ITEM + "import/apply/", {"text": text, "digest": "0" * 64})
    assert answer.status_code == 422
    assert stored(review).revision == 1


def test_a_table_that_changed_since_the_preview_shows_a_new_one(cast: Cast, review: Review) -> None:
    client = browser(cast)
    shown = client.post(ITEM + "import/", {"text": "alert,fired\nNew,1"}).content.decode()
    fill(cast, review, [alert("Errors"), alert("New", fired=5)])
    again = confirm(client, shown)
    assert again.status_code == 409
    assert "The table changed since the preview" in again.content.decode()
    assert [row["fired"] for row in rows_of(review)] == [1, 5]


@pytest.mark.parametrize(
    ("upload", "words"),
    [
        (b"", "Paste rows, or choose a file"),
        (b"\xff\xfea\x00", "UTF-16"),
        (b"alert,tier\nA,\xe9", "not UTF-8"),
        (b"x" * (2 * 1024 * 1024 + 1), "at most 2 MB"),
    ],
)
def test_files_that_cannot_be_read(cast: Cast, review: Review, upload: bytes, words: str) -> None:
    answer = browser(cast).post(ITEM + "import/", {"file": SimpleUploadedFile("a.csv", upload)})
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_a_rule_file_is_told_by_its_text_or_name(cast: Cast, review: Review) -> None:
    upload = SimpleUploadedFile("rules.yaml", RULES.encode())
    for form in ({"text": RULES}, {"file": upload}):
        page = browser(cast).post(ITEM + "import/", form).content.decode()
        assert "3 new" in page
        assert "Unknown field" in page or "unknown field" in page


@pytest.mark.parametrize("role", ["viewer", "reviewer", "admin", "stranger"])
def test_who_may_import(cast: Cast, review: Review, role: str) -> None:
    client = browser(cast, role)
    status = 404 if role == "stranger" else 403
    for answer in (
        client.get(ITEM + "import/"),
        client.post(ITEM + "import/", {"text": "alert\nX"}),
        client.post(ITEM + "import/apply/", {"text": "alert\nX", "digest": "0" * 64}),
    ):
        assert answer.status_code == status
    readable = 404 if role == "stranger" else 200
    assert client.get(ITEM + "changes.csv").status_code == readable
    assert client.get(ITEM + "ticket/").status_code == readable


def test_proposed_changes_leave_as_csv_and_ticket(cast: Cast, review: Review) -> None:
    fill(cast, review, [alert("Errors"), alert("=HYPERLINK(1)", fired=9, acted_on=0)])
    client = browser(cast)
    body = client.get(ITEM + "changes.csv").content.decode()
    assert "'=HYPERLINK(1)" in body
    assert "Errors" not in body
    page = client.get(ITEM + "ticket/").content.decode()
    assert "1 change, as a ticket" in page
    assert client.get(ITEM.replace("1-1", "1-2") + "ticket/").status_code == 404


@pytest.mark.parametrize(
    ("show", "names"),
    [
        ("all", ["Errors", "Bare", "Disk", "Noisy"]),
        ("pages", ["Errors", "Bare", "Noisy"]),
        ("tickets", ["Disk"]),
        ("bare", ["Bare"]),
        ("change", ["Noisy"]),
        ("nonsense", ["Errors", "Bare", "Disk", "Noisy"]),
    ],
)
def test_filters(cast: Cast, review: Review, show: str, names: list[str]) -> None:
    rows = [alert("Errors"), alert("Bare", runbook=""), alert("Disk", tier="ticket")]
    fill(cast, review, [*rows, alert("Noisy", fired=9, acted_on=0)])
    page = browser(cast).get(f"{ITEM}?rows={show}").content.decode()
    assert re.findall(r"data-edit>([^<]+)<", page) == names
