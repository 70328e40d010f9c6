"""The pages of a packet: what they say, how they are made, and what they never do."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviews.packets import schema
from reviews.packets.render import RenderedPacket, render_packet
from reviews.packets.typesetter import kit
from reviews.packets.words import sentences
from tests.packets import factory, reading

ROOT = Path(__file__).resolve().parents[2]
BUNDLED = ("Inter", "JetBrains-Mono", "DejaVu-Sans", "Noto-Emoji", "Droid-Sans-Fallback")


@pytest.fixture(scope="module")
def content() -> bytes:
    return factory.content(items=40, section_count=9, events=60)


@pytest.fixture(scope="module")
def packet(content: bytes) -> RenderedPacket:
    return render_packet(content)


def one_item(**changes: Any) -> bytes:
    return schema.canonical(factory.snapshot(sections=(factory.section(1, (factory.item(1, **changes),)),)))


def test_cover_says_who_decided_what_on_which_content(packet: RenderedPacket, content: bytes) -> None:
    cover = " ".join(reading.pages_of(packet.pdf)[0].split())
    digest = hashlib.sha256(content).hexdigest()
    for words in (
        "Readiness · sign-off packet",
        "MVP to production, review 3",
        "Ready, with 2 waivers",
        "A. Lind, 23 Nov 2026, 14:02 UTC",
        "mvp-to-production v1, 40 items: 37 met, 2 waived, 1 not applicable",
        "78 pieces: 20 machine-verified, 20 witnessed, 19 attested, 19 asserted",
        "21 Feb 2027, when the restore drill goes stale",
        " ".join(re.findall(".{8}", digest)),
    ):
        assert words in cover


def test_every_item_answer_and_approval_is_printed(packet: RenderedPacket, content: bytes) -> None:
    text, snapshot = reading.text_of(packet.pdf), schema.parse(content)
    for section in snapshot.sections:
        assert f"{section.position} {section.title}" in text
        assert section.question in text
        for item in section.items:
            assert item.title in text
            for piece in item.evidence:
                assert f"{piece.title}" in text
                assert piece.sha256 is None or piece.sha256[:12] in text
    assert text.count("Approved by J. Soto (SRE) on 22 Nov 2026, 15:00 UTC and by T. Okafor (Security)") == 9
    assert "The autoscaler lands in January. Instead: QueueDepthHigh stays a page until then." in text
    assert "Waived until 31 Jan 2027" in text
    assert "The service takes no payments." in text
    assert snapshot.events.entries[-1].hash[:16] in text


def test_contents_give_the_page_on_which_each_section_starts(packet: RenderedPacket) -> None:
    contents = reading.pages_of(packet.pdf)[1]
    starts = {title: page for level, title, page in reading.outline_of(packet.pdf) if level == 1}
    for title, page in starts.items():
        if title != "Contents":
            assert re.search(rf"{re.escape(title)}\s*· page {page}\n", contents + "\n"), title


def test_bookmarks_name_sections_and_items(packet: RenderedPacket, content: bytes) -> None:
    titles = [title for _, title, _ in reading.outline_of(packet.pdf)]
    snapshot = schema.parse(content)
    expected = {item.title for section in snapshot.sections for item in section.items}
    assert expected <= set(titles)
    assert {"Fit check", "Waivers", "Audit trail", "How to verify this packet"} <= set(titles)


def test_footer_on_each_page(packet: RenderedPacket, content: bytes) -> None:
    digest = hashlib.sha256(content).hexdigest()
    pages = reading.pages_of(packet.pdf)
    assert len(pages) == packet.pages > 4
    for number, page in enumerate(pages, 1):
        assert f"checkout · review 3 · {digest[:8]}" in page
        assert f"{number} / {packet.pages}" in page


def test_no_page_ends_with_a_heading(packet: RenderedPacket) -> None:
    headings = {title for _, title, _ in reading.outline_of(packet.pdf)}
    for page in reading.pages_of(packet.pdf):
        body = [line for line in page.split("\n") if not re.match(r"checkout · review|\d+ / \d+", line)]
        assert body[-1] not in headings


def test_snapshot_is_attached_byte_for_byte(packet: RenderedPacket, content: bytes) -> None:
    assert reading.attachments_of(packet.pdf) == {"snapshot.json": content}


def test_metadata_come_from_the_sign_off(packet: RenderedPacket) -> None:
    with reading.opened(packet.pdf) as document:
        info = {key: str(value) for key, value in document.docinfo.items()}
        assert info["/Title"] == "checkout, review 3: sign-off packet"
        assert info["/Author"] == "A. Lind"
        assert info["/CreationDate"] == info["/ModDate"] == "D:20261123140200Z"
        assert str(document.Root["/Lang"]) == "en"
        spec = document.attachments["snapshot.json"].get_file()
        assert spec.creation_date == spec.mod_date
        assert spec.creation_date is not None
        assert spec.creation_date.isoformat() == "2026-11-23T14:02:00+00:00"


def test_only_bundled_fonts_are_used(packet: RenderedPacket) -> None:
    assert all(name.startswith(BUNDLED) for name in reading.fonts_of(packet.pdf))


def test_other_scripts_and_signs_have_glyphs(caplog: pytest.LogCaptureFixture) -> None:
    note = "Łukasz Ångström Ελλάδα Кириллица 漢字 かな 한국어 עברית العربية ქართული → ⇒ ✓ ✗ ≥ € 🎉 `→ ✓ ξ 漢`"
    with caplog.at_level(logging.WARNING, logger="weasyprint"):
        packet = render_packet(one_item(note=note))
    assert not [record for record in caplog.records if "notdef" in record.getMessage()]
    assert all(name.startswith(BUNDLED) for name in reading.fonts_of(packet.pdf))
    assert "Łukasz Ångström Ελλάδα Кириллица 漢字 かな 한국어" in reading.text_of(packet.pdf)


PROGRAM = """
import hashlib, os, sys
sys.path.insert(0, sys.argv[1])
os.environ["DJANGO_SETTINGS_MODULE"] = "readiness.settings"
import django; django.setup()
from reviews.packets import render
assert "weasyprint" not in sys.modules, "loaded too early"
for path in sys.argv[2:]:
    print(render.render_packet(open(path, "rb").read()).sha256)
