"""Fixtures that every test may use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cast import cast

__all__ = ["cast"]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(servers: None, django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Start the servers before the test database is made (replaces pytest-django's empty fixture)."""


@pytest.fixture(scope="session")
def _stored_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


@pytest.fixture(autouse=True)
def _files_apart(settings: Any, _stored_files: Path) -> None:
    """Keep files of tests out of the checkout's own data."""
    settings.STORED_FILES_DIR = _stored_files
    settings.FILE_UPLOAD_TEMP_DIR = _stored_files
