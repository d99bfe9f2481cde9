"""The overview of devices in a real browser, against the real system."""

from __future__ import annotations

from pathlib import Path

import httpx
from playwright.sync_api import Page, expect

from tests.browser import screenshot
from tests.processes import Windsock


def post(windsock: Windsock, **values: float) -> None:
    reading = {"device": "greenhouse-7", "values": values, "units": {"temperature": "°C"}}
    httpx.post(f"{windsock.url}/v1/readings", json=reading).raise_for_status()


def test_a_posted_reading_appears_and_is_replaced_by_the_next(tmp_path: Path, page: Page) -> None:
    with Windsock(tmp_path) as windsock:
        page.goto(windsock.url)
        expect(page.locator("#state")).to_have_text("live")
        expect(page.get_by_text("No device has posted yet.")).to_be_visible()
        post(windsock, temperature=21.4)
        card = page.locator('[data-device="greenhouse-7"]')
        expect(card).to_contain_text("21.4 °C")
        post(windsock, temperature=22.5, humidity=40)
        expect(card).to_contain_text("22.5 °C")
        expect(card).to_contain_text("humidity")
        screenshot(page, "page")


def test_a_page_opened_later_shows_the_latest_values(tmp_path: Path, page: Page) -> None:
    with Windsock(tmp_path) as windsock:
        post(windsock, temperature=19.5)
        page.goto(windsock.url)
        expect(page.locator('[data-device="greenhouse-7"]')).to_contain_text("19.5 °C")


def test_a_device_that_falls_silent_is_shown_as_such(tmp_path: Path, page: Page) -> None:
    with Windsock(tmp_path) as windsock:
        page.clock.install()
        page.goto(windsock.url)
        expect(page.locator("#state")).to_have_text("live")
        card = page.locator('[data-device="greenhouse-7"]')
        for temperature in (1.5, 2.5):
            page.clock.fast_forward(5_000)
            post(windsock, temperature=temperature)
            expect(card).to_contain_text(f"{temperature} °C")
        expect(card).not_to_contain_text("silent")
        page.clock.fast_forward(10_000)
        expect(card).to_contain_text("10 s ago")
        expect(card).not_to_contain_text("silent")
        page.clock.fast_forward(10_000)
        expect(card).to_contain_text("silent")
