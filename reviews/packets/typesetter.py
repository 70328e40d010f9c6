"""The typesetter: WeasyPrint, with bundled fonts and nothing else.

Import this module only where pages are made (`render` does): it loads Pango, fontconfig and HarfBuzz.
"""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from io import BytesIO
from typing import NamedTuple, NoReturn

from .assets import ASSETS

# fontconfig reads this when it is loaded: for this process no other fonts exist.
os.environ["FONTCONFIG_FILE"] = str(ASSETS / "fonts.conf")

from weasyprint import CSS, HTML, Attachment
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher

# It reports each page as it goes; the worker's log says once that a packet was made.
logging.getLogger("weasyprint.progress").setLevel(logging.WARNING)


class RefusingFetcher(URLFetcher):
    """Fetches nothing: a packet is made from its snapshot and the bundled files alone."""

    def __init__(self) -> None:
        """Leave out the handlers of the base class: there is nothing to open."""

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> NoReturn:  # noqa: ARG002
        """Refuse; the typesetter leaves out what it cannot fetch and logs that."""
        raise ValueError(f"A packet fetches nothing; refused: {url[:200]}")


class Kit(NamedTuple):
    """What one process keeps for all its packets: fonts, the parsed style sheet, the fetcher that refuses."""

    fonts: FontConfiguration
    css: CSS
    fetcher: RefusingFetcher


@cache
def kit() -> Kit:
    """Return this process's kit; made once, as loading fonts and a style sheet takes longer than a page."""
    fonts, fetcher = FontConfiguration(), RefusingFetcher()
    css = CSS(string=(ASSETS / "packet.css").read_text("utf-8"), font_config=fonts, url_fetcher=fetcher)
    gc.collect()
    gc.freeze()  # what is loaded by now stays: no later collection has to look at it
    return Kit(fonts, css, fetcher)


def attachment(name: str, content: bytes, description: str, at: datetime) -> Attachment:
    """Return `content` to be attached; `at` is fixed, or the bytes of the PDF would differ each time."""
    return Attachment(
        file_obj=BytesIO(content),
        name=name,
        description=description,
        created=at,
        modified=at,
        relationship="Source",
        url_fetcher=kit().fetcher,
    )


def typeset(html: str, attached: Attachment, identifier: bytes) -> tuple[bytes, int]:
    """Set a document; return the PDF and its number of pages."""
    fonts, css, fetcher = kit()
    with _collector_at_rest():
        document = HTML(string=html, url_fetcher=fetcher).render(font_config=fonts, stylesheets=[css])
        pdf = document.write_pdf(attachments=[attached], pdf_identifier=identifier)
        return pdf, len(document.pages)


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Collect garbage once, at the end: the parts of a document live until then and are looked at in vain."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
        gc.collect()
