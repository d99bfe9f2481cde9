"""The weather view in a real browser, against the real system."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import jwt
from playwright.sync_api import Locator, Page, expect

from services.places import Place
from tests.browser import screenshot, until
from tests.processes import Windsock
from tests.redis_server import RedisServer
from tests.stand_ins.open_meteo import OpenMeteo
from tests.stand_ins.poller import PollerByHand

SECRET = "the secret of the tests, which is long enough"
REFUSED = "nothing newer, the server says: “open-meteo: status 503”"
SPRINGFIELDS = ["Springfield, Illinois, US", "Springfield, Ohio, US"]
AMBIGUOUS = {
    "error": {"code": "ambiguous", "message": "2 places"},
    "candidates": [{"id": number, "city": city} for number, city in enumerate(SPRINGFIELDS, 7)],
}
LISTEN = """
    window.asked = [];
    const [send, get] = [WebSocket.prototype.send, window.fetch];
    WebSocket.prototype.send = function (words) {
        for (const { rpc } of String(words).split("\\n").map(JSON.parse)) {
            if (rpc?.method === "weather") asked.push([rpc.data.city, Date.now()]);
        }
        return send.call(this, words);
    };
    window.fetch = (path, ...more) => {
        if (path === "/api/places") asked.push([path, Date.now()]);
        return get(path, ...more);
    };
