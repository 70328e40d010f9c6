"""The accounts application."""

from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """People, teams and roles."""

    name = "readiness.accounts"
    label = "accounts"
