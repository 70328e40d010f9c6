"""Fixtures that every test may use."""

from __future__ import annotations

import pytest

from tests.cast import cast

__all__ = ["cast"]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(servers: None, django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Start the servers before the test database is made (replaces pytest-django's empty fixture)."""
