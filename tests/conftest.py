"""Fixtures that every test may use."""

from __future__ import annotations

from tests.cast import cast

__all__ = ["cast"]