"""


def card(page: Page, place: str) -> Locator:
    return page.locator(f'.weather-card[data-place="{place}"]')


def add(page: Page, city: str) -> None:
    page.get_by_label("City").fill(city)
    page.get_by_label("City").press("Enter")


def said(page: Page) -> Locator:
    return page.locator("#city-said")


def test_the_weather_of_the_settings_and_of_cities_that_the_viewer_adds(tmp_path: Path, page: Page) -> None:
    with OpenMeteo() as service:
        settings = {"places": "Berlin=52.52,13.41", "open_meteo_url": service.url, "geocoding_url": service.url}
        with Windsock(tmp_path, **settings, weather_interval_s="1", weather_jitter_s="0") as windsock:
            page.goto(f"{windsock.url}/#/weather")
            berlin, paris, munich = (card(page, place) for place in ("berlin", "paris", "munich"))
            expect(berlin).to_have_attribute("data-state", "live")
            for text in (
                "3.4 °C",
                "light rain",
                "-0.6 °C",
                "81 %",
                "4.2 m/s",
                "from WSW",
                "0 mm",
                "1,013.2 hPa",
                "ago",
            ):
                expect(berlin).to_contain_text(text)
            expect(berlin.locator(".sky")).to_have_attribute("data-sky", "rain")
            source = berlin.get_by_role("link", name="Weather data by Open-Meteo.com")
            expect(source).to_have_attribute("href", "https://open-meteo.com/")
            expect(berlin).to_contain_text("CC BY 4.0")
            expect(berlin.get_by_role("button", name="Remove")).to_have_count(0)
            add(page, "paris")
            expect(paris).to_contain_text("light rain")
            expect(paris).to_contain_text("Île-de-France, France")
            add(page, "München")
            expect(munich).to_contain_text("3.4 °C")
            for city in ("Munich", "Berlin"):
                add(page, city)
                expect(said(page)).to_have_text(f"{city} is here already")
            add(page, "Atlantis")
            expect(said(page)).to_have_text("no place is called “Atlantis”")
            add(page, "X")
            expect(said(page)).to_contain_text("2 to 100 letters")
            expect(page.locator(".weather-card")).to_have_count(3)
            service.values["temperature_2m"] = 9.5
            service.observed += 60
            expect(paris).to_contain_text("9.5 °C")
            page.reload()
            expect(paris).to_contain_text("9.5 °C")
            expect(page.locator(".weather-card h3")).to_have_text(["Berlin", "Paris", "Munich"])
            page.get_by_role("button", name="Remove Paris").click()
            expect(munich.get_by_role("link", name="Munich")).to_be_focused()
            page.reload()
            expect(munich).to_contain_text("9.5 °C")
            expect(page.locator(".weather-card")).to_have_count(2)
            the_last_hours(page, berlin)


def the_last_hours(page: Page, berlin: Locator) -> None:
    """A click on the card opens them, and the address says so."""
    berlin.get_by_role("link", name="Berlin", exact=True).click()
    past = page.locator(".past")
    expect(past.get_by_role("heading", name="The last hours of Berlin")).to_be_focused()
    expect(page).to_have_url(re.compile(r"#/weather\?place=berlin$"))
    expect(past.locator(".past-chart")).to_have_count(4)
    temperature = past.locator('[data-metric="temperature"]')
    expect(temperature.locator("canvas")).to_be_visible()
    temperature.get_by_text("Table").click()
    expect(temperature.locator(".points tbody tr").nth(20)).to_be_attached()
    past.get_by_role("button", name="6 hours").click()
    expect(page).to_have_url(re.compile("window=6h"))
    expect(temperature.locator(".points tbody tr").nth(9)).to_have_count(0)
    page.reload()
    expect(past.get_by_role("button", name="6 hours")).to_have_attribute("aria-pressed", "true")
    screenshot(page, "weather-past")
    past.get_by_role("button", name="24 hours").click()
    expect(past.get_by_role("button", name="24 hours")).to_have_attribute("aria-pressed", "true")
    temperature.get_by_role("button", name="Pin to the board").click()
    expect(page.get_by_text("Pinned to")).to_be_visible()
    kept = page.evaluate("JSON.stringify(localStorage)")
    assert "24h" in kept
    assert "6h" not in kept
    page.get_by_role("button", name="Pin and alerts: Berlin").click()
    menu = page.locator(".values-menu:popover-open")
    expect(menu).to_contain_text("Temperature")
    expect(menu.get_by_role("button").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu).to_have_count(0)
    past.get_by_role("link", name="Close the chart").click()
    expect(past).to_have_count(0)


def test_the_page_marks_what_is_stale_and_offers_those_that_may_be_meant(
    tmp_path: Path, page: Page, redis_server: RedisServer
) -> None:
    with (
        PollerByHand(redis_server.url) as poller,
        Windsock(tmp_path, "gateway", redis_url=redis_server.url) as gateway,
    ):
        poller.register(Place("berlin", "Berlin", 52.52, 13.41, pinned=True, country="Germany", admin1="Berlin"))
        poller.observe("berlin", 3.4)
        poller.answers["Springfield"] = AMBIGUOUS
        poller.answers["Springfield, Ohio, US 8"] = {"place": "springfield-ohio"}
        page.goto(f"{gateway.url}/#/weather")
        berlin = card(page, "berlin")
        expect(berlin).to_contain_text("3.4 °C")
        expect(berlin.locator(".where")).to_have_text("Germany")
        expect(berlin.locator(".mark")).to_have_count(0)
        poller.observe("berlin", 4.5, age_s=7_200)
        poller.tell("berlin", "open-meteo: status 503")
        expect(berlin.locator(".mark")).to_have_text(["stale", REFUSED])
        expect(berlin).to_contain_text("4.5 °C")
        expect(berlin).to_have_attribute("data-state", "stale")
        poller.observe("berlin", 5.5)
        expect(berlin).to_contain_text("5.5 °C")
        expect(berlin.locator(".mark")).to_have_count(0)
        expect(berlin).to_have_attribute("data-state", "live")
        add(page, "Springfield")
        choice = page.locator(".candidates")
        expect(choice.get_by_role("button")).to_have_text([*SPRINGFIELDS, "none of them"])
        expect(choice.get_by_role("button").first).to_be_focused()
        expect(said(page)).to_have_text("several places are called “Springfield”: which one?")
        poller.observe("springfield-ohio", 21.5, age_s=7_200)
        choice.get_by_role("button", name="Ohio").click()
        springfield = card(page, "springfield-ohio")
        expect(springfield).to_contain_text("21.5 °C")
        expect(choice.get_by_role("button")).to_have_count(0)
        assert poller.asked.count("Springfield, Ohio, US 8") == 1
        # Who comes later is told of it, too, and what keeps the newer one away.
        expect(springfield.locator(".mark")).to_have_text(["stale", "nothing newer came in time"])
        poller.tell("springfield-ohio", "open-meteo: status 503")
        expect(springfield.locator(".mark")).to_have_text(["stale", REFUSED])
        page.emulate_media(color_scheme="dark")
        page.set_viewport_size({"width": 390, "height": 844})
        springfield.scroll_into_view_if_needed()
        screenshot(page, "weather-stale")
        poller.tell("springfield-ohio")
        expect(springfield.locator(".mark")).to_have_text(["stale", "nothing newer came in time"])
        poller.observe("springfield-ohio", 23.5)
        expect(springfield).to_contain_text("23.5 °C")
        expect(springfield.locator(".mark")).to_have_count(0)
        expect(page.locator(".weather-card")).to_have_count(2)


def test_who_may_see_one_place_is_told_so(tmp_path: Path, page: Page, redis_server: RedisServer) -> None:
    settings = {"anonymous": "off", "token_secret": SECRET, "redis_url": redis_server.url}
    with PollerByHand(redis_server.url) as poller, Windsock(tmp_path, "gateway", **settings) as gateway:
        for place in ("munich", "oslo"):
            poller.register(Place(place, place.title(), 48.1, 11.6, pinned=place == "oslo"), place)
        poller.observe("munich", 3.4)
        poller.answers["Munich"] = {"place": "munich"}
        token = jwt.encode({"sub": "7", "allow": ["weather:munich", "weather:springfield"]}, SECRET, "HS256")
        page.goto(f"{gateway.url}/#token={token}")
        expect(page.locator("#state")).to_have_text("live")
        page.goto(f"{gateway.url}/#/weather")
        expect(page.get_by_text("No places yet.")).to_be_visible()
        add(page, "Oslo")
        expect(said(page)).to_have_text("the weather of “Oslo” is not for you")
        poller.answers["Springfield"] = AMBIGUOUS
        add(page, "Springfield")
        expect(said(page)).to_contain_text("name its country or region too")
        add(page, "Munich")
        expect(card(page, "munich")).to_contain_text("3.4 °C")


def test_without_a_weather_service_the_page_says_so_and_asks_now_and_then(tmp_path: Path, page: Page) -> None:
    settings = {"places": "Berlin=52.52,13.41;Oslo=59.91,10.75", "weather_timeout_s": "0.5"}
    with Windsock(tmp_path, **settings) as windsock:
        page.add_init_script(LISTEN)
        page.clock.install()
        page.goto(f"{windsock.url}/#/weather")
        for place in ("berlin", "oslo"):
            expect(card(page, place)).to_contain_text("no observation yet")
        add(page, "Bergen")
        expect(said(page)).to_contain_text("no weather service tells of “Bergen” now")
        expect(page.locator(".weather-card")).to_have_count(3)
        expect(page.locator(".weather-card").last).to_contain_text("no weather service tells of “Bergen” now")
        for rounds in range(2, 5):
            for seconds in (10, 10, 11):
                page.clock.fast_forward(seconds * 1_000)
                expect(page.locator("#state")).to_have_text("live")
            until(page, "(most) => asked.filter(([what]) => what === 'Bergen').length >= most", rounds)
        asked: list[Any] = page.evaluate("asked")
        assert {what for what, _ in asked} == {"/api/places", "Bergen"}
        for one in ("/api/places", "Bergen"):
            times = [at for what, at in asked if what == one]
            assert all(later - earlier >= 29_900 for earlier, later in pairwise(times)), times
        page.get_by_role("button", name="Remove Bergen").click()
        page.reload()
        expect(page.locator(".weather-card")).to_have_count(2)
