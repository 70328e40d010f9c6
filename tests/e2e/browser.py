"""Chromium for tests: one browser, a fresh context for each tab, and tabs that tell what went wrong."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response

from readiness.accounts.models import User
from readiness.embedded.system import chromium

FLAGS: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP: Final = (1480, 1000)
PHONE: Final = (390, 844)
_ASSETS: Final = {"stylesheet", "script", "image", "font"}
# Chromium and htmx write a line for every answer of 4xx and 5xx and every lost connection. What the page
# makes of it is for the tests to judge; missing assets are caught below.
_STATUS_LINE: Final = re.compile(
    r"^Failed to load resource: |^Response Status Error Code |^htmx:(sendError|afterRequest)\b"
)


def executable() -> str:
    """The Chromium to drive: $CHROMIUM, or the one that is installed."""
    return os.environ.get("CHROMIUM") or chromium() or "/usr/bin/chromium"


@dataclass
class Tab:
    """A page with its own cookies. `problems` collects console errors, CSP violations and missing assets."""

    base: str
    context: BrowserContext
    page: Page
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.problems.append(f"script error: {error}"))
        self.page.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not _STATUS_LINE.match(message.text):
            self.problems.append(f"console: {message.text}")

    def _response(self, response: Response) -> None:
        if response.status >= 400 and response.request.resource_type in _ASSETS:
            self.problems.append(f"missing asset: {response.status} {response.url}")

    def open(self, path: str) -> Page:
        """Go to `path` of the application."""
        self.page.goto(self.base + path)
        return self.page

    def sign_in(self, user: User) -> Tab:
        """Sign `user` in by a session cookie."""
        client = Client()
        client.force_login(user)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        self.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": self.base}])
        return self

    def shoot(self, name: str) -> None:
        """Save a full-page screenshot as `name`.png in the directory $READINESS_SHOTS, when that is set."""
        if directory := os.environ.get("READINESS_SHOTS"):
            Path(directory).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=Path(directory) / f"{name}.png", full_page=True)

    def assert_fits(self) -> None:
        """Fail when the page is wider than the window."""
        wide = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wide <= 0, f"{self.page.url} is {wide} px wider than the window"


def new_tab(
    browser: Browser, base: str, *, phone: bool = False, dark: bool = False, scripts: bool = True
) -> Tab:
    """Open a tab: a phone of 390 px, the dark theme, or no JavaScript as asked."""
    width, height = PHONE if phone else DESKTOP
    context = browser.new_context(
        base_url=base,
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        java_script_enabled=scripts,
        reduced_motion="reduce",
        accept_downloads=True,
    )
    context.set_default_timeout(10_000)
    return Tab(base, context, context.new_page())
