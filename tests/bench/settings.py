"""The application's settings with one more address: a view that does nothing, to compare with."""

from __future__ import annotations

from readiness.settings import *  # noqa: F403  # the settings themselves are what is measured

ROOT_URLCONF = "tests.bench.urls"
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "testserver"]
