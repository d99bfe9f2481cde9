"""Every view in light and dark, wide and on a phone: axe finds nothing serious, and the policy forbids nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.axe import findings
from tests.browser import SOON_MS, screenshot, until, watched
from tests.page_feeds import post
from tests.processes import Windsock
from tests.stand_ins.open_meteo import OpenMeteo

ADDRESSES = {
    "overview": "#/",
    "device": "#/device/greenhouse-7",
    "metric": "#/metric/temperature",
    "weather": "#/weather",
    "board": "#/board",
    "alerts": "#/alerts",
}
SIZES = {"desktop": (1280, 800), "phone": (360, 740)}


@pytest.fixture(scope="module")
def windsock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windsock]:
    with OpenMeteo() as service:
        weather = {"places": "Berlin=52.52,13.41", "open_meteo_url": service.url, "geocoding_url": service.url}
        with Windsock(tmp_path_factory.mktemp("axe"), **weather) as windsock:
            now = int(time.time() * 1000)
            post(windsock, *readings("greenhouse-7", 20, now), *readings("van:1", 5, now))
            post(windsock, *readings("cellar", 12, now - 3_600_000))  # silent, which has its own looks
            yield windsock


def readings(device: str, base: int, until_ms: int) -> list[dict[str, Any]]:
    """Ten minutes of a device."""
    units, tags = {"temperature": "Cel", "humidity": "%RH"}, {"place": "north"}
    return [
        {
            "device": device,
            "ts": until_ms - (60 - n) * 10_000,
            "values": {"temperature": base + n % 7, "humidity": 40 + n % 5, "door": n % 2 == 0},
            "units": units,
            "tags": tags,
        }
        for n in range(60)
    ]


def settled(page: Page) -> None:
    """Wait until the view has what it shows: its text has stopped to grow, and what moves has arrived."""
    page.wait_for_load_state("networkidle")
    until(
        page,
        """async () => {
            const length = () => document.querySelector("main").textContent.length;
            const before = length();
            await new Promise((resolve) => setTimeout(resolve, 300));
            return length() === before && document.getAnimations().every(({ playState, effect }) =>
                playState !== "running" || effect.getTiming().iterations === Infinity);
        }""",
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_nothing_serious_is_found(
    windsock: Windsock, browser: Browser, scheme: Literal["light", "dark"], size: str
) -> None:
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme, locale="en-GB")
    page.set_default_timeout(SOON_MS)
    mistakes = watched(page)
    found: dict[str, list[str]] = {}
    for name, address in ADDRESSES.items():
        page.goto(windsock.url + "/" + address)
        expect(page.locator("#state")).to_have_attribute("data-state", "live")
        expect(page.locator("main h1, main h2").first).to_be_visible()
        settled(page)
        screenshot(page, f"axe-{name}-{size}-{scheme}")
        found[name] = findings(page)
        if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            found[name].append("has to be scrolled sideways")
    page.get_by_role("button", name="Settings").click()
    found["settings"] = findings(page)
    page.context.set_offline(True)
    expect(page.locator("#banner")).to_contain_text("Offline since")
    found["offline"] = findings(page)
    page.close()
    assert {name: problems for name, problems in found.items() if problems} == {}
    assert mistakes == []


def test_the_check_itself_finds_what_is_wrong(windsock: Windsock, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(windsock.url)
    page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    assert any(finding.startswith("button-name") for finding in findings(page))
    page.close()
