"""The metric view in a real browser, against the real system."""

from __future__ import annotations

import re
import signal
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import jwt
from playwright.sync_api import Locator, Page, expect

from tests.browser import screenshot
from tests.processes import Windsock
from tests.waiting import wait_until

SECRET = "the secret of the tests, which is long enough"
MANY = 620
"""More devices than one page of the server's has."""


def post(windsock: Windsock, temperatures: dict[str, float], unit: str | None = "Cel") -> None:
    readings = [
        {"device": device, "values": {"temperature": value}, "units": {"temperature": unit} if unit else {}}
        for device, value in temperatures.items()
    ]
    httpx.post(f"{windsock.url}/v1/readings", json=readings).raise_for_status()


def devices(page: Page) -> Locator:
    return page.locator(".ranking tbody th a")


def row(page: Page, device: str) -> Locator:
    return page.locator(f'.ranking tr[data-device="{device}"]')


def boxes(page: Page) -> Locator:
    return page.locator(".ranking tbody input:checked")


def figure(page: Page, name: str) -> Locator:
    return page.locator(f'.stats [data-figure="{name}"]')


def test_devices_are_ranked_live_and_their_lines_chosen(tmp_path: Path, page: Page) -> None:
    with Windsock(tmp_path) as windsock:
        page.goto(f"{windsock.url}/#/metric/temperature")
        expect(page.get_by_text("No device reports temperature yet.")).to_be_visible()
        post(windsock, {"attic": 20, "bath": 25, "cellar": 10})
        expect(devices(page)).to_have_text(["bath", "attic", "cellar"])
        expect(row(page, "bath").locator(".figure")).to_have_text("25 °C")
        expect(figure(page, "mean")).to_have_text("18.33 °C")
        post(windsock, {"cellar": 30})
        expect(devices(page)).to_have_text(["cellar", "bath", "attic"])
        expect(figure(page, "highest")).to_have_text("30 °C")
        expect(row(page, "attic").get_by_role("link", name="attic")).to_have_attribute("href", "#/device/attic")
        lines_are_chosen(page)
        order_stands_still_under_the_pointer(page, windsock)
        page.get_by_label("Order").select_option("lowest")
        expect(devices(page)).to_have_text(["bath", "attic", "cellar"])
        page.get_by_label("Search devices").fill("A")
        page.get_by_label("Search devices").fill("TTI")
        expect(devices(page)).to_have_text(["attic"])
        expect(page).to_have_url(re.compile("sort=lowest.*search=TTI"))
        page.reload()
        expect(devices(page)).to_have_text(["attic"])
        expect(page.get_by_label("Order")).to_have_value("lowest")
        page.get_by_label("Search devices").fill("zzz")
        expect(page.get_by_text("Nothing matches.")).to_be_visible()
        page.get_by_label("Search devices").fill("")
        # What comes after a gateway was killed comes once, and in its place.
        post(windsock, {"oven": 400}, unit="[degF]")
        expect(page.get_by_role("button", name="°F (1)")).to_be_visible()
        windsock.stop(signal.SIGKILL)
        windsock.start()
        post(windsock, {"attic": 5.5})
        expect(row(page, "attic").locator(".figure")).to_have_text("5.5 °C")
        expect(devices(page)).to_have_text(["bath", "attic", "cellar"])
        page.get_by_text("Table").click()
        expect(page.locator(".points thead th").nth(1)).to_contain_text("°C")
        expect(page.locator(".points tbody td").filter(has_text=re.compile(r"^5\.5$"))).to_have_count(1)
        page.get_by_role("button", name="°F (1)").click()
        expect(devices(page)).to_have_text(["oven"])
        expect(figure(page, "highest")).to_have_text("400 °F")
        post(windsock, {"tank": 7}, unit=None)
        page.get_by_role("button", name="no unit (1)").click()
        page.get_by_label("Order").select_option("name")
        expect(devices(page)).to_have_text(["tank"])
        page.reload()
        expect(devices(page)).to_have_text(["tank"])
        expect(page.get_by_role("button", name="no unit (1)")).to_have_attribute("aria-pressed", "true")
        page.get_by_role("link", name="All metrics").click()
        all_metrics_are_renewed_in_place(page, windsock)


def all_metrics_are_renewed_in_place(page: Page, windsock: Windsock) -> None:
    """Where they cannot be read that is said, and what comes then leaves the focus where it was."""
    metric = page.locator('[data-metric="temperature"]')
    expect(metric).to_contain_text("5 devices · °C, no unit, °F")
    link = metric.get_by_role("link")
    expect(link).to_have_attribute("href", "#/metric/temperature")
    link.focus()
    reading = {"device": "attic", "values": {"humidity": 40}}
    httpx.post(f"{windsock.url}/v1/readings", json=reading).raise_for_status()
    windsock.stop(signal.SIGKILL)
    problem = page.get_by_text("The devices cannot be listed (resuming). It is tried again.")
    expect(problem).to_be_visible()
    windsock.start()
    expect(page.locator('[data-metric="humidity"]')).to_be_visible()
    expect(problem).to_have_count(0)
    expect(link).to_be_focused()


def lines_are_chosen(page: Page) -> None:
    expect(boxes(page)).to_have_count(3)
    page.get_by_label("Draw the line of bath").uncheck()
    expect(boxes(page)).to_have_count(2)
    names = page.locator(".metric-chart .readout tbody th .label")
    expect(names).to_have_count(2)
    for device in ("attic", "cellar"):
        expect(names.filter(has_text=device)).to_have_count(1)
    row(page, "attic").locator("th").hover()
    row(page, "attic").get_by_role("button", name="Draw only attic").click()
    expect(names).to_have_text(["attic"], use_inner_text=True)
    expect(page).to_have_url(re.compile("lines=attic"))
    page.reload()
    expect(names).to_have_text(["attic"], use_inner_text=True)
    page.get_by_role("button", name="Draw the first of the list").click()
    expect(boxes(page)).to_have_count(3)


