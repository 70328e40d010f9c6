"""Fixtures of the browser tests: the application in its own process, Chromium, and tabs that must stay clean.

    def test_services(live_app, open_tab, cast):
        tab = open_tab(user=cast.member)
        page = tab.open("/services/")

A test fails when a console error, a violation of the content security policy or a missing asset shows up.
`live_app` sees what the test has committed: use the factories as always, the database is emptied afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from django.db import connection
from playwright.sync_api import Browser, sync_playwright

from readiness.accounts.models import User
from tests.e2e.browser import FLAGS, Tab, executable, new_tab
from tests.e2e.server import collect_static, running


class OpenTab(Protocol):
    """The fixture `open_tab`."""

    def __call__(
        self, *, user: User | None = None, phone: bool = False, dark: bool = False, scripts: bool = True
    ) -> Tab: ...


@pytest.fixture(scope="session")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The static files as in production."""
    target = tmp_path_factory.mktemp("static")
    collect_static(target)
    return target


@pytest.fixture(scope="session")
def live_process(django_db_setup: None, django_db_blocker: Any, collected: Path) -> Iterator[str]:
    """The web process on the test database, for the whole run; its base URL."""
    with django_db_blocker.unblock():
        name = connection.settings_dict["NAME"]
    with running(name, {"READINESS_STATIC": str(collected)}) as base:
        yield base


@pytest.fixture
def live_app(live_process: str, transactional_db: None) -> str:
    """The base URL of the running application; what the test writes is committed."""
    return live_process


@pytest.fixture(scope="session")
def style_guide(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """A web process with DEBUG, which has the style guide."""
    with django_db_blocker.unblock():
        name = connection.settings_dict["NAME"]
    with running(name, {"DEBUG": "1"}) as base:
        yield base


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, for the whole run."""
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright keeps an event loop in this thread, which Django would take for asynchronous code.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        chromium = playwright.chromium.launch(executable_path=executable(), args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def tabs(browser: Browser) -> Iterator[list[Tab]]:
    """Every tab of the test: closed after it, and asked for problems."""
    opened: list[Tab] = []
    yield opened
    problems = [problem for tab in opened for problem in tab.problems]
    for tab in opened:
        tab.context.close()
    assert not problems, "\n".join(problems)


@pytest.fixture
def open_tab(browser: Browser, tabs: list[Tab], live_app: str) -> OpenTab:
    """Open tabs on the running application, each with its own cookies: `open_tab(user=..., phone=True)`."""

    def make(
        *, user: User | None = None, phone: bool = False, dark: bool = False, scripts: bool = True
    ) -> Tab:
        tab = new_tab(browser, live_app, phone=phone, dark=dark, scripts=scripts)
        tabs.append(tab)
        return tab.sign_in(user) if user else tab

    return make
