"""Alerts of the page in a real browser, against the real system."""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Locator, Page, expect

from tests.browser import screenshot, until
from tests.processes import Windsock

BOARD = "#/board/House?v=1&items=value,device:greenhouse-7,temperature;value,device:greenhouse-7,humidity"
NOTIFIED = """
    window.notified = [];
    const Real = window.Notification;
    window.Notification = class {
        static get permission() { return Real.permission; }
        static requestPermission() { return Real.requestPermission(); }
        constructor(title, { body }) { window.notified.push(`${title}: ${body}`); }
    };"""


def post(windsock: Windsock, ts: int | None = None, **values: Any) -> None:
    reading: dict[str, Any] = {"device": "greenhouse-7", "values": values, "units": {"temperature": "Cel"}}
    if ts is not None:
        reading["ts"] = ts
    httpx.post(f"{windsock.url}/v1/readings", json=reading, trust_env=False).raise_for_status()


def post_past(windsock: Windsock) -> None:
    """Readings that come every ten minutes: none of them is too old for as long as a test takes."""
    now = int(time.time() * 1000)
    for minutes in (30, 20, 10, 0):
        post(windsock, ts=now - minutes * 60_000, temperature=21, humidity=48)


def item(page: Page, metric: str) -> Locator:
    return page.locator(".board .item").filter(has_text=metric)


def rule(page: Page, text: str) -> Locator:
    return page.locator(".rule").filter(has_text=text)


def set_alert(page: Page, metric: str, kind: str, **fields: str) -> None:
    item(page, metric).hover()
    item(page, metric).get_by_role("button", name="Alerts of this value").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Tell me when").select_option(kind)
    for name, value in fields.items():
        dialog.get_by_role("textbox", name=name.replace("_", " ")).fill(value)
    dialog.get_by_role("button", name="Add the alert").click()
    expect(dialog).to_have_count(0)


def titled(page: Page, pattern: str) -> None:
    expect(page).to_have_title(re.compile(pattern))


