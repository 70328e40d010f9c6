"""Fixtures that every test may use."""

from __future__ import annotations

import pytest

from tests.cast import cast

__all__ = ["cast"]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(servers: None, django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Start the servers before the test database is made (replaces pytest-django's empty fixture)."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run browser tests last: quick failures show first, and Playwright's event loop is in nobody's way."""
    items.sort(key=lambda item: item.get_closest_marker("e2e") is not None)
