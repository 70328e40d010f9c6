"""Readiness: production readiness reviews."""
