"""The page of docs/examples with the official SDK, in a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest
from playwright.sync_api import expect, sync_playwright

from tests.browser import FLAGS, chromium
from tests.processes import Windsock

ROOT = Path(__file__).parents[2]
SDK = ROOT / "tests" / "javascript" / "node_modules" / "centrifuge" / "dist" / "centrifuge.js"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """The page and the SDK beside it, served as one would."""
    folder = tmp_path / "site"
    folder.mkdir()
    shutil.copy(ROOT / "docs" / "examples" / "browser.html", folder)
    shutil.copy(SDK, folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/browser.html"
        server.shutdown()
        thread.join()


def test_the_page_shows_what_a_device_sends(tmp_path: Path, site: str) -> None:
    with Windsock(tmp_path) as windsock, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        page = browser.new_page()
        page.goto(f"{site}?windsock={windsock.ws}")
        expect(page.locator("#state")).to_have_text("connected")
        for number in (1, 2):
            reading = {"device": "greenhouse-7", "values": {"temperature": number}}
            httpx.post(f"{windsock.url}/v1/readings", json=reading, trust_env=False).raise_for_status()
            expect(page.locator("#readings li").first).to_have_text(f'{number}: {{"temperature":{number}}}')
        browser.close()
