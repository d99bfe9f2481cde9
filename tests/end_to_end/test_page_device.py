"""The view of one device in a real browser, against the real system."""

from __future__ import annotations

import csv
import re
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import jwt
import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.browser import screenshot, until
from tests.processes import Windsock
from tests.redis_server import RedisServer
from tests.stand_ins.open_meteo import OpenMeteo

SECRET = "a secret of the tests that is long enough"
LINE = "document.querySelector('[data-metric=\"{}\"] .chart')?.chart.lines[{}]?.series"
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def service() -> Iterator[OpenMeteo]:
    with OpenMeteo() as service:
        yield service


@pytest.fixture(scope="module")
def windsock(tmp_path_factory: pytest.TempPathFactory, service: OpenMeteo) -> Iterator[Windsock]:
    """One for all tests that need no settings of their own."""
    weather = {"places": "Berlin=52.52,13.41", "open_meteo_url": service.url, "geocoding_url": service.url}
    often = {"weather_interval_s": "2", "weather_jitter_s": "0"}
    with Windsock(tmp_path_factory.mktemp("device"), **weather, **often) as windsock:
        yield windsock


def post(windsock: Windsock, *readings: dict[str, Any]) -> None:
    for first in range(0, len(readings), 1_000):
        some = list(readings[first : first + 1_000])
        httpx.post(f"{windsock.url}/v1/readings", json=some, timeout=30).raise_for_status()


def reading(device: str, ts: int | None = None, units: dict[str, str] | None = None, **values: Any) -> dict[str, Any]:
    told = {"device": device, "values": values, "ts": ts, "units": units}
    return {name: value for name, value in told.items() if value is not None}


def open_device(page: Page, windsock: Windsock, device: str, query: str = "") -> None:
    page.goto(f"{windsock.url}/#/device/{device}{query}")
    expect(page.get_by_role("heading", name=device, exact=True)).to_be_visible()


def card(page: Page, metric: str) -> Locator:
    return page.locator(f'[data-metric="{metric}"]')


def has_points(page: Page, metric: str, values: list[float]) -> None:
    """Exactly these are drawn, in this order."""
    line = LINE.format(metric, 0)
    until(page, f"{line}?.length >= {len(values)}")
    assert page.evaluate(f"{line}.values") == values


class Posting:
    """Posts n = `first`, `first` + 1, … one after another, until it ends; `sent` is how many there were."""

    def __init__(self, windsock: Windsock, device: str, first: int) -> None:
        self._windsock, self._device = windsock, device
        self.sent = first
        self._enough = Event()
        self._thread = Thread(target=self._run)

    def __enter__(self) -> Posting:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()

    def _run(self) -> None:
        with httpx.Client(base_url=self._windsock.url, timeout=30) as client:
            while not self._enough.wait(0.01):
                client.post("/v1/readings", json=reading(self._device, n=self.sent)).raise_for_status()
                self.sent += 1


def test_history_is_joined_to_what_is_posted_meanwhile_and_resumed_after_a_kill(
    tmp_path: Path, page: Page, redis_server: RedisServer
) -> None:
    url = redis_server.url
    few = {"recovery_publications": "20"}
    with (
        Windsock(tmp_path, "ingest", redis_url=url) as ingest,
        Windsock(tmp_path, "gateway", redis_url=url, **few) as gateway,
    ):
        post(ingest, *(reading("mill", n=n) for n in range(500)))
        with Posting(ingest, "mill", 500) as posting:
            open_device(page, gateway, "mill")
            until(page, f"{LINE.format('n', 0)}?.values.at(-1) > 520")
            page.get_by_role("button", name="15 min").click()
            newest = posting.sent
            until(page, f"{LINE.format('n', 0)}.values.at(-1) > {newest + 20}")
        has_points(page, "n", list(range(posting.sent)))
        gateway.stop(signal.SIGKILL)
        expect(page.locator("#state")).to_have_text("resuming")
        with Posting(ingest, "mill", posting.sent) as more:
            gateway.start()
            until(page, f"{LINE.format('n', 0)}.values.at(-1) > {posting.sent + 20}")
        has_points(page, "n", list(range(more.sent)))
        expect(page.locator("#state")).to_have_text("live")


