"""Evidence through its pages: who sees what, hostile files and texts, without scripts and with htmx."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from readiness.accounts.rights import Actor, actor_of
from reviews import storage
from reviews.actions.evidence import About, add_file, add_link, add_note, withdraw
from reviews.actions.reviews import withdraw_review
from reviews.models import Evidence, Review, StoredFile
from tests.cast import Cast
from tests.files import JPEG, PDF, PNG, REFUSED, TAKEN
from tests.reviews.builders import make_review, make_service, make_version

ITEM = "item-1-1"
HTMX = {"HX-Request": "true"}
ROLES = ["owner", "member", "reviewer", "accountable", "admin", "viewer", "stranger"]
READERS = {"owner", "member", "reviewer", "accountable", "admin", "viewer"}
TEAM = {"owner", "member"}
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def member(cast: Cast) -> Actor:
    return actor_of(cast.member)


@pytest.fixture
def review(cast: Cast, member: Actor) -> Review:
    return make_review(member, make_service(cast.team, cast.owner), make_version(evidence_lifetime_days=30))


@pytest.fixture
def signed_in(client: Client, cast: Cast) -> Client:
    """A member of the team."""
    client.force_login(cast.member)
    return client


def place(name: str, evidence: Evidence | None = None, item: str = ITEM) -> str:
    args: list[Any] = ["checkout", 1, "section-1", item]
    return reverse(f"reviews:{name}", args=[*args, evidence.pk] if evidence else args)


def stored(review: Review, member: Actor, content: bytes, name: str) -> Evidence:
    row = storage.store(io.BytesIO(content), max_bytes=10_000, name=name)
    return add_file(member, review.pk, ITEM, row, name, About())


def live(review: Review) -> list[Evidence]:
    return list(Evidence.objects.filter(review=review, ended_at__isnull=True))


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


# -- Who ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_who_reads(cast: Cast, review: Review, member: Actor, client: Client, role: str) -> None:
    row = stored(review, member, PNG, "shot.png")
    client.force_login(cast[role])
    for name in ("evidence_preview", "evidence_content", "evidence_download"):
        assert client.get(place(name, row)).status_code == (200 if role in READERS else 404)
    assert client.get(place("evidence_panel")).status_code == (200 if role in READERS else 404)


@pytest.mark.parametrize("role", ROLES)
def test_who_writes(cast: Cast, review: Review, member: Actor, client: Client, role: str) -> None:
    row = add_note(member, review.pk, ITEM, "First.", About())
    client.force_login(cast[role])
    expected = 303 if role in TEAM else 403 if role in READERS else 404
    answer = client.post(place("evidence_add"), {"kind": "note", "body": "Second."})
    assert answer.status_code == expected
    assert client.post(place("evidence_withdraw", row)).status_code == expected
    assert [each.title for each in live(review)] == (["Second."] if role in TEAM else ["First."])
    for name, evidence in (("evidence_add", None), ("evidence_withdraw", row)):
        assert client.get(place(name, evidence)).status_code == (200 if role in TEAM else expected)


def test_visitors_are_sent_to_sign_in(review: Review, member: Actor, client: Client) -> None:
    row = stored(review, member, PNG, "shot.png")
    for url in (place("evidence_add"), place("evidence_panel"), place("evidence_download", row)):
        assert client.get(url).status_code == 302
    answer = client.post(place("evidence_add"), {"kind": "note", "body": "What I saw"})
    assert answer.status_code == 401
    assert "What I saw" in answer.content.decode()
    assert len(live(review)) == 1


def test_a_stranger_sends_a_file_in_vain(cast: Cast, review: Review, client: Client) -> None:
    client.force_login(cast.stranger)
    file = SimpleUploadedFile("shot.png", PNG)
    assert client.post(place("evidence_add"), {"kind": "file", "file": file}).status_code == 404
    assert not StoredFile.objects.exists()


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("evidence_panel", "post"),
        ("evidence_preview", "post"),
        ("evidence_content", "delete"),
        ("evidence_download", "post"),
        ("evidence_add", "put"),
        ("evidence_withdraw", "delete"),
    ],
)
def test_wrong_methods(review: Review, member: Actor, signed_in: Client, name: str, method: str) -> None:
    row = add_note(member, review.pk, ITEM, "Seen.", About())
    url = place(name, None if name in {"evidence_panel", "evidence_add"} else row)
    assert getattr(signed_in, method)(url).status_code == 405


def test_evidence_is_only_at_its_own_address(
    cast: Cast, review: Review, member: Actor, signed_in: Client
) -> None:
    row = add_note(member, review.pk, "item-1-2", "Elsewhere.", About())
    assert signed_in.get(place("evidence_preview", row)).status_code == 404
    assert signed_in.get(place("evidence_preview", row, "item-1-2")).status_code == 200
    assert signed_in.post(place("evidence_withdraw", row)).status_code == 404
    far = reverse("reviews:evidence_preview", args=["checkout", 1, "section-1", ITEM, 10**12])
    assert signed_in.get(far).status_code == 404


# -- Adding, without scripts -------------------------------------------------------------------------------


def test_the_form_is_a_page_of_its_own(review: Review, signed_in: Client) -> None:
    page = signed_in.get(place("evidence_add")).content.decode()
    assert 'enctype="multipart/form-data"' in page
    assert f'action="{place("evidence_add")}"' in page
    for name in ("kind", "url", "file", "body", "title", "observed_on", "replaces"):
        assert f'name="{name}"' in page


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        ({"kind": "link", "url": "https://example.com/a"}, "link"),
        ({"kind": "note", "body": "We saw it."}, "note"),
        ({"kind": "file", "file": SimpleUploadedFile("rules.yaml", b"a: 1\n")}, "file"),
    ],
)
def test_adding_goes_back_to_the_item(review: Review, signed_in: Client, sent: Any, kind: str) -> None:
    answer = signed_in.post(place("evidence_add"), {**sent, "title": "A title", "observed_on": "2026-01-31"})
    assert answer.status_code == 303
    assert answer.headers["Location"].endswith(f"/section-1/{ITEM}/#evidence")
    (row,) = live(review)
    assert (row.kind, row.title, row.observed_on.isoformat()) == (kind, "A title", "2026-01-31")


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({"kind": "link", "url": "javascript:alert(1)"}, "A link begins with https://"),
        ({"kind": "link", "url": ""}, "Paste the address of the link."),
        ({"kind": "link", "url": "https://example.com/", "observed_on": "31.31.2026"}, "year-month-day"),
        ({"kind": "link", "url": "https://example.com/", "observed_on": "2026-02-30"}, "year-month-day"),
        ({"kind": "link", "url": "https://example.com/", "observed_on": "2099-01-01"}, "is in the future"),
        ({"kind": "note", "body": ""}, "Write the note."),
        ({"kind": "note", "body": "a" * 100_000}, "100,000 characters"),
        ({"kind": "note", "body": "nul\x00"}, "ull characters"),
        ({"kind": "note", "body": "x", "title": "a" * 500}, "500 characters; at most 200"),
        ({"kind": "file"}, "Choose a file."),
        ({"kind": "drill", "body": "x"}, "Choose link, file or note."),
        ({}, "Choose link, file or note."),
    ],
)
def test_a_refused_form_comes_back_with_what_was_typed(
    review: Review, signed_in: Client, sent: dict[str, str], message: str
) -> None:
    typed = {"title": "My <b>title</b>", "observed_on": "2026-01-31", **sent}
    answer = signed_in.post(place("evidence_add"), typed)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert message in page
    assert "My <b>title" not in page
    for value in (typed["title"], typed["observed_on"], sent.get("url", ""), sent.get("body", "")[:50]):
        assert value.replace("<", "&lt;").replace(">", "&gt;").replace("\x00", "") in page.replace("\x00", "")
    assert live(review) == []


def test_an_unknown_item_is_404(review: Review, signed_in: Client) -> None:
    sent = {"kind": "note", "body": "x"}
    assert signed_in.post(place("evidence_add", item="no-such-item"), sent).status_code == 404


def test_a_closed_review_takes_none_and_says_so(cast: Cast, review: Review, signed_in: Client) -> None:
    withdraw_review(actor_of(cast.owner), review.pk, "Enough.")
    answer = signed_in.post(place("evidence_add"), {"kind": "note", "body": "What I typed"})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "nothing in it can change any more" in page
    assert "What I typed" in page


# -- Hostile files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in REFUSED if "\x00" not in name])
def test_hostile_files_get_422_and_a_sentence(review: Review, signed_in: Client, name: str) -> None:
    file = SimpleUploadedFile(name, REFUSED[name], content_type="text/plain")
    answer = signed_in.post(place("evidence_add"), {"kind": "file", "file": file, "title": "Kept"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert (
        "Send PNG" in page or "Save it as UTF-8" in page or "Name it .txt" in page or "Choose a file" in page
    )
    assert "Choose the file again" in page
    assert 'value="Kept"' in page
    assert "<script>alert" not in page
    assert (live(review), StoredFile.objects.count()) == ([], 0)


@pytest.mark.parametrize("name", TAKEN)
def test_every_allowed_file_comes_back_byte_for_byte(review: Review, signed_in: Client, name: str) -> None:
    file = SimpleUploadedFile(name, TAKEN[name], content_type="text/html")
    assert signed_in.post(place("evidence_add"), {"kind": "file", "file": file}).status_code == 303
    (row,) = live(review)
    answer = signed_in.get(place("evidence_download", row))
    assert body(answer) == TAKEN[name]
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert "html" not in answer.headers["Content-Type"]
    assert signed_in.get(place("evidence_preview", row)).status_code == 200


def test_an_empty_file_is_refused(review: Review, signed_in: Client) -> None:
    answer = signed_in.post(place("evidence_add"), {"kind": "file", "file": SimpleUploadedFile("a.txt", b"")})
    assert answer.status_code == 422
    assert "This file is empty" in answer.content.decode()


def test_a_file_just_over_the_limit_is_413_at_its_field(
    review: Review, signed_in: Client, settings: Any
) -> None:
    settings.EVIDENCE_MAX_BYTES = 1000
    sent = {"kind": "file", "file": SimpleUploadedFile("a.txt", b"a" * 1001), "title": "Kept"}
    answer = signed_in.post(place("evidence_add"), sent)
    assert answer.status_code == 413
    assert "larger than 1000 bytes" in answer.content.decode()
    assert 'value="Kept"' in answer.content.decode()
    sent["file"] = SimpleUploadedFile("a.txt", b"a" * 1001)
    fragment = signed_in.post(place("evidence_add"), sent, headers=HTMX)
    assert fragment.status_code == 413
    assert fragment.headers["HX-Retarget"] == f"#evidence-{ITEM}"


def test_a_path_in_a_name_is_only_a_name(review: Review, signed_in: Client) -> None:
    file = SimpleUploadedFile("x.png", PNG)
    file.name = "../../x.png"
    signed_in.post(place("evidence_add"), {"kind": "file", "file": file})
    (row,) = live(review)
    assert row.file_name == "x.png"


def test_a_file_named_x_html_far_up_is_refused(review: Review, signed_in: Client) -> None:
    boundary = "--b\r\nContent-Disposition: form-data; name="
    raw = (
        f'{boundary}"kind"\r\n\r\nfile\r\n{boundary}"file"; filename="../../x.html"\r\n'
        "Content-Type: image/png\r\n\r\n<html>\r\n--b--\r\n"
    )
    answer = signed_in.post(
        place("evidence_add"), raw.encode(), content_type="multipart/form-data; boundary=b"
    )
    assert answer.status_code == 422
    assert "Files named .html are not taken here" in answer.content.decode()


# -- Serving -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["evidence_download", "evidence_content"])
def test_files_are_sent_where_they_can_do_no_harm(
    review: Review, member: Actor, signed_in: Client, name: str
) -> None:
    row = stored(review, member, PDF, "Größe\N{EM DASH}report.pdf")
    answer = signed_in.get(place(name, row))
    kind = "attachment" if name == "evidence_download" else "inline"
    assert body(answer) == PDF
    head = answer.headers
    assert head["Content-Disposition"].startswith(f"{kind}; filename*=utf-8''Gr%C3%B6%C3%9Fe")
    assert head["Content-Type"] == "application/pdf"
    assert head["Content-Length"] == str(len(PDF))
    assert head["X-Content-Type-Options"] == "nosniff"
    assert head["Content-Security-Policy"] == "sandbox; default-src 'none'; frame-ancestors 'none'"
    assert head["X-Frame-Options"] == "DENY"
    assert head["Cache-Control"] == "private, no-cache"
    assert head["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Cookie" in head["Vary"]


def test_a_name_cannot_break_the_header(review: Review, member: Actor, signed_in: Client) -> None:
    row = stored(review, member, PNG, 'a"; filename="evil.html"\r\nSet-Cookie: x=1;.png')
    header = signed_in.get(place("evidence_download", row)).headers["Content-Disposition"]
    assert "\r" not in header
    assert header == r'attachment; filename="a\"; filename=\"evil.html\"Set-Cookie: x=1;.png"'


def test_the_same_file_again_is_304(review: Review, member: Actor, signed_in: Client) -> None:
    row = stored(review, member, PNG, "shot.png")
    tag = signed_in.get(place("evidence_download", row)).headers["ETag"]
    assert signed_in.get(place("evidence_download", row), headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize("name", ["notes.txt", "rules.json", "table.csv", "README.md", "rules.yaml"])
def test_text_is_never_shown_by_itself(review: Review, member: Actor, signed_in: Client, name: str) -> None:
    row = stored(review, member, TAKEN[name], name)
    assert signed_in.get(place("evidence_content", row)).status_code == 404


def test_links_and_notes_have_no_file(review: Review, member: Actor, signed_in: Client) -> None:
    row = add_link(member, review.pk, ITEM, "https://example.com/", About())
    for name in ("evidence_content", "evidence_download"):
        assert signed_in.get(place(name, row)).status_code == 404


def test_missing_bytes_are_a_page_with_a_sentence(review: Review, member: Actor, signed_in: Client) -> None:
    row = stored(review, member, b"gone soon", "a.txt")
    storage.path_of(row.sha256).unlink()
    for name in ("evidence_download", "evidence_preview"):
        answer = signed_in.get(place(name, row))
        assert answer.status_code == 404
        assert "restore them from a backup" in answer.content.decode()


# -- Looking at it -----------------------------------------------------------------------------------------


def test_text_is_escaped_and_cut(review: Review, member: Actor, signed_in: Client) -> None:
    text = f"hello {EVIL} \x1b[31mred\x1b[0m\n" + "a" * 300 * 1024
    row = storage.store(io.BytesIO(text.encode()), max_bytes=400_000, name="a.log")
    found = add_file(member, review.pk, ITEM, row, "a.log", About())
    page = signed_in.get(place("evidence_preview", found)).content.decode()
    assert EVIL not in page
    assert "hello &lt;script&gt;alert(1)&lt;/script&gt; red" in page
    assert "The first 256 KB of 300 KB" in page
    assert len(page) < 290_000


def test_a_note_is_rendered_and_harmless(review: Review, member: Actor, signed_in: Client) -> None:
    text = f"**bold** {EVIL} [x](javascript:alert(1)) <img src=x onerror=alert(1)>"
    row = add_note(member, review.pk, ITEM, text, About())
    page = signed_in.get(place("evidence_preview", row)).content.decode()
    shown = page[page.index("evidence-shown") : page.index("About it")]
    assert "<strong>bold</strong>" in shown
    for bad in ("<script", 'javascript:alert(1)"', "<img"):
        assert bad not in shown


def test_html_in_titles_and_urls_is_text_everywhere(review: Review, member: Actor, signed_in: Client) -> None:
    row = add_link(member, review.pk, ITEM, "https://example.com/?q='a'&b", About(title=EVIL))
    for url in (place("evidence_preview", row), place("evidence_panel"), place("evidence_withdraw", row)):
        page = signed_in.get(url).content.decode()
        assert EVIL not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_an_image_is_shown_from_its_sandboxed_address(
    review: Review, member: Actor, signed_in: Client
) -> None:
    row = stored(review, member, JPEG, "shot.jpg")
    page = signed_in.get(place("evidence_preview", row)).content.decode()
    assert f'<img class="evidence-image" alt="shot.jpg" src="{place("evidence_content", row)}">' in page


def test_withdrawn_evidence_says_so_and_cannot_be_changed(
    review: Review, member: Actor, signed_in: Client
) -> None:
    row = add_note(member, review.pk, ITEM, "Seen.", About())
    assert place("evidence_withdraw", row) in signed_in.get(place("evidence_preview", row)).content.decode()
    withdraw(member, review.pk, row.pk)
    page = signed_in.get(place("evidence_preview", row)).content.decode()
    assert "This was withdrawn" in page
    assert place("evidence_withdraw", row) not in page


def test_the_buttons_are_for_the_team(cast: Cast, review: Review, member: Actor, client: Client) -> None:
    row = add_note(member, review.pk, ITEM, "Seen.", About())
    client.force_login(cast.viewer)
    page = client.get(place("evidence_preview", row)).content.decode()
    assert place("evidence_withdraw", row) not in page
    assert "Add evidence" not in client.get(place("evidence_panel") + "?whole=1").content.decode()


# -- With htmx ---------------------------------------------------------------------------------------------


def test_the_form_opens_in_the_panel(review: Review, signed_in: Client) -> None:
    panel = signed_in.get(place("evidence_panel") + "?whole=1", headers=HTMX).content.decode()
    assert f'hx-get="{place("evidence_add")}"' in panel
    assert f'href="{place("evidence_add")}"' in panel
    form = signed_in.get(place("evidence_add"), headers=HTMX).content.decode()
    assert "<html" not in form
    assert form.strip().startswith(f'<div class="evidence" id="evidence-{ITEM}">')
    assert 'hx-encoding="multipart/form-data"' in form


def test_adding_answers_the_panel_and_tells_the_page(review: Review, signed_in: Client) -> None:
    answer = signed_in.post(place("evidence_add"), {"kind": "note", "body": "Seen it."}, headers=HTMX)
    assert answer.status_code == 200
    events = json.loads(answer.headers["HX-Trigger"])
    assert events["answer-changed"] is True
    assert "Seen it." in events["toast"]["text"]
    page = answer.content.decode()
    assert page.strip().startswith(f'<div class="evidence" id="evidence-{ITEM}">')
    assert "Seen it." in page
    assert "<form" not in page


def test_a_refused_form_comes_back_in_the_panel(review: Review, signed_in: Client) -> None:
    sent = {"kind": "note", "body": "", "title": "Kept"}
    answer = signed_in.post(place("evidence_add"), sent, headers=HTMX)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "<html" not in page
    assert 'value="Kept"' in page
    assert 'aria-invalid="true"' in page


def test_replacing_by_the_form(review: Review, member: Actor, signed_in: Client) -> None:
    old = add_note(member, review.pk, ITEM, "First.", About())
    page = signed_in.get(f"{place('evidence_add')}?replaces={old.pk}").content.decode()
    assert f'name="replaces" value="{old.pk}"' in page
    signed_in.post(place("evidence_add"), {"kind": "note", "body": "Second.", "replaces": str(old.pk)})
    assert [row.title for row in live(review)] == ["Second."]
    late = signed_in.post(place("evidence_add"), {"kind": "note", "body": "Third.", "replaces": str(old.pk)})
    assert late.status_code == 409
    assert "replaced or withdrawn already" in late.content.decode()
    assert "Third." in late.content.decode()


@pytest.mark.parametrize("value", ["abc", "-1", "9" * 30, "9" * 5000, "<script>"])
def test_nonsense_to_replace(review: Review, signed_in: Client, value: str) -> None:
    assert signed_in.get(place("evidence_add"), {"replaces": value}).status_code == 200
    answer = signed_in.post(place("evidence_add"), {"kind": "note", "body": "x", "replaces": value})
    assert answer.status_code in {404, 422}
    assert live(review) == []
