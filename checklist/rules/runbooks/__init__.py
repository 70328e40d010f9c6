"""Linting runbooks: six parts, a short introduction, and steps that say exactly what to do. Pure."""

from __future__ import annotations

from checklist.rules.runbooks.lint import MAX_BYTES, LintError, lint
from checklist.rules.runbooks.parts import ALIASES, PARTS
from checklist.rules.runbooks.report import Finding, Part, Report
from checklist.rules.runbooks.template import TEMPLATE

__all__ = ["ALIASES", "MAX_BYTES", "PARTS", "TEMPLATE", "Finding", "LintError", "Part", "Report", "lint"]
