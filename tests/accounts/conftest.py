"""Fixtures of the accounts tests."""

from __future__ import annotations

import uuid

import pytest
from pytest_django import Settings

from readiness.accounts.signup import parse_signup


@pytest.fixture(autouse=True)
def _own_rate_limits(settings: Settings) -> None:
    """Count rate limits afresh for each test."""
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": uuid.uuid4().hex}
    }


@pytest.fixture
def open_signup(settings: Settings) -> None:
    """Let anybody sign up."""
    settings.SIGNUP = parse_signup("open")


@pytest.fixture
def domain_signup(settings: Settings) -> None:
    """Let people of example.com sign up."""
    settings.SIGNUP = parse_signup("domain:example.com")


@pytest.fixture
def closed_signup(settings: Settings) -> None:
    """Let nobody sign up without an invitation."""
    settings.SIGNUP = parse_signup("closed")
