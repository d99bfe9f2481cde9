"""The page in a real browser, against the real system."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import jwt
import pytest
from playwright.sync_api import Browser, Page, WebSocket, expect, sync_playwright

from services.places import Place
from tests.processes import Windsock
from tests.redis_server import RedisServer
from tests.stand_ins.open_meteo import OpenMeteo
from tests.stand_ins.poller import PollerByHand

SCREENSHOTS = Path(__file__).parents[1] / "screenshots"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    assert found, "no Chromium on the PATH; `make test` installs it"
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1000, "height": 640})
    yield page
    page.close()


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
        SCREENSHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SCREENSHOTS / "page.png")


def test_a_page_opened_later_shows_the_latest_values(tmp_path: Path, page: Page) -> None:
    with Windsock(tmp_path) as windsock:
        post(windsock, temperature=19.5)
        page.goto(windsock.url)
        expect(page.locator('[data-device="greenhouse-7"]')).to_contain_text("19.5 °C")


def test_the_page_says_that_the_server_hears_nothing(tmp_path: Path, page: Page, redis_server: RedisServer) -> None:
    quick = {"status_s": "0.2", "canary_s": "0.2", "canary_timeout_s": "1"}
    with Windsock(tmp_path, redis_url=redis_server.url, **quick) as windsock:
        page.goto(windsock.url)
        state = page.locator("#state")
        expect(state).to_have_text("live")
        redis_server.send(signal.SIGSTOP)
        expect(state).to_contain_text("stale", timeout=20_000)
        redis_server.send(signal.SIGCONT)
        expect(state).to_have_text("live", timeout=20_000)


def test_the_page_takes_silence_for_a_lost_connection(tmp_path: Path, page: Page) -> None:
    with Windsock(tmp_path) as windsock:
        page.clock.install()
        page.goto(windsock.url)
        state = page.locator("#state")
        expect(state).to_have_text("live")
        windsock.send(signal.SIGSTOP)
        page.clock.fast_forward(20_000)
        expect(state).to_have_text("resuming")
        windsock.send(signal.SIGCONT)
        post(windsock, temperature=17.5)
        page.clock.fast_forward(20_000)
        expect(page.locator('[data-device="greenhouse-7"]')).to_contain_text("17.5 °C", timeout=20_000)
        expect(state).to_have_text("live")


def test_the_browsers_own_event_source_gets_what_is_posted_and_resumes(tmp_path: Path, page: Page) -> None:
    with Windsock(tmp_path) as windsock:
        page.goto(windsock.url)
        page.evaluate(
            """() => {
                window.temperatures = [];
                window.source = new EventSource("/sse?topic=device:greenhouse-7");
                window.source.onmessage = (event) => temperatures.push(JSON.parse(event.data).data.values.temperature);
                return new Promise((resolve) => (window.source.onopen = resolve));
            }"""
        )
        post(windsock, temperature=1)
        page.wait_for_function("temperatures.length === 1")
        windsock.stop(signal.SIGKILL)
        windsock.start()
        post(windsock, temperature=2)
        page.wait_for_function("temperatures.length === 2", timeout=20_000)
        assert page.evaluate("temperatures") == [1, 2]


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


def test_the_page_says_that_it_resumes_and_heals_by_itself(tmp_path: Path, page: Page) -> None:
    with Windsock(tmp_path) as windsock:
        page.goto(windsock.url)
        state = page.locator("#state")
        expect(state).to_have_text("live")
        windsock.stop(signal.SIGKILL)
        expect(state).to_have_text("resuming")
        windsock.start()
        post(windsock, temperature=18.25)
        expect(state).to_have_text("live", timeout=20_000)
        expect(page.locator('[data-device="greenhouse-7"]')).to_contain_text("18.25 °C")


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
        SCREENSHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SCREENSHOTS / "stale.png")
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


COLLECT = """(url) => {
    window.said = [];
    const source = new EventSource(url);
    source.onmessage = ({ data }) => window.said.push(JSON.parse(data));
}"""
READ = """async (url) => {
    const answer = await fetch(url, { method: "POST", body: '{"id":1,"connect":{}}' });
    const reader = answer.body.getReader();
    const first = JSON.parse(new TextDecoder().decode((await reader.read()).value)).connect;
    const { session, node } = first;
    const posted = await fetch(url.replace("connection/http_stream", "emulation"), {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ session, node, data: '{"id":2,"ping":{}}' }),
    });
    const second = new TextDecoder().decode((await reader.read()).value);
    await reader.cancel();
    return [posted.status, JSON.parse(second)];
}"""


def test_pages_of_other_origins_that_are_listed_use_the_protocol_over_http(tmp_path: Path, page: Page) -> None:
    (tmp_path / "elsewhere").mkdir()
    with Windsock(tmp_path / "elsewhere") as elsewhere, Windsock(tmp_path, origins=elsewhere.url) as windsock:
        page.goto(elsewhere.url)
        page.evaluate(COLLECT, windsock.url + '/connection/uni_sse?cf_connect={"subs":{"device:greenhouse-7":{}}}')
        page.wait_for_function("said.length === 1")
        post(windsock, temperature=7)
        page.wait_for_function("said.length === 2")
        connect, pushed = page.evaluate("said")
        assert "device:greenhouse-7" in connect["connect"]["subs"]
        assert (pushed["channel"], pushed["pub"]["data"]["values"]) == ("device:greenhouse-7", {"temperature": 7})
        assert page.evaluate(READ, windsock.url + "/connection/http_stream") == [204, {"id": 2, "ping": {}}]


def test_where_a_token_is_needed_the_page_says_so_and_takes_it_from_its_address(tmp_path: Path, page: Page) -> None:
    secret = "the secret of the tests, which is long enough"
    with Windsock(tmp_path, anonymous="off", token_secret=secret) as windsock:
        page.goto(windsock.url)
        expect(page.locator("#state")).to_contain_text("no access")
        page.goto(f"{windsock.url}/#token={jwt.encode({'sub': '7'}, secret, 'HS256')}")
        expect(page.locator("#state")).to_have_text("live")
        assert "token" not in page.url
        post(windsock, temperature=21.4)
        expect(page.locator('[data-device="greenhouse-7"]')).to_contain_text("21.4")
        page.reload()
        expect(page.locator('[data-device="greenhouse-7"]')).to_contain_text("21.4")