def test_metrics_stand_each_in_a_card_of_its_kind_and_follow(windsock: Windsock, page: Page) -> None:
    device, now = "kinds", int(time.time() * 1000)
    units = {"temperature": "Cel"}
    past = (
        reading(device, now - 1_000_000 + at * 10_000, units, temperature=20 + at % 5, door=at % 20 < 5)
        for at in range(100)
    )
    post(
        windsock,
        *past,
        reading(device, now, units, temperature=21.25, door=True, mode="<b>eco</b>") | {"tags": {"room": "north"}},
    )
    open_device(page, windsock, device)
    expect(card(page, "temperature")).to_contain_text("21.25")
    expect(card(page, "temperature").locator(".figure")).to_contain_text("°C")
    expect(card(page, "door").locator(".figure .value")).to_have_text("on")
    expect(card(page, "mode")).to_contain_text("<b>eco</b>")
    expect(card(page, "mode").locator(".chart")).to_have_count(0)
    expect(page.locator(".tags")).to_have_text("room: north")
    expect(page.locator(".fresh .state")).to_have_text("live")
    for metric in ("temperature", "door", "mode"):
        expect(card(page, metric).get_by_role("button", name="Pin to the board")).to_be_visible()
    expect(card(page, "door").get_by_role("button", name="Alerts of this value")).to_be_visible()
    expect(card(page, "temperature").get_by_role("img")).to_have_attribute(
        "aria-label", re.compile(r"temperature: lowest 20 °C, highest 24 °C, mean 2[12]\.\d+ °C")
    )
    cells = card(page, "temperature").locator(".readout tbody td")
    expect(cells).to_have_text(["21.25", "20", "24", re.compile(r"^2[12]\.\d+$")])
    post(windsock, reading(device, None, units, temperature=-3.5, door=False, fan=5))
    expect(card(page, "temperature").locator(".figure .value")).to_have_text("-3.5")
    expect(cells.nth(1)).to_have_text("-3.5")
    expect(card(page, "door").locator(".figure .value")).to_have_text("off")
    expect(card(page, "fan").locator(".figure .value")).to_have_text("5")
    card(page, "temperature").get_by_text("Table").click()
    rows = card(page, "temperature").get_by_role("region").get_by_role("row")
    expect(rows.first).to_have_text(re.compile("Time.*temperature \\(°C\\)"))
    expect(rows.nth(1)).to_contain_text("-3.5")
    expect(rows).to_have_count(101)
    expect(card(page, "temperature").get_by_text("the newest 100 of 102")).to_be_visible()
    page.evaluate("scrollTo(0, 0)")
    screenshot(page, "device-light")
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 360, "height": 740})
    until(page, "document.querySelector('.uplot').clientWidth < 340")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.evaluate("scrollTo(0, 0)")
    screenshot(page, "device-phone-dark")


def test_what_the_banner_says_covers_no_control(windsock: Windsock, page: Page) -> None:
    device, now = "covered", int(time.time() * 1000)
    post(windsock, reading(device, now) | {"values": {f"m{at}": at for at in range(9)}})
    page.set_viewport_size({"width": 900, "height": 600})
    open_device(page, windsock, device)
    expect(card(page, "m8")).to_be_visible()
    page.context.set_offline(True)
    expect(page.locator("#banner p")).to_be_visible()
    below = "document.querySelector('.device-bar').getBoundingClientRect().top"
    banner = "document.querySelector('#banner').getBoundingClientRect().bottom"
    until(page, f"scrollTo(0, 600), scrollY > 300 && Math.abs({below} - {banner}) < 1")
    screenshot(page, "device-banner")
    page.context.set_offline(False)


