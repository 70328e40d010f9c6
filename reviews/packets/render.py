"""Snapshot bytes to PDF, from bundled files and nothing else.

The typesetter is loaded on the first call: web processes never pay for it. Nothing is fetched while a packet
is made, whatever its texts say. The same bytes in give the same bytes out.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from . import document, fit_document, fit_schema, schema

ATTACHMENT = "snapshot.json"
_DESCRIPTION = "The snapshot that this packet was made from (RFC 8785 canonical JSON)"


@dataclass(frozen=True, slots=True)
class RenderedPacket:
    """A finished PDF, its number of pages, and its SHA-256 as hex."""

    pdf: bytes
    pages: int
    sha256: str


def render_packet(snapshot_bytes: bytes) -> RenderedPacket:
    """Make the PDF of a snapshot from its stored bytes alone.

    Raises UnreadableSnapshotError when the bytes are not a snapshot that this version can read.
    """
    digest = schema.content_hash(snapshot_bytes)
    html, signed_at = _html(snapshot_bytes, digest)
    from . import typesetter  # noqa: PLC0415 -- loads Pango and its friends

    at = datetime.fromisoformat(signed_at).astimezone(UTC)
    attached = typesetter.attachment(ATTACHMENT, snapshot_bytes, _DESCRIPTION, at)
    pdf, pages = typesetter.typeset(html, attached, bytes.fromhex(digest))
    return RenderedPacket(pdf, pages, hashlib.sha256(pdf).hexdigest())


def _html(content: bytes, digest: str) -> tuple[str, str]:
    """The document of a review or of a fit check, and when it was signed."""
    if fit_schema.is_fit_check(content):
        fit = fit_schema.parse(content)
        return fit_document.to_html(fit, digest), fit.signed.at
    snapshot = schema.parse(content)
    return document.to_html(snapshot, digest), snapshot.signoff.at
