"""The overview of devices in a real browser, against the real system."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.browser import screenshot
from tests.processes import Windsock

SECRET = "the secret of the tests, which is long enough"
CUT = """(device) => [...document.querySelectorAll(`[data-device="${device}"] :is(.cells, .cells b *)`)]
    .filter((one) => one.scrollWidth > one.clientWidth || one.scrollHeight > one.clientHeight + 2)
    .map((one) => one.textContent)"""  # of a tile's values, what is not seen whole
ODD = '"><img src=x onerror=alert(1)>/50%?#&ü'


def post(windsock: Windsock, *readings: dict[str, Any]) -> None:
    httpx.post(f"{windsock.url}/v1/readings", json=list(readings), trust_env=False).raise_for_status()


def reading(device: str = "greenhouse-7", ts: int | None = None, **values: Any) -> dict[str, Any]:
    said: dict[str, Any] = {"device": device, "values": values, "units": {"temperature": "°C"}}
    return said if ts is None else said | {"ts": ts}


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def tile(page: Page, device: str = "greenhouse-7") -> Locator:
    return page.locator(f'[data-device="{device}"]')


def answer_by_the_clock_of(page: Page, route: Route) -> None:
    """As a server answers whose clock is as fast as the page's."""
    answer = route.fetch()
    said = answer.json()
    for device in said["devices"]:
        device["last_seen"] = device["ts"]
    now = datetime.fromtimestamp(page.evaluate("Date.now()") / 1000, UTC)
    route.fulfill(response=answer, json=said, headers=answer.headers | {"date": format_datetime(now, usegmt=True)})


