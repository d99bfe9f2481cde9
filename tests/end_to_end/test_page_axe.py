"""Every view in light and dark, wide and on a phone: axe finds nothing serious, and the policy forbids nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.axe import findings
from tests.browser import SOON_MS, screenshot, until, watched
from tests.page_feeds import post
from tests.processes import Windsock
from tests.stand_ins.open_meteo import OpenMeteo

BOARD = "#/board/House?v=1&items=value,device:greenhouse-7,temperature;chart,device:cellar,humidity;value,device:gone,t"
ADDRESSES = {
    "overview": "#/",
    "device": "#/device/greenhouse-7",
    "metric": "#/metric/temperature",
    "metrics": "#/metric",
    "weather": "#/weather",
    "place": "#/weather?place=berlin",
    "board": "#/board",
    "linked": BOARD,
    "broken": BOARD + ";nonsense",
    "wall": BOARD + "&wall=1",
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


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windsock]:
    """One that shows nothing without a token."""
    secret = "the secret of the tests, which is long enough"
    with Windsock(tmp_path_factory.mktemp("tokens"), anonymous="off", token_secret=secret) as windsock:
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
    for name, opened in dialogs(windsock, page):
        settled(page)
        screenshot(page, f"axe-{name}-{size}-{scheme}")
        found[name] = findings(page)
        box = opened.bounding_box()
        if box is None or box["x"] < 0 or box["x"] + box["width"] > width:
            found[name].append("does not fit")
        page.keyboard.press("Escape")
        expect(opened).to_be_hidden()
    page.get_by_role("button", name="Settings").click()
    expect(page.locator("#settings")).to_be_visible()
    screenshot(page, f"axe-settings-{size}-{scheme}")
    found["settings"] = findings(page)
    page.context.set_offline(True)
    expect(page.locator("#banner")).to_contain_text("Offline since")
    found["offline"] = findings(page)
    page.close()
    assert {name: problems for name, problems in found.items() if problems} == {}
    assert mistakes == []


def dialogs(windsock: Windsock, page: Page) -> Iterator[tuple[str, Locator]]:
    """One after the other what a board opens, with something in it."""
    page.goto(windsock.url + "/" + BOARD)
    page.get_by_role("button", name="Save as my own").click()
    dialog = page.get_by_role("dialog")
    page.get_by_role("button", name="Add", exact=True).click()
    dialog.get_by_role("button", name="greenhouse-7").click()
    expect(dialog.get_by_label("humidity")).to_be_visible()
    yield "add", dialog
    first = page.locator(".board .item").first
    bell = first.get_by_role("button", name="Alerts of this value")
    first.hover()
    bell.click()
    dialog.get_by_label("Limit").fill("90")
    dialog.get_by_role("button", name="Add the alert").click()
    expect(dialog).to_have_count(0)
    first.hover()
    bell.click()
    expect(dialog.get_by_role("listitem")).to_have_count(1)
    dialog.get_by_label("Tell me when").select_option("it is silent")
    dialog.get_by_label("For", exact=True).fill("0")
    dialog.get_by_role("button", name="Add the alert").click()
    expect(dialog.get_by_role("alert")).not_to_be_empty()
    yield "alert", dialog
    first.hover()
    first.get_by_role("button", name="Edit").click()
    yield "item", dialog
    page.get_by_role("button", name="Rename").click()
    yield "rename", dialog


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_is_found_where_a_token_is_asked_for(
    tokens: Windsock, browser: Browser, scheme: Literal["light", "dark"]
) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 740}, color_scheme=scheme, locale="en-GB")
    page.set_default_timeout(SOON_MS)
    page.goto(tokens.url)
    expect(page.get_by_label("Token", exact=True)).to_be_visible()
    settled(page)
    screenshot(page, f"axe-login-{scheme}")
    found = findings(page)
    page.close()
    assert found == []


def test_the_check_itself_finds_what_is_wrong(windsock: Windsock, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(windsock.url)
    page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    assert any(finding.startswith("button-name") for finding in findings(page))
    page.close()