def order_stands_still_under_the_pointer(page: Page, windsock: Windsock) -> None:
    pixel = count(5)

    def new_value_under_the_pointer() -> bool:
        row(page, "cellar").locator("th").hover(position={"x": next(pixel) % 2 + 5, "y": 8})
        return row(page, "bath").locator(".figure").text_content() == "2\u00a0°C"

    new_value_under_the_pointer()
    post(windsock, {"cellar": 41, "bath": 2})
    wait_until(new_value_under_the_pointer, "the new value is not shown")
    expect(devices(page)).to_have_text(["cellar", "bath", "attic"])
    page.get_by_role("heading", name="temperature").hover()
    expect(devices(page)).to_have_text(["cellar", "attic", "bath"])


def test_a_silent_device_is_marked_and_counted(tmp_path: Path, page: Page) -> None:
    with Windsock(tmp_path) as windsock:
        post(windsock, {"attic": 20, "bath": 25})
        page.clock.install()
        page.goto(f"{windsock.url}/#/metric/temperature")
        expect(row(page, "bath")).to_have_attribute("data-state", "live")
        expect(page.locator(".stats")).not_to_contain_text("silent")
        page.clock.fast_forward(130_000)
        expect(row(page, "bath").locator(".state")).to_have_text("silent")
        expect(page.locator(".stats")).to_contain_text("2 silent")
        now = page.evaluate("Date.now()")
        reading = {"device": "bath", "values": {"temperature": 26}, "ts": now}
        httpx.post(f"{windsock.url}/v1/readings", json=reading).raise_for_status()
        expect(row(page, "bath")).to_have_attribute("data-state", "live")
        expect(row(page, "bath").locator(".state")).to_have_text("")
        expect(page.locator(".stats")).to_contain_text("1 silent")
        page.get_by_label("Order").select_option("seen")
        expect(devices(page)).to_have_text(["bath", "attic"])


def test_more_devices_than_a_snapshot_has_are_all_ranked(tmp_path: Path, page: Page) -> None:
    readings: list[dict[str, Any]] = [
        {"device": f"sensor-{n:03}", "values": {"temperature": n}, "units": {"temperature": "Cel"}} for n in range(MANY)
    ]
    with Windsock(tmp_path) as windsock:
        httpx.post(f"{windsock.url}/v1/readings", json=readings).raise_for_status()
        page.goto(f"{windsock.url}/#/metric/temperature")
        expect(figure(page, "reporting")).to_have_text(str(MANY))
        expect(devices(page)).to_have_count(50)
        expect(devices(page).first).to_have_text(f"sensor-{MANY - 1}")
        expect(boxes(page)).to_have_count(24)
        expect(row(page, f"sensor-{MANY - 1}").locator(".figure")).to_have_text(f"{MANY - 1} °C")
        page.get_by_role("button", name="After").click()
        expect(devices(page).first).to_have_text(f"sensor-{MANY - 51}")
        expect(page.locator(".pager")).to_contain_text(f"51–100 of {MANY}")
        page.get_by_label("Draw the line of sensor-550").check()
        expect(page.get_by_text("At most 24 lines are drawn.")).to_be_visible()
        expect(boxes(page)).to_have_count(1)
        expect(page.locator(".ranking tbody tr")).to_have_count(50)
        # One that the snapshot had no room for comes live.
        post(windsock, {f"sensor-{MANY - 55}": 5_000.0})
        page.get_by_role("button", name="Before").click()
        expect(devices(page).first).to_have_text(f"sensor-{MANY - 55}")
        page.emulate_media(color_scheme="dark")
        page.set_viewport_size({"width": 390, "height": 844})
        screenshot(page, "metric-phone")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_without_the_group_topic_the_devices_are_shown_and_it_is_said(tmp_path: Path, page: Page) -> None:
    with Windsock(tmp_path, group_topics="false") as windsock:
        post(windsock, {"attic": 20, "bath": 25})
        page.goto(f"{windsock.url}/#/metric/temperature")
        expect(devices(page)).to_have_text(["bath", "attic"])
        expect(page.locator(".metric-note")).to_contain_text("WINDSOCK_GROUP_TOPICS is off")
        names = page.locator(".metric-chart .readout tbody th .label")
        expect(names).to_have_text(["bath", "attic"], use_inner_text=True)
        # Lines come from the devices themselves, the list is read again.
        post(windsock, {"attic": 30})
        expect(page.locator(".metric-chart .readout tbody tr").nth(1).locator(".value")).to_have_text("30")
        page.set_viewport_size({"width": 390, "height": 844})
        expect(page.locator(".metric-chart .readout")).to_be_visible()
        expect(devices(page)).to_have_text(["attic", "bath"], timeout=60_000)
        screenshot(page, "metric-without-group")


def test_who_may_see_one_device_sees_that_one(tmp_path: Path, page: Page) -> None:
    with Windsock(tmp_path, anonymous="off", token_secret=SECRET) as windsock:
        post(windsock, {"attic": 20, "bath": 25})
        token = jwt.encode({"sub": "7", "allow": ["device:bath"]}, SECRET, "HS256")
        page.goto(f"{windsock.url}/#token={token}")
        expect(page.locator("#state")).to_have_text("live")
        page.goto(f"{windsock.url}/#/metric/temperature")
        expect(page.locator(".metric-note")).to_contain_text("is not for you")
        expect(devices(page)).to_have_text(["bath"])