def drawn(page: Page) -> None:
    """Waits until what is there now is painted: what a page does in a frame is done in the one after it."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def looked_at(page: Page) -> tuple[str, Any]:
    """The first device that is in view, and where its name stands."""
    name = page.evaluate("""() => [...document.querySelectorAll("[data-device] .name")]
        .find((one) => one.getBoundingClientRect().top > innerHeight / 4).textContent""")
    return name, tile(page, name).locator(".name").bounding_box()


def names(page: Page) -> list[str]:
    return page.locator("[data-device] .name").all_inner_texts()


def test_a_newcomer_is_told_how_to_post_and_sees_each_reading_come(
    tmp_path: Path, page: Page, browser: Browser
) -> None:
    with Windsock(tmp_path) as windsock:
        page.goto(windsock.url)
        expect(page.locator("#state")).to_have_text("live")
        expect(page.get_by_text("No device has posted yet.")).to_be_visible()
        expect(page.locator("pre")).to_contain_text(f"{windsock.url}/v1/readings")
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.get_by_role("button", name="Copy").click()
        expect(page.get_by_text("Copied")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == page.locator("pre").inner_text()
        screenshot(page, "page-empty")

        post(windsock, reading(temperature=21.4))
        expect(tile(page)).to_contain_text("21.4 °C")
        expect(page.get_by_text("No device has posted yet.")).to_be_hidden()
        post(windsock, reading(temperature=22.5, humidity=40))
        expect(tile(page)).to_contain_text("22.5 °C")
        expect(tile(page)).to_contain_text("humidity")

        # What comes late does not turn a value back.
        post(windsock, reading(ts=now_ms() - 60_000, temperature=1), reading("after", temperature=2))
        expect(tile(page, "after")).to_contain_text("2 °C")
        expect(tile(page)).to_contain_text("22.5 °C")

        # Of ten metrics five are shown; each leads to its view, and the name to the device's.
        post(windsock, reading("many", **{f"m{at}": at for at in range(10)}))
        expect(tile(page, "many").get_by_role("link", name="and 5 more")).to_have_attribute("href", "#/device/many")
        expect(tile(page, "many").get_by_role("link", name=re.compile("m3"))).to_have_attribute("href", "#/metric/m3")
        expect(tile(page, "many").get_by_role("listitem")).to_have_count(0)
        expect(page.locator(".tiles > li")).to_have_count(3)
        expect(tile(page, "many")).to_have_attribute("aria-setsize", "3")

        # The menu chooses the line, and holds what can be done with a value.
        page.get_by_role("button", name="More of many").click()
        page.get_by_role("radio", name="m7").check()
        expect(page.get_by_role("button", name="Pin to the board")).to_have_count(10)
        expect(page.get_by_role("button", name="Alerts of this value")).to_have_count(10)
        page.keyboard.press("Escape")
        expect(tile(page, "many").locator("[data-line]")).to_contain_text("m7")
        page.reload()
        expect(tile(page, "many").locator("[data-line]")).to_contain_text("m7")
        expect(tile(page)).to_contain_text("22.5 °C")

        german = browser.new_page(locale="de-DE", color_scheme="dark", viewport={"width": 360, "height": 740})
        german.goto(windsock.url)
        expect(tile(german)).to_contain_text("22,5 °C")
        expect(german.get_by_text("3 Geräte")).to_be_visible()
        assert german.evaluate("document.documentElement.scrollWidth <= innerWidth")
        german.close()

        # Neither a long number nor its unit is cut.
        values: dict[str, Any] = {name: 1_017_523.125 for name in ("a", "b", "c", "d", "e", "temperature")}
        post(windsock, reading("long", **values), reading("three", a=5_532.76, b=101.325, temperature=-1_017.125))
        for width in (390, 1280, 1600, 3840):
            page.set_viewport_size({"width": width, "height": 1000})
            for device in ("long", "three"):
                expect(tile(page, device)).to_contain_text("°C")
                assert page.evaluate(CUT, device) == [], width


def test_what_devices_are_called_is_text_and_never_markup(tmp_path: Path, page: Page) -> None:
    with Windsock(tmp_path) as windsock:
        post(windsock, reading("a:b~c", constructor=7, text=ODD) | {"tags": {"where": ODD}})
        page.goto(windsock.url)
        name = page.locator("[data-device] .name")
        expect(name).to_have_text("a:b~c")
        expect(name).to_have_attribute("href", "#/device/a%3Ab~c")
        expect(page.locator("[data-device] .tags")).to_have_text(ODD)
        expect(page.get_by_role("link", name="constructor 7", exact=True)).to_be_visible()
        expect(page.get_by_role("link", name=f"text {ODD}", exact=True)).to_be_visible()
        expect(page.locator("[data-device] img")).to_have_count(0)
        page.get_by_label("Tag").select_option(label=f"where: {ODD} (1)")
        expect(page.get_by_text("1 device", exact=True)).to_be_visible()
        page.reload()
        expect(page.get_by_label("Tag")).to_have_value(f"where:{ODD}")


def test_a_device_that_falls_silent_is_shown_as_such_and_so_is_it_when_all_data_stops(
    tmp_path: Path, page: Page
) -> None:
    with Windsock(tmp_path) as windsock:
        page.clock.install()
        page.route("**/api/devices*", lambda route: answer_by_the_clock_of(page, route))
        page.goto(windsock.url)
        expect(page.locator("#state")).to_have_text("live")
        for temperature in range(1, 8):
            page.clock.fast_forward(60_000)
            # By the page's clock, which goes faster.
            post(windsock, reading(ts=page.evaluate("Date.now()"), temperature=temperature))
            expect(tile(page)).to_contain_text(f"{temperature} °C")
        expect(tile(page)).not_to_contain_text("silent")
        page.clock.fast_forward(60_000)
        expect(tile(page)).to_contain_text("1 min ago")
        expect(tile(page)).not_to_contain_text("silent")
        banner = page.locator("#banner")
        expect(banner).not_to_contain_text("No readings")
        page.clock.fast_forward(180_000)
        expect(tile(page)).to_contain_text("silent")
        page.get_by_role("button", name="Silent (1)").click()
        expect(page).to_have_url(re.compile(r"silent=1"))
        expect(tile(page)).to_be_visible()
        page.clock.fast_forward(600_000)
        expect(banner).to_contain_text("No readings have come since")
        screenshot(page, "page-data-stopped")
        post(windsock, reading(ts=page.evaluate("Date.now()"), temperature=30))
        expect(banner).not_to_contain_text("No readings")
        expect(page.get_by_text("No device fits this search.")).to_be_visible()
        page.get_by_role("button", name="Show all devices").click()
        expect(tile(page)).to_contain_text("30 °C")
        # It is told in every view, also in one that follows no device.
        page.evaluate("location.hash = '#/alerts'")
        expect(page.locator('nav a[data-view="alerts"]')).to_have_attribute("aria-current", "page")
        expect(banner).not_to_contain_text("No readings")
        page.clock.fast_forward(7_200_000)
        expect(banner).to_contain_text("No readings have come since")
        post(windsock, reading(ts=page.evaluate("Date.now()"), temperature=31))
        page.clock.fast_forward(120_000)
        expect(banner).not_to_contain_text("No readings")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windsock]:
    """Sixty sensors, of which the one in the cellar has said nothing for an hour."""
    with Windsock(tmp_path_factory.mktemp("house")) as windsock:
        readings = [
            reading(f"sensor-{at}", temperature=at) | {"tags": {"floor": str(at % 3), "kind": "sensor"}}
            for at in range(1, 61)
        ]
        post(windsock, *readings, reading("cellar", ts=now_ms() - 3_600_000, humidity=90))
        yield windsock


def test_devices_are_searched_filtered_and_put_in_order_and_the_address_says_so(house: Windsock, page: Page) -> None:
    page.clock.install()
    page.goto(house.url)
    count = page.locator(".toolbar [role=status]")
    expect(count).to_have_text("61 devices")
    assert names(page)[:4] == ["cellar", "sensor-1", "sensor-2", "sensor-3"]
    page.get_by_role("searchbox").press_sequentially("sensor-1")
    expect(count).to_have_text("11 of 61 devices")
    page.get_by_label("Tag").select_option("floor:1")
    expect(count).to_have_text("5 of 61 devices")
    page.get_by_label("Order").select_option("value")
    expect(page.get_by_label("Metric")).to_have_value("temperature")
    assert names(page) == ["sensor-19", "sensor-16", "sensor-13", "sensor-10", "sensor-1"]
    page.get_by_role("button", name="Falling").click()
    expect(page.locator("[data-device] .name").first).to_have_text("sensor-1")
    page.reload()
    expect(page.locator("[data-device]")).to_have_count(5)
    assert names(page) == ["sensor-1", "sensor-10", "sensor-13", "sensor-16", "sensor-19"]
    expect(page.get_by_role("searchbox")).to_have_value("sensor-1")

    # By value the order follows what comes, but not under the keyboard.
    tile(page, "sensor-1").locator(".name").focus()
    post(house, reading("sensor-1", temperature=100))
    expect(tile(page, "sensor-1")).to_contain_text("100 °C")
    page.clock.fast_forward(4_000)  # longer than an order is kept otherwise
    assert names(page)[0] == "sensor-1"
    page.evaluate("document.activeElement.blur()")
    expect(page.locator("[data-device] .name").last).to_have_text("sensor-1")

    page.goto(f"{house.url}/#/?q=nowhere")
    expect(page.get_by_text("No device fits this search.")).to_be_visible()
    page.goto(f"{house.url}/#/?sort=seen&order=asc")
    expect(page.locator("[data-device] .name").first).to_have_text("cellar")
    page.goto(f"{house.url}/#/?silent=1")
    expect(page.locator("[data-device]")).to_have_count(1)
    expect(tile(page, "cellar")).to_contain_text("silent")


def test_only_tiles_near_the_view_exist_the_keyboard_reaches_all_and_the_place_is_kept(
    house: Windsock, page: Page
) -> None:
    page.goto(house.url)
    expect(tile(page, "cellar")).to_be_visible()
    there = page.locator("[data-device]").count()
    assert 6 <= there < 40
    # Tab goes on into tiles that were not there, and the one that has the focus stays.
    tile(page, "sensor-1").locator(".name").focus()
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(tile(page, "sensor-60")).to_be_visible()
    expect(tile(page, "sensor-1").locator(".name")).to_be_focused()
    expect(tile(page, "sensor-30")).to_have_count(0)
    for _ in range(60):
        page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.closest('[data-device]').getAttribute('aria-posinset')")
    assert int(focused) > 12
    expect(page.locator(f'[aria-posinset="{focused}"]')).to_be_in_viewport()
    page.evaluate("document.activeElement.blur()")
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 720})
        drawn(page)
        page.evaluate("scrollTo(0, 1200)")
        drawn(page)
        name, place = looked_at(page)
        page.evaluate("(name) => location.hash = `#/device/${name}`", name)
        expect(page.locator("[data-device]")).to_have_count(0)
        page.go_back()
        expect(tile(page, name)).to_be_in_viewport()
        drawn(page)
        assert tile(page, name).locator(".name").bounding_box() == pytest.approx(place, abs=2), width


@pytest.mark.parametrize("width", [1280, 360])
def test_weather_that_comes_late_and_a_banner_move_nothing_under_who_has_scrolled_past_them(
    house: Windsock, page: Page, width: int
) -> None:
    held: list[Route] = []
    page.route("**/api/places", lambda route: held.append(route))
    page.set_viewport_size({"width": width, "height": 720})
    with page.expect_request("**/api/places"):
        page.goto(house.url)
    expect(tile(page, "cellar")).to_be_visible()
    page.evaluate("scrollTo(0, 1200)")
    drawn(page)
    name, place = looked_at(page)
    held[0].continue_()
    expect(page.locator(".weather-strip .weather-card")).not_to_have_count(0)
    drawn(page)
    assert tile(page, name).locator(".name").bounding_box() == pytest.approx(place, abs=1)
    # The banner tells of any error.
    page.evaluate("dispatchEvent(new ErrorEvent('error', {error: new Error('odd')}))")
    expect(page.locator("#banner")).to_contain_text("odd")
    drawn(page)
    assert tile(page, name).locator(".name").bounding_box() == pytest.approx(place, abs=1)
    page.evaluate("document.querySelector('#banner p').remove()")
    drawn(page)
    assert tile(page, name).locator(".name").bounding_box() == pytest.approx(place, abs=1)


@pytest.mark.parametrize("why", ["permitted", "on"])
def test_where_all_readings_are_not_to_be_had_by_one_topic_it_is_live_all_the_same(
    tmp_path: Path, page: Page, why: str
) -> None:
    claims = {"sub": "7", "allow": ["device:greenhouse-*"]}
    settings = {"anonymous": "off", "token_secret": SECRET} if why == "permitted" else {"group_topics": "false"}
    with Windsock(tmp_path, **settings) as windsock:
        post(windsock, reading(temperature=1), reading("other", temperature=1))
        token = jwt.encode(claims, SECRET, "HS256")
        page.goto(f"{windsock.url}/#token={token}" if why == "permitted" else windsock.url)
        expect(tile(page)).to_contain_text("1 °C")
        # One that comes at once is not of the list, which is read only now and then.
        for temperature in (2, 3):
            post(windsock, reading(temperature=temperature))
            expect(tile(page)).to_contain_text(f"{temperature} °C")
        expect(tile(page, "other")).to_have_count(0 if why == "permitted" else 1)
        post(windsock, reading("greenhouse-8", temperature=8))
        expect(tile(page, "greenhouse-8")).to_contain_text("8 °C", timeout=60_000)