def test_zoom_is_shared_stands_still_and_comes_back_and_a_link_shows_the_same(windsock: Windsock, page: Page) -> None:
    device, now = "zoomed", int(time.time() * 1000)
    post(windsock, *(reading(device, now - HOUR_MS + at * 20_000, a=at, b=-at) for at in range(180)))
    open_device(page, windsock, device, "?window=6h")
    six = page.get_by_role("button", name="6 h")
    expect(six).to_have_attribute("aria-pressed", "true")
    view = "document.querySelector('.chart').chart.axis.view"
    span = f"(({{fromMs, toMs}}) => toMs - fromMs)({view})"
    expect(card(page, "a").locator("canvas")).to_be_visible()
    assert page.evaluate(span) == 6 * HOUR_MS
    page.get_by_role("button", name="1 h", exact=True).click()
    until(page, f"{span} === {HOUR_MS}")
    assert "window=1h" in page.url
    expect(card(page, "a").locator("canvas")).to_be_visible()
    picture = card(page, "a").locator(".u-over")
    box = picture.bounding_box()
    assert box is not None
    at = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 4, at)
    expect(card(page, "b").locator(".when")).to_have_text(re.compile(r"\d\d:\d\d:\d\d"))
    expect(card(page, "b").locator("td.value")).to_have_text(re.compile(r"^-4\d$"))
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, at, steps=3)
    page.mouse.up()
    expect(page.get_by_text("stands still")).to_be_visible()
    shown = page.evaluate(view)
    assert shown["toMs"] - shown["fromMs"] == pytest.approx(HOUR_MS / 4, rel=0.02)
    lowest = card(page, "b").locator("td.lowest")
    expect(lowest).to_have_text(re.compile(r"^-(8|9)\d$"))
    post(windsock, reading(device, a=1000))
    expect(card(page, "a").locator(".figure .value")).to_have_text("1,000")
    assert page.evaluate(view) == shown
    until(page, "location.hash.includes('from=')")
    link = page.url
    page.keyboard.down("Shift")
    page.mouse.move(box["x"] + box["width"] / 2, at)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 3 / 4, at, steps=3)
    page.mouse.up()
    page.keyboard.up("Shift")
    moved = page.evaluate(view)
    assert shown["fromMs"] - moved["fromMs"] == pytest.approx(HOUR_MS / 16, rel=0.05)
    page.get_by_role("button", name="Back to live").click()
    until(page, f"{span} === {HOUR_MS}")
    chart = card(page, "a").locator(".plot")
    chart.focus()
    for key, share in (("+", 0.5), ("+", 0.25), ("ArrowLeft", 0.25), ("-", 0.5), ("0", 1)):
        page.keyboard.press(key)
        until(page, f"Math.abs({span} / {HOUR_MS} - {share}) < 0.01")
    page.mouse.move(box["x"] + box["width"] / 2, at)
    page.mouse.wheel(0, -400)
    until(page, f"{span} < {HOUR_MS * 0.7}")
    page.mouse.dblclick(box["x"] + box["width"] / 2, at)
    until(page, f"{span} === {HOUR_MS}")
    page.goto("about:blank")
    page.goto(link)
    expect(page.get_by_text("stands still")).to_be_visible()
    seen = page.evaluate(view)
    assert seen["fromMs"] == pytest.approx(shown["fromMs"], abs=1)
    assert seen["toMs"] == pytest.approx(shown["toMs"], abs=1)


def test_fingers_pinch_and_move(windsock: Windsock, browser: Browser) -> None:
    post(windsock, reading("touched", n=1))
    page = browser.new_page(has_touch=True, viewport={"width": 600, "height": 740})
    open_device(page, windsock, "touched", "?window=6h")
    picture = card(page, "n").locator(".u-over")
    expect(picture).to_be_visible()
    box = picture.bounding_box()
    assert box is not None
    left, top, width = box["x"], box["y"] + box["height"] / 2, box["width"]
    devtools = page.context.new_cdp_session(page)

    def touch(kind: str, *shares: float) -> None:
        points = [{"id": at, "x": left + share * width, "y": top} for at, share in enumerate(shares)]
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    view = "document.querySelector('.chart').chart.axis.view"
    touch("touchStart", 0.4, 0.6)
    for share in (0.35, 0.3, 0.2):
        touch("touchMove", share, 1 - share)
    until(page, f"Math.abs({view}.toMs - {view}.fromMs - {2 * HOUR_MS}) < {HOUR_MS // 50}")
    touch("touchEnd")
    began = page.evaluate(view)["fromMs"]
    touch("touchStart", 0.5)
    for share in (0.55, 0.75):
        touch("touchMove", share)
    until(page, f"Math.abs({began} - {view}.fromMs - {HOUR_MS // 2}) < {HOUR_MS // 50}")
    touch("touchEnd")
    page.close()


def test_deep_in_a_series_that_is_thinned_out_every_reading_is_shown(windsock: Windsock, page: Page) -> None:
    device, now = "dense", int(time.time() * 1000)
    count, step = 8_000, 400
    began = now - count * step
    post(windsock, *(reading(device, began + at * step, n=999 if at == 4_321 else at % 7) for at in range(count)))
    open_device(page, windsock, device)
    until(page, f"{LINE.format('n', 0)}?.length === 5000")
    expect(card(page, "n").locator("td.highest")).to_have_text("999")
    fro, to = began + 4_000 * step, began + 4_500 * step
    page.evaluate("([fromMs, toMs]) => document.querySelector('.chart').chart.axis.show({fromMs, toMs})", [fro, to])
    inside = f"{LINE.format('n', 0)}.summary({fro}, {to}).count"
    until(page, f"{inside} === 501")
    expect(page.locator('[data-note="thinned"]')).to_be_hidden()
    page.get_by_role("button", name="Back to live").click()
    until(page, f"{LINE.format('n', 0)}.length === 5000")


