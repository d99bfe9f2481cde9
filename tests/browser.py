"""A real browser for tests of pages: fixtures `browser` and `page`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, expect, sync_playwright

from tests.waiting import wait_until

SCREENSHOTS = Path(__file__).parent / "screenshots"
SOON_MS = 30_000
"""How long a busy machine may take to show something."""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

expect.set_options(timeout=SOON_MS)


def chromium() -> str:
    """The browser's path."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    assert found, "no Chromium on the PATH; `make test` installs it"
    return found


def screenshot(page: Page, name: str) -> None:
    """Keep what the page shows as `tests/screenshots/<name>.png`."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")


def until(page: Page, script: str, argument: Any = None, *, timeout: float = SOON_MS) -> None:
    """Wait until a script says that it is so.

    `page.wait_for_function` has the page evaluate text, which the policy of our page forbids. A navigation ends a
    script without an answer: it is asked again.
    """

    def so() -> bool:
        try:
            return bool(page.evaluate(script, argument))
        except Error as error:
            if "Execution context was destroyed" not in error.message:
                raise
            return False

    wait_until(so, f"not so: {script}", timeout / 1000)


def watched(page: Page) -> list[str]:
    """What goes wrong on a page from here on: its scripts' errors, and what its policy forbade."""
    mistakes: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            mistakes.append(message.text)

    page.on("pageerror", lambda error: mistakes.append(str(error)))
    page.on("console", heard)
    return mistakes


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for all tests of a module; closed before another module's event loops run."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of an English viewer; the test fails if a script of it did, or wanted what its policy forbids."""
    page = browser.new_page(viewport={"width": 1000, "height": 640}, locale="en-GB")
    page.set_default_timeout(SOON_MS)
    mistakes = watched(page)
    yield page
    page.close()
    assert mistakes == []
