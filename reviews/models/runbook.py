"""Texts of runbooks, kept once each by their SHA-256, with what the linter says of them."""

from __future__ import annotations

from django.db import models


class RunbookText(models.Model):
    """One text. Rows of an inventory name it by its hash; it is never changed."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    text = models.TextField()
    report = models.JSONField()
    # The version of the linter that made the report.
    linter = models.PositiveSmallIntegerField()
    added_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.sha256[:12]
