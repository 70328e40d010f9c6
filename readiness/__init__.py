"""Readiness: production readiness reviews."""

__version__ = "0.1.0"
