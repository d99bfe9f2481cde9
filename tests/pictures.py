"""`make screenshots`: the pictures of README and docs, of the demo as a newcomer sees it, in a real browser.

The weather in them is a stand-in's.
"""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser import FLAGS, chromium
from tests.processes import Windsock
from tests.stand_ins.open_meteo import OpenMeteo

DOCS = Path(__file__).parents[1] / "docs"
DEVICE = "greenhouse-climate-north"
SKIES = [(4.6, 61, 81), (9.2, 3, 74), (13.8, 1, 58), (2.1, 71, 90)]
"""°C, WMO 4677 code and relative humidity in % of the places, in turn."""


class Weather(OpenMeteo):
    """The stand-in, with another sky over each place and a day that warms and cools."""

    def _place(self, index: int, latitude: str, longitude: str, query: dict[str, str]) -> dict[str, Any]:
        warm, code, humid = SKIES[round(float(longitude) + 180) % len(SKIES)]
        self.values |= {"temperature_2m": warm, "weather_code": code, "relative_humidity_2m": humid}
        place = super()._place(index, latitude, longitude, query)
        hourly = place.get("hourly", {})
        for name, mean, swing in (("temperature_2m", warm, 3.5), ("relative_humidity_2m", humid, -11)):
            if name in hourly:
                hourly[name] = [round(mean + swing * sun(at), 1) for at in hourly["time"]]
        return place


def sun(at: int) -> float:
    """-1 at 3 o'clock UTC to 1 at 15, of a time in Unix seconds."""
    return math.sin((at / 3_600 - 9) / 12 * math.pi)


def picture(browser: Browser, address: str, name: str, scheme: Literal["light", "dark"], ready: str) -> None:
    """Write `docs/<name>.png` once `ready`, a selector, is there and what is drawn has settled."""
    page = browser.new_page(
        viewport={"width": 1280, "height": 960}, color_scheme=scheme, locale="en-GB", reduced_motion="reduce"
    )
    page.goto(address)
    expect(page.locator("#state")).to_have_text("live")
    expect(page.locator(ready).first).to_be_visible()
    page.wait_for_timeout(3_000)
    page.screenshot(path=DOCS / f"{name}.png")
    page.close()


def main() -> None:
    """Make all of them."""
    with Weather() as weather, tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        services = {"open_meteo_url": weather.url, "geocoding_url": weather.url}
        with Windsock(Path(folder), "demo", **services) as windsock:
            browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
            waiting = browser.new_page()
            waiting.goto(windsock.url)
            expect(waiting.locator('[data-device="van-1"]')).to_contain_text("km/h", timeout=60_000)
            waiting.wait_for_timeout(20_000)  # the present goes on a little
            waiting.close()
            picture(browser, windsock.url, "page", "light", ".weather-card[data-state=live]")
            device = f"{windsock.url}/#/device/{DEVICE}?window=24h&outside=berlin"
            picture(browser, device, "page-device", "dark", ".uplot")
            browser.close()


if __name__ == "__main__":
    main()
