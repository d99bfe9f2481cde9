"""The weather view in a real browser, against the real system."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, WebSocket, expect

from services.places import Place
from tests.browser import screenshot
from tests.processes import Windsock
from tests.redis_server import RedisServer
from tests.stand_ins.open_meteo import OpenMeteo
from tests.stand_ins.poller import PollerByHand


def test_the_weather_of_the_settings_and_of_cities_that_the_viewer_adds(tmp_path: Path, page: Page) -> None:
    with OpenMeteo() as service:
        settings = {"places": "Berlin=52.52,13.41", "open_meteo_url": service.url, "geocoding_url": service.url}
        with Windsock(tmp_path, **settings, weather_interval_s="1", weather_jitter_s="0") as windsock:
            page.goto(windsock.url)
            berlin = page.locator('#weather [data-place="berlin"]')
            expect(berlin).to_contain_text("3.4 °C")
            expect(berlin.get_by_role("link")).to_have_attribute("href", "https://open-meteo.com/")
            expect(berlin.get_by_role("button")).to_have_count(0)
            page.get_by_label("City").fill("paris")
            page.get_by_role("button", name="Follow").click()
            paris = page.locator('#weather [data-place="paris"]')
            expect(paris).to_contain_text("light rain")
            page.get_by_label("City").fill("Atlantis")
            page.get_by_role("button", name="Follow").click()
            expect(page.locator("#city-error")).to_contain_text("Atlantis")
            service.values["temperature_2m"] = 9.5
            service.observed += 900
            expect(paris).to_contain_text("9.5 °C")
            expect(page.locator("#weather li")).to_have_count(2)
            page.reload()
            expect(paris).to_contain_text("9.5 °C")
            page.get_by_role("button", name="Remove paris").click()
            page.reload()
            expect(berlin).to_contain_text("9.5 °C")
            expect(page.locator("#weather li")).to_have_count(1)


def test_the_page_marks_what_is_stale_and_offers_those_that_may_be_meant(
    tmp_path: Path, page: Page, redis_server: RedisServer
) -> None:
    cities = ["Springfield, Illinois, US", "Springfield, Ohio, US"]
    candidates = [{"id": number, "city": city} for number, city in enumerate(cities, 7)]
    ambiguous = {"error": {"code": "ambiguous", "message": "2 places"}, "candidates": candidates}
    with (
        PollerByHand(redis_server.url) as poller,
        Windsock(tmp_path, "gateway", redis_url=redis_server.url) as gateway,
    ):
        poller.register(Place("berlin", "Berlin", 52.52, 13.41, pinned=True))
        poller.observe("berlin", 3.4)
        poller.answers["Springfield"] = ambiguous
        poller.answers["Springfield, Ohio, US"] = {"place": "springfield-ohio"}
        page.goto(gateway.url)
        berlin = page.locator('#weather [data-place="berlin"]')
        expect(berlin).to_contain_text("3.4 °C")
        expect(berlin.locator(".mark")).to_have_count(0)
        poller.observe("berlin", 4.5, age_s=7_200)
        poller.tell("berlin", "open-meteo: status 503")
        expect(berlin.locator(".mark")).to_have_text(["stale", "open-meteo: status 503"])
        expect(berlin).to_contain_text("4.5 °C")
        page.get_by_label("City").fill("Springfield")
        page.get_by_role("button", name="Follow").click()
        choice = page.locator("#city-choice")
        expect(choice.get_by_role("button")).to_have_text(cities)
        expect(page.locator("#city-error")).to_have_text("2 places")
        screenshot(page, "stale")
        poller.observe("springfield-ohio", 21.5)
        choice.get_by_role("button", name="Ohio").click()
        expect(page.locator('#weather [data-place="springfield-ohio"]')).to_contain_text("21.5 °C")
        expect(choice.get_by_role("button")).to_have_count(0)
        poller.observe("berlin", 5.5)
        expect(berlin).to_contain_text("5.5 °C")
        expect(berlin.locator(".mark")).to_have_count(0)
        expect(page.locator("#weather li")).to_have_count(2)


def test_without_a_weather_service_the_page_says_so_and_asks_now_and_then(tmp_path: Path, page: Page) -> None:
    asked: list[str | bytes] = []

    def listen(socket: WebSocket) -> None:
        if "/ws/weather/" in socket.url:
            socket.on("framesent", lambda words: asked.append(words))

    page.on("websocket", listen)
    with Windsock(tmp_path, places="Berlin=52.52,13.41;Oslo=59.91,10.75", weather_timeout_s="0.5") as windsock:
        page.clock.install()
        page.goto(windsock.url)
        expect(page.locator("#weather")).to_contain_text("Berlin")
        expect(page.locator("#weather").get_by_text("no observation of")).to_have_count(2)
        for rounds in range(2, 5):
            page.clock.fast_forward(31_000)
            page.wait_for_timeout(1_500)  # for the answers, and questions that there should not be
            assert len(asked) == 2 * rounds
