"""Bundled files: fonts with their licences, the style sheet of the pages, and where fontconfig looks."""

from __future__ import annotations

from pathlib import Path

ASSETS = Path(__file__).resolve().parent