"""


def test_same_snapshot_same_bytes_in_any_process(
    packet: RenderedPacket, content: bytes, tmp_path: Path
) -> None:
    file, other = tmp_path / "a.json", tmp_path / "b.json"
    file.write_bytes(content)
    other.write_bytes(one_item(note="漢字 🎉"))
    seen = set()
    for zone, locale, seed, folder, order in (
        ("Asia/Kathmandu", "C", "1", tmp_path, [file, other]),
        ("America/Los_Angeles", "de_DE.UTF-8", "2", ROOT, [other, file]),
    ):
        environment = {**os.environ, "TZ": zone, "LC_ALL": locale, "LANG": locale, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", PROGRAM, str(ROOT), *map(str, order)]
        run = subprocess.run(
            command, capture_output=True, text=True, env=environment, cwd=folder, timeout=120, check=False
        )
        assert run.returncode == 0, run.stderr
        seen.add(frozenset(zip(order, run.stdout.split(), strict=True)))
    assert len(seen) == 1
    assert (file, packet.sha256) in next(iter(seen))


HOSTILE = [
    "![x](file:///etc/passwd)",
    "![x](http://127.0.0.1:1/x.png)",
    '<img src="file:///etc/passwd"> <link rel=attachment href="file:///etc/passwd">',
    "<style>@import url(file:///etc/passwd); body { background: url(file:///etc/passwd) }</style>",
    "[x](file:///etc/passwd) <a rel=attachment href=file:///etc/passwd>x</a> [y](javascript:alert(1))",
    "![x](data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4=)",
    "</div></body></html><object data=file:///etc/passwd></object><iframe src=file:///etc/passwd></iframe>",
    '"><base href="file:///etc/"><meta http-equiv=refresh content="0;url=file:///etc/passwd">',
    "<svg><image href='file:///etc/passwd'/><use href='file:///etc/passwd#x'/></svg>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_is_fetched_whatever_a_text_says(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    fetcher = kit().fetcher
    original = type(fetcher).fetch

    def note(self: Any, url: str, headers: dict[str, str] | None = None) -> Any:
        asked.append(url)
        return original(self, url, headers)

    monkeypatch.setattr(type(fetcher), "fetch", note)
    piece = factory.evidence(
        3, title=text[:180], url="file:///etc/passwd", body=text, file_name="../../x.html"
    )
    service = factory.snapshot().service.model_copy(update={"name": text[:100], "description": text})
    section = factory.section(1, (factory.item(1, note=text, title=text, evidence=(piece,)),), title=text)
    signoff = factory.snapshot().signoff.model_copy(update={"note": text, "by": text})
    packet = render_packet(
        schema.canonical(factory.snapshot(sections=(section,), service=service, signoff=signoff))
    )
    assert asked == []
    assert set(reading.attachments_of(packet.pdf)) == {"snapshot.json"}
    assert "root:" not in reading.text_of(packet.pdf)
    assert b"/EmbeddedFile" in packet.pdf
    with reading.opened(packet.pdf) as document:
        links = [
            str(note["/A"]["/URI"])
            for page in document.pages
            for note in page.get("/Annots", [])
            if "/A" in note and "/URI" in note["/A"]
        ]
    assert all(link.startswith(("https://", "http://")) for link in links), links


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "http://127.0.0.1/", "data:text/css,p{}", "ftp://x/", "FILE:///etc/passwd"]
)
def test_the_fetcher_refuses_everything(url: str) -> None:
    with pytest.raises(ValueError, match="A packet fetches nothing"):
        kit().fetcher.fetch(url)


def test_markup_in_plain_fields_is_printed_as_typed() -> None:
    packet = render_packet(one_item(title="<script>alert(1)</script> & <b>bold</b>"))
    assert "<script>alert(1)</script> & <b>bold</b>" in reading.text_of(packet.pdf)


def test_characters_that_reverse_or_hide_text_are_left_out() -> None:
    packet = render_packet(one_item(title="Approved by \u202enimda\u202c A.\x00\x08 Lind"))
    assert "Approved by nimda A. Lind" in reading.text_of(packet.pdf)


def test_an_endless_run_is_broken_into_lines_that_fit() -> None:
    packet = render_packet(
        one_item(note="W" * 3_000, evidence=(factory.evidence(3, url="https://e.example/" + "u" * 1_900),))
    )
    lines = [line for page in reading.pages_of(packet.pdf) for line in page.split("\n")]
    # 176 mm hold some 60 W and 150 narrow letters of this size.
    assert max(line.count("W") for line in lines) <= 66
    assert max(line.count("u") for line in lines) <= 150
    assert sum(line.count("W") for line in lines) >= 3_000


@pytest.mark.slow
@pytest.mark.parametrize(
    "note",
    ["word " * 20_000, "a" * 100_000, "- x\n" * 25_000, "```\n" + "x y\n" * 25_000 + "```", "> " * 1_000],
    ids=["words", "one-run", "list", "listing", "quotes"],
)
def test_a_note_of_100_000_characters_is_set_in_bounded_time(note: str) -> None:
    packet = render_packet(one_item(note=note))
    assert packet.pages <= 30
    if note.count("\n") > 600:
        assert "characters of this text are in the attached snapshot.json" in reading.text_of(packet.pdf)
    raw = json.loads(reading.attachments_of(packet.pdf)["snapshot.json"])
    assert raw["sections"][0]["items"][0]["note"] == note


@settings(max_examples=15, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_any_text_anywhere_makes_a_packet(text: str) -> None:
    recorded = ((schema.Recorded(label=text, text=text),),)
    packet = render_packet(
        one_item(title=text, note=text, reason=text, data={text: [text]}, recorded=recorded)
    )
    assert packet.pdf.startswith(b"%PDF-")
    assert packet.pages >= 2


def test_a_review_with_nothing_in_it_makes_a_packet() -> None:
    empty = factory.snapshot(sections=(), valid_until=None, facts=(), events=0)
    text = reading.text_of(render_packet(schema.canonical(empty)).pdf)
    assert "Evidence none" in text
    assert "nothing in it grows stale" in text


def test_damaged_bytes_are_refused_before_anything_is_set() -> None:
    with pytest.raises(schema.UnreadableSnapshotError):
        render_packet(b"{}")


def test_sentences_get_the_full_stop_that_they_lack() -> None:
    assert sentences("No time", "Instead: a guard!", " ") == "No time. Instead: a guard!"