def test_a_value_above_its_limit_is_told_everywhere_until_it_is_back(tmp_path: Path, page: Page) -> None:
    page.context.grant_permissions(["notifications"])
    page.add_init_script(NOTIFIED)
    with Windsock(tmp_path) as windsock:
        post_past(windsock)
        page.goto(f"{windsock.url}/{BOARD}")
        expect(item(page, "temperature")).to_contain_text("21 °C")
        bell = item(page, "humidity").get_by_role("button", name="Alerts of this value")
        bell.click()
        dialog = page.get_by_role("dialog", name="Alerts of greenhouse-7 · humidity")
        expect(dialog.get_by_label("Tell me when")).to_be_focused()
        dialog.get_by_label("Tell me when").select_option("it is silent")
        dialog.get_by_label("Unit of time").select_option("seconds")
        span = dialog.get_by_label("For", exact=True)
        span.fill("1")
        dialog.get_by_role("button", name="Add the alert").click()
        expect(span).to_be_focused()
        expect(span).to_have_attribute("aria-invalid", "true")
        expect(span).to_have_accessible_description("Silence is told after 5 seconds to 7 days.")
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        expect(bell).to_be_focused()
        set_alert(page, "temperature", "it is above", Limit="30", Over_once_it_is_back_by="2")
        set_alert(page, "humidity", "it is below", Limit="40")
        page.get_by_role("link", name="Alerts").click()
        above = rule(page, "above 30 °C, until it is back at 28 °C")
        expect(above).to_contain_text("All right")
        expect(above).to_contain_text("Went off: not yet")
        page.go_back()
        expect(item(page, "temperature")).to_contain_text("21 °C")
        expect(page.locator(".alarm:visible")).to_have_count(0)
        titled(page, "^House")
        page.get_by_role("link", name="Alerts").click()
        notify = page.get_by_role("button", name="Notifications of the browser")
        notify.click()
        expect(notify).to_have_attribute("aria-pressed", "true")

        post(windsock, temperature=30.5)
        expect(above).to_have_attribute("data-state", "on")
        expect(above).to_contain_text("Alert · since ")
        expect(rule(page, "below 40")).to_have_attribute("data-state", "fine")
        expect(page.locator("#notice")).to_contain_text("greenhouse-7 · temperature is above 30 °C")
        until(page, "notified.length === 1")
        assert page.evaluate("notified") == ["greenhouse-7 · temperature: above 30 °C"]
        expect(page.get_by_role("list", name="What went off").get_by_role("listitem")).to_have_count(1)
        titled(page, r"^\(1\)")
        screenshot(page, "alerts")

        page.goto(f"{windsock.url}/{BOARD}")
        expect(item(page, "temperature").locator(".alarm")).to_have_text("above 30 °C")
        post(windsock, temperature=28.5)
        expect(item(page, "temperature")).to_contain_text("28.5 °C")
        expect(item(page, "temperature").locator(".alarm")).to_be_visible()
        page.reload()
        expect(item(page, "temperature").locator(".alarm")).to_have_text("above 30 °C")
        assert page.evaluate("notified") == [], "it was told before"
        post(windsock, temperature=28)
        expect(item(page, "temperature").locator(".alarm")).to_be_hidden()
        titled(page, "^House")
        page.goto(f"{windsock.url}/#/alerts")
        expect(above).to_contain_text("All right")
        expect(above).to_contain_text(re.compile(r"Went off: \S+ to \S+"))

        post(windsock, temperature=35)
        expect(above).to_have_attribute("data-state", "on")
        above.get_by_label("On:").uncheck()
        expect(above).to_have_attribute("data-state", "off")
        expect(above.get_by_label("On:")).to_be_focused()
        titled(page, "^Alerts")
        above.get_by_role("button", name="Change").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Limit").fill("34")
        dialog.get_by_role("button", name="Save").click()
        changed = rule(page, "above 34 °C")
        changed.get_by_label("On:").check()
        expect(changed).to_have_attribute("data-state", "on")
        page.get_by_label("All off").check()
        expect(page.locator('.rule[data-state="off"]')).to_have_count(2)
        expect(page.get_by_text("All alerts are off.")).to_be_visible()
        page.get_by_label("All off").uncheck()
        rule(page, "below 40").get_by_role("button", name="Delete").click()
        expect(page.locator(".rule")).to_have_count(1)
        page.locator("#notice").get_by_role("button", name="Undo").click()
        expect(page.locator(".rule")).to_have_count(2)
        page.reload()
        expect(page.locator(".rule")).to_have_count(2)

        # What is told while a dialog is open is within it: all behind it is inert. Both end with the view.
        expect(changed).to_have_attribute("data-state", "on")
        changed.get_by_role("button", name="Change").click()
        post(windsock, temperature=20)
        post(windsock, temperature=36)
        expect(dialog.locator("#notice")).to_contain_text("temperature is above 34 °C")
        screenshot(page, "alerts-over-dialog")
        page.evaluate("location.hash = '#/metric'")
        expect(dialog).to_have_count(0)
        expect(page.locator("body > #notice")).to_be_attached()
        page.go_back()
        expect(page.locator(".rule")).to_have_count(2)
        page.set_viewport_size({"width": 360, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.emulate_media(color_scheme="dark")
        screenshot(page, "alerts-phone-dark")


def test_silence_and_a_limit_that_must_last_are_told_in_time(tmp_path: Path, page: Page) -> None:
    with Windsock(tmp_path) as windsock:
        post_past(windsock)
        page.clock.install()
        page.goto(f"{windsock.url}/{BOARD}")
        expect(item(page, "temperature")).to_contain_text("21 °C")
        set_alert(page, "humidity", "it is silent", For="40")
        set_alert(page, "temperature", "it is above", Limit="30", **{"For at least (seconds)": "1500"})
        page.get_by_role("link", name="Alerts").click()
        silent, above = rule(page, "silent for 40 min"), rule(page, "above 30 °C, for at least 25 min")
        expect(silent).to_have_attribute("data-state", "fine")
        post(windsock, ts=page.evaluate("Date.now()"), temperature=31)
        expect(above).to_have_attribute("data-state", "waiting")
        page.clock.fast_forward(20 * 60_000)
        post(windsock, ts=page.evaluate("Date.now()"), temperature=32)
        expect(above).to_have_attribute("data-state", "waiting")
        page.clock.fast_forward(10 * 60_000)
        expect(above).to_have_attribute("data-state", "on")
        expect(silent).to_have_attribute("data-state", "fine")
        page.clock.fast_forward(15 * 60_000)
        page.clock.run_for(10_000)
        expect(silent).to_have_attribute("data-state", "on")
        expect(page.locator("#notice")).to_contain_text("humidity is silent for 40 min")
        post(windsock, ts=page.evaluate("Date.now()"), humidity=49)
        expect(silent).to_have_attribute("data-state", "fine")
        expect(silent).to_contain_text(re.compile(r"Went off: \S+ to \S+"))


def test_without_the_server_nothing_is_well(tmp_path: Path, page: Page) -> None:
    with Windsock(tmp_path) as windsock:
        post_past(windsock)
        page.goto(f"{windsock.url}/{BOARD}")
        expect(item(page, "temperature")).to_contain_text("21 °C")
        set_alert(page, "temperature", "it is above", Limit="30")
        set_alert(page, "humidity", "it is below", Limit="40")
        post(windsock, temperature=31)
        alarm = item(page, "temperature").locator(".alarm")
        expect(alarm).to_have_text("above 30 °C")
        page.get_by_role("link", name="Alerts").click()
        expect(page.locator(".rule")).to_have_count(2)
        page.go_back()
        expect(alarm).to_have_text("above 30 °C")
        windsock.stop(signal.SIGKILL)
        expect(alarm).to_have_text("above 30 °C when last heard")
        page.get_by_role("link", name="Alerts").click()
        expect(rule(page, "below 40")).to_contain_text("Unknown · resuming")
        expect(rule(page, "above 30 °C")).to_contain_text(re.compile("Unknown · resuming · it had gone off at "))
        titled(page, r"^\(1\)")
        screenshot(page, "alerts-unknown")
        windsock.start()
        expect(rule(page, "above 30 °C")).to_have_attribute("data-state", "on")
        expect(rule(page, "below 40")).to_have_attribute("data-state", "fine")
        post(windsock, temperature=20)
        expect(rule(page, "above 30 °C")).to_have_attribute("data-state", "fine")
        expect(page.get_by_role("list", name="What went off").get_by_role("listitem")).to_have_count(1)