def test_all_readings_are_saved_as_csv(windsock: Windsock, page: Page, tmp_path: Path) -> None:
    device, now = "saved:1", int(time.time() * 1000)
    readings = [reading(device, now - 2_000_000 + at * 1_000, {"t": "Cel"}, t=at / 4) for at in range(1_500)]
    readings.append(reading(device, now - 1_000, note='=1+1, "so"', on=True))
    post(windsock, *readings)
    open_device(page, windsock, device)
    expect(card(page, "t").locator("canvas")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    time_of = r"\d{4}-\d\d-\d\dT\d\d-\d\dZ"
    assert re.fullmatch(rf"saved_1_{time_of}_{time_of}\.csv", download.value.suggested_filename)
    expect(page.get_by_text("1,501 readings saved")).to_be_visible()
    download.value.save_as(tmp_path / "saved.csv")
    with (tmp_path / "saved.csv").open(newline="", encoding="utf-8-sig") as file:
        head, *rows = list(csv.reader(file))
    assert head == ["ts", "note", "on", "t (°C)"]
    assert [float(row[3]) for row in rows[:-1]] == [at / 4 for at in range(1_500)]
    assert datetime.fromisoformat(rows[-1][0]) == datetime.fromtimestamp((now - 1_000) / 1000, UTC)
    assert rows[-1][1:] == ['\'=1+1, "so"', "true", ""]
    held: list[Route] = []
    page.route("**/api/history*", lambda route: held.append(route))
    page.get_by_role("button", name="Download CSV").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("cancelled")).to_be_visible()
    expect(page.get_by_role("button", name="Download CSV")).to_be_visible()


def obey(windsock: Windsock, device: str, answers: list[dict[str, Any]]) -> None:
    """A device that takes commands until each of `answers` was given."""
    base = f"{windsock.url}/v1/devices/{device}/commands"
    left = iter(answers)
    with httpx.Client(timeout=60) as client:
        for answer in left:
            commands: list[dict[str, Any]] = []
            while not commands:
                commands = client.get(f"{base}?wait=30").raise_for_status().json()["commands"]
            client.post(f"{base}/{commands[0]['id']}", json=answer).raise_for_status()


def test_a_command_is_answered_failed_or_not_delivered(windsock: Windsock, page: Page) -> None:
    post(windsock, reading("valve", open=0))
    answers = [{"status": "done", "answer": {"open": 40}}, {"status": "failed", "error": "it is <stuck>"}]
    obedient = Thread(target=obey, args=(windsock, "valve", answers))
    obedient.start()
    open_device(page, windsock, "valve")
    form = page.get_by_role("region", name="Send a command")
    outcome = form.locator("li").first.locator(".outcome")
    form.get_by_label("Name").fill("open")
    form.get_by_label("Arguments").fill("{percent: 40}")
    form.get_by_role("button", name="Send").click()
    expect(form.get_by_role("alert")).to_have_text("The arguments are not JSON.")
    expect(form.locator("li")).to_have_count(0)
    form.get_by_label("Arguments").fill('{"percent": 40}')
    form.get_by_label("Timeout").fill("60")
    form.get_by_role("button", name="Send").click()
    expect(outcome).to_have_text('done: {"open":40}')
    form.get_by_label("Name").fill("shut")
    form.get_by_label("Arguments").fill("")
    form.get_by_role("button", name="Send").click()
    expect(outcome).to_have_text("failed: it is <stuck>")
    obedient.join()
    form.get_by_label("Timeout").fill("1")
    form.get_by_role("button", name="Send").click()
    expect(outcome).to_have_text(re.compile("^not delivered: the device did not acknowledge within 1 s"))
    expect(form.locator("li")).to_have_count(3)
    page.reload()
    expect(form.locator("datalist option")).to_have_count(2)
    assert form.locator("datalist option").evaluate_all("all => all.map(({value}) => value)") == ["shut", "open"]


