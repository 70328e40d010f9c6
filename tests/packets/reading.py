"""Read back what a packet says: text by page, outline, attachment, fonts."""

from __future__ import annotations

import io
import re

import pikepdf

_CHAR = re.compile(rb"<([0-9a-f]{4})> <([0-9a-f]+)>")


def opened(pdf: bytes) -> pikepdf.Pdf:
    """Open a packet."""
    return pikepdf.open(io.BytesIO(pdf))


def pages_of(pdf: bytes) -> list[str]:
    """The text of each page in reading order, a line for each piece that was set at one place."""
    with opened(pdf) as document:
        return [_page_text(page) for page in document.pages]


def text_of(pdf: bytes) -> str:
    """The text of all pages on one line, as a reader would search it."""
    return re.sub(r"\s+", " ", " ".join(pages_of(pdf)).replace("\u200b", ""))


def attachments_of(pdf: bytes) -> dict[str, bytes]:
    """The attached files by name."""
    with opened(pdf) as document:
        return {name: spec.get_file().read_bytes() for name, spec in document.attachments.items()}


def fonts_of(pdf: bytes) -> set[str]:
    """The names of the fonts used, without the tag of the subset."""
    with opened(pdf) as document:
        return {
            str(font["/BaseFont"]).split("+")[-1]
            for page in document.pages
            for font in page.resources["/Font"].values()
        }


def outline_of(pdf: bytes) -> list[tuple[int, str, int]]:
    """The bookmarks as (level, title, page from 1)."""
    with opened(pdf) as document, document.open_outline() as outline:
        numbers = {page.objgen: number for number, page in enumerate(document.pages, 1)}
        found: list[tuple[int, str, int]] = []

        def walk(items: list[pikepdf.OutlineItem], level: int) -> None:
            for item in items:
                found.append((level, str(item.title), numbers[item.destination[0].objgen]))
                walk(item.children, level + 1)

        walk(list(outline.root), 1)
    return found


def _page_text(page: pikepdf.Page) -> str:
    maps = {name: _unicode_map(font) for name, font in page.resources["/Font"].items()}
    glyphs: dict[int, str] = {}
    lines: list[str] = []
    for operands, operator in pikepdf.parse_content_stream(page):
        match str(operator):
            case "Tf":
                glyphs = maps[str(operands[0])]
            case "Tm":
                lines.append("")
            case "TJ":
                parts = (bytes(part) for part in operands[0] if isinstance(part, pikepdf.String))
                lines[-1] += "".join(_decoded(part, glyphs) for part in parts)
    return "\n".join(line for line in lines if line.strip())


def _unicode_map(font: pikepdf.Object) -> dict[int, str]:
    cmap = font["/ToUnicode"].read_bytes()
    return {
        int(code, 16): bytes.fromhex(text.decode()).decode("utf-16-be") for code, text in _CHAR.findall(cmap)
    }


def _decoded(part: bytes, glyphs: dict[int, str]) -> str:
    codes = (int.from_bytes(part[at : at + 2], "big") for at in range(0, len(part), 2))
    return "".join(glyphs.get(code, "\ufffd") for code in codes)
