"""Reviewer roles: what a reviewer can stand for. Checklists name them per section."""

from __future__ import annotations

from typing import Final

REVIEWER_ROLES: Final[dict[str, str]] = {
    "sre": "SRE",
    "security": "Security",
    "platform": "Platform",
    "data": "Data",
    "product": "Product",
}