def test_the_weather_outside_stands_beside_the_same_quantity(
    windsock: Windsock, page: Page, service: OpenMeteo
) -> None:
    units = {"temperature": "°F", "humidity": "%", "battery": "%"}
    post(windsock, reading("porch", None, units, temperature=70.7, humidity=50, battery=90))
    open_device(page, windsock, "porch", "?window=6h")
    choice = page.get_by_role("combobox", name="Outside")
    choice.select_option("Berlin")
    until(page, f"{LINE.format('temperature', 1)}?.length > 3")
    assert page.evaluate(f"{LINE.format('temperature', 1)}.values.at(-1)") == pytest.approx(3.4 * 1.8 + 32)
    berlin = card(page, "temperature").get_by_role("button", name="outside: Berlin")
    expect(berlin).to_be_visible()
    expect(card(page, "humidity").get_by_role("button", name="outside: Berlin")).to_be_visible()
    expect(card(page, "battery").get_by_role("button", name="outside: Berlin")).to_have_count(0)
    expect(page.get_by_role("link", name="Weather data by Open-Meteo.com")).to_have_attribute(
        "href", "https://open-meteo.com/"
    )
    assert "outside=berlin" in page.url
    screenshot(page, "device-outside")
    service.values["temperature_2m"] = 10
    service.observed += 60
    until(page, f"{LINE.format('temperature', 1)}.values.at(-1) === 50")
    berlin.click()
    expect(berlin).to_have_attribute("aria-pressed", "false")
    page.reload()
    expect(berlin).to_be_visible()
    choice.select_option("another city …")
    page.get_by_role("textbox", name="City").fill("Springfield")
    page.get_by_role("button", name="Find").click()
    candidates = page.locator(".candidates").get_by_role("button")
    expect(candidates.first).to_be_visible()
    name = candidates.first.inner_text()
    candidates.first.click()
    expect(candidates).to_have_count(0)
    expect(card(page, "temperature").get_by_role("button", name="outside: Springfield")).to_be_visible()
    assert name.startswith("Springfield")
    until(page, "location.hash.includes('outside=springfield')")


def test_a_device_that_is_not_there_yet_comes_alive(windsock: Windsock, page: Page) -> None:
    page.route("**/uPlot.esm.js*", lambda route: route.abort())
    open_device(page, windsock, "unborn")
    expect(page.get_by_text("unborn has not posted yet.")).to_be_visible()
    post(windsock, reading("unborn", n=1))
    expect(card(page, "n").locator(".figure .value")).to_have_text("1")
    expect(page.get_by_text("unborn has not posted yet.")).to_be_hidden()
    expect(card(page, "n").get_by_text("The chart could not be loaded")).to_be_visible()
    expect(card(page, "n").get_by_role("region").get_by_role("row")).to_have_count(2)
    page.unroute("**/uPlot.esm.js*")
    expect(card(page, "n").locator("canvas")).to_be_visible()
    expect(card(page, "n").get_by_text("The chart could not be loaded")).to_be_hidden()
    expect(card(page, "n").get_by_role("region")).to_be_hidden()
    post(windsock, reading("unborn", int(time.time() * 1000) + 2 * HOUR_MS, n=2))
    expect(page.locator('[data-note="ahead"]')).to_contain_text("The charts leave out 1 point of the future.")
    page.goto(f"{windsock.url}/#/device/{'%F0%9F%8C%B1%3Cb%3E'}")
    expect(page.locator(".notes")).to_contain_text("no such topic")


def test_a_short_retention_is_told_and_what_is_not_permitted_too(tmp_path: Path, browser: Browser) -> None:
    few = {"snapshot_publications": "50", "anonymous": "off", "token_secret": SECRET, "auth": "open"}
    with Windsock(tmp_path, **few) as windsock:
        now = int(time.time() * 1000)
        post(windsock, *(reading("long", now - 500_000 + at * 1_000, n=at) for at in range(100)))
        page = browser.new_page(locale="de-DE")
        token = jwt.encode({"sub": "7", "allow": ["device:long"]}, SECRET, "HS256")
        page.goto(f"{windsock.url}/#token={token}")
        expect(page.locator("#state")).to_have_text("live")
        open_device(page, windsock, "long")
        expect(page.locator('[data-note="truncated"]')).to_contain_text("Vollständig ab")
        open_device(page, windsock, "hidden")
        expect(page.locator('[data-note="problem"]')).to_have_text("hidden ist für Sie nicht freigegeben.")
        for control in ("Als CSV laden", "Senden"):
            expect(page.get_by_role("button", name=control)).to_be_hidden()
        page.close()
