"""Live values on pages of other origins, in a real browser, against the real system."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import jwt
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import SCREENSHOTS
from tests.documented import ROOT, blocks
from tests.end_to_end.test_browser_example import Quiet
from tests.processes import Windsock
from tests.redis_server import RedisServer
from tests.stand_ins.open_meteo import OpenMeteo

SECRET = "a secret of the tests that is long enough"
EXAMPLE = "http://127.0.0.1:8080"
VALUE = '<windsock-value topic="device:greenhouse-7" metric="temperature"></windsock-value>'
CHART = '<windsock-chart topic="device:greenhouse-7" metric="n" window="15m"></windsock-chart>'
POINTS = "document.querySelector('windsock-chart').series.values"
SOON = 20_000


class Site:
    """A web site of another origin."""

    def __init__(self, folder: Path, origin: str) -> None:
        self._folder = folder
        self.origin = origin
        self.url = f"{origin}/index.html"

    def show(self, page: Page, server: str, body: str, head: str = "") -> None:
        """Open a page with the elements in `body`."""
        script = f'<script type="module" src="{server}/embed.js"></script>'
        self.open(page, f'<!doctype html><html lang="en"><link rel="icon" href="data:,">{head}{script}\n{body}')

    def open(self, page: Page, html: str) -> None:
        (self._folder / "index.html").write_text(html)
        page.goto(self.url)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    folder = tmp_path / "site"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield Site(folder, f"http://localhost:{server.server_address[1]}")
        server.shutdown()
        thread.join()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 800, "height": 760}, locale="de-DE")
    mistakes: list[str] = []
    page.on("pageerror", lambda error: mistakes.append(str(error)))
    yield page
    page.close()
    assert mistakes == []


def post(windsock: Windsock, *readings: dict[str, Any]) -> None:
    httpx.post(f"{windsock.url}/v1/readings", json=list(readings), trust_env=False).raise_for_status()


def reading(device: str = "greenhouse-7", **values: Any) -> dict[str, Any]:
    return {"device": device, "values": values}


def numbers(first: int, last: int) -> list[dict[str, Any]]:
    return [reading(n=n) for n in range(first, last + 1)]


def is_told(element: Locator, state: str, reason: str | None = None) -> None:
    expect(element).to_have_attribute("state", state, timeout=SOON)
    if reason is not None:
        expect(element).to_have_attribute("reason", reason, timeout=SOON)


def test_values_are_shown_as_the_viewer_writes_them_and_follow(tmp_path: Path, site: Site, page: Page) -> None:
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    with OpenMeteo() as service:
        weather = {"places": "Berlin=52.52,13.41", "open_meteo_url": service.url, "geocoding_url": service.url}
        with Windsock(tmp_path, origins=site.origin, **weather) as windsock:
            post(windsock, reading(temperature=1234.5) | {"units": {"temperature": "Cel"}}, reading(door=True))
            body = """
                <script>globalThis.Centrifuge = "of the page"</script>
                <windsock-value id=plain topic="device:greenhouse-7" metric="temperature"></windsock-value>
                <windsock-value id=set topic="device:greenhouse-7" metric="temperature"
                    label="Luft" unit="Grad" decimals="2"></windsock-value>
                <windsock-value id=english topic="device:greenhouse-7" metric="temperature" lang="en"></windsock-value>
                <windsock-value id=door topic="device:greenhouse-7" metric="door"></windsock-value>
                <windsock-value id=many topic="metric:temperature" device="greenhouse-7"></windsock-value>
                <windsock-value id=other topic="metric:temperature" device="greenhouse-8"></windsock-value>
                <windsock-value id=berlin topic="weather:berlin" metric="temperature"></windsock-value>
                <windsock-value id=compared topic="compare:greenhouse-7:berlin"></windsock-value>
                <windsock-value id=more topic="compare:greenhouse-7:berlin" metric="difference"></windsock-value>
                <windsock-chart id=switch topic="device:greenhouse-7" metric="door"></windsock-chart>
                <windsock-chart id=past topic="compare:greenhouse-7:berlin"></windsock-chart>
                <windsock-value id=wrong topic="greenhouse-7" metric="temperature"></windsock-value>"""
            site.show(page, windsock.url, body)
            for name in ("plain", "set", "english", "door", "many", "berlin"):
                is_told(page.locator(f"#{name}"), "live")
            expect(page.locator("#plain")).to_contain_text("temperature 1.234,5 °C")
            expect(page.locator("#set")).to_contain_text("Luft 1.234,50 Grad")
            expect(page.locator("#english")).to_contain_text("1,234.5 °C")
            expect(page.locator("#door")).to_contain_text("door an")
            expect(page.locator("#many")).to_contain_text("1.234,5 °C")
            expect(page.locator("#berlin")).to_contain_text("3,4 °C")
            is_told(page.locator("#other"), "stale", "nothing")
            is_told(page.locator("#wrong"), "offline", "topic")
            is_told(page.locator("#past"), "offline", "past")
            compared = "temperature 1.234,5 °C draußen 3,4 °C Unterschied +1.231,1 °C Weather data by Open-Meteo.com"
            expect(page.locator("#compared")).to_contain_text(compared)
            expect(page.locator("#more")).to_contain_text("temperature +1.231,1 °C")
            post(windsock, reading(temperature=21.25), reading("greenhouse-8", temperature=-4))
            expect(page.locator("#plain")).to_contain_text("21,25 °C")
            expect(page.locator("#set")).to_contain_text("21,25 Grad")
            expect(page.locator("#many")).to_contain_text("21,25 °C")
            expect(page.locator("#more")).to_contain_text("+17,85")
            expect(page.locator("#other")).to_contain_text("-4")
            is_told(page.locator("#other"), "live")
            page.evaluate("document.getElementById('plain').setAttribute('metric', 'door')")
            expect(page.locator("#plain")).to_contain_text("door an")
            page.wait_for_function("document.getElementById('switch').plot.shown?.lines[0].held")
            page.locator("#switch").get_by_text("Tabelle").click()
            expect(page.locator("#switch").get_by_role("row").nth(1)).to_contain_text("an")
            assert page.evaluate("globalThis.Centrifuge") == "of the page"
            assert len(sockets) == 1


def test_past_and_live_are_joined_over_a_restart_without_gap_or_double(
    tmp_path: Path, site: Site, page: Page, redis_server: RedisServer
) -> None:
    url = redis_server.url
    few = {"recovery_publications": "20", "origins": site.origin}
    with (
        Windsock(tmp_path, "ingest", redis_url=url) as ingest,
        Windsock(tmp_path, "gateway", redis_url=url, **few) as gateway,
    ):
        post(ingest, *numbers(0, 49))
        site.show(page, gateway.url, CHART)
        chart = page.locator("windsock-chart")
        is_told(chart, "live")
        post(ingest, *numbers(50, 59))
        page.wait_for_function(f"{POINTS}.length === 60")
        gateway.stop(signal.SIGKILL)
        is_told(chart, "offline", "resuming")
        post(ingest, *numbers(60, 199))
        gateway.start()
        post(ingest, *numbers(200, 209))
        page.wait_for_function(f"{POINTS}.length >= 210", timeout=SOON)
        is_told(chart, "live")
        assert page.evaluate(POINTS) == list(range(210))
        expect(chart).to_contain_text("kleinster 0, größter 209")


def test_an_element_that_comes_later_has_the_same_past(tmp_path: Path, site: Site, page: Page) -> None:
    with Windsock(tmp_path, origins=site.origin) as windsock:
        post(windsock, *numbers(0, 9))
        site.show(page, windsock.url, CHART + "<div id=place></div>")
        is_told(page.locator("windsock-chart"), "live")
        post(windsock, *numbers(10, 19))
        add = CHART.replace("<windsock-chart", "<windsock-chart id=later").replace("15m", "1h")
        page.evaluate("(html) => { document.getElementById('place').innerHTML = html; }", add)
        is_told(page.locator("#later"), "live")
        post(windsock, *numbers(20, 29))
        for chart in ("document.querySelector('windsock-chart')", "document.querySelector('#later')"):
            page.wait_for_function(f"{chart}.series.values.length >= 30")
            assert page.evaluate(f"{chart}.series.values") == list(range(30))
        page.evaluate("document.body.append(document.getElementById('later'))")
        page.evaluate("document.querySelector('windsock-chart').remove()")
        post(windsock, *numbers(30, 30))
        page.wait_for_function("document.querySelector('#later').series.values.at(-1) === 30")


def test_a_chart_has_a_table_follows_its_width_and_the_scheme(tmp_path: Path, site: Site, page: Page) -> None:
    with Windsock(tmp_path, origins=site.origin) as windsock:
        now = int(time.time() * 1000)
        post(windsock, *(reading(n=n % 7) | {"ts": now - 700_000 + n * 5_000} for n in range(60)))
        post(windsock, *(reading(n=n % 7) | {"ts": now - 600_000 + n * 5_000} for n in range(60, 120)))
        page.add_init_script("const now = Date.now; Date.now = () => now() + 600_000")  # a viewer's clock that is wrong
        site.show(page, windsock.url, '<meta name="color-scheme" content="light dark">' + CHART)
        chart = page.locator("windsock-chart")
        canvas = chart.locator("canvas")
        expect(canvas).to_be_visible()
        silences = "(({ series, plot }) => series.silences(plot.shown.lines[0].silentMs).length)"
        # The canvas is there before the past is.
        page.wait_for_function(f"{silences}(document.querySelector('windsock-chart')) === 1")
        expect(chart.get_by_role("img")).to_have_attribute("aria-label", "n: kleinster 0, größter 6, Mittel 2,975")
        chart.get_by_text("Tabelle").click()
        expect(chart.get_by_role("row")).to_have_count(101)
        expect(chart.get_by_role("row").nth(1)).to_contain_text("0")
        expect(chart.get_by_text("die neuesten 100 von 120")).to_be_visible()
        page.set_viewport_size({"width": 420, "height": 700})
        page.wait_for_function(
            "document.querySelector('windsock-chart').shadowRoot.querySelector('.uplot').clientWidth < 420"
        )
        page.mouse.move(300, 100)
        expect(chart.locator('[part="readout"]')).to_contain_text(":")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            line = "document.querySelector('windsock-chart').plot.probe('--line')"
            assert page.evaluate(line) == {"light": "rgb(9, 105, 218)", "dark": "rgb(88, 166, 255)"}[scheme]
            page.evaluate("new Promise(requestAnimationFrame)")
            SCREENSHOTS.mkdir(exist_ok=True)
            page.screenshot(path=SCREENSHOTS / f"embed-{scheme}.png")


def test_silence_is_told_and_ends(tmp_path: Path, site: Site, page: Page) -> None:
    with Windsock(tmp_path, origins=site.origin) as windsock:
        page.clock.install()
        post(windsock, reading(temperature=1))
        site.show(page, windsock.url, VALUE.replace("metric", 'stale-after="10s" metric'))
        value = page.locator("windsock-value")
        is_told(value, "live")
        page.clock.fast_forward(12_000)
        is_told(value, "stale", "silent")
        expect(value).to_contain_text("stumm")
        age = value.get_attribute("age")
        assert age is not None
        assert int(age) >= 12
        page.clock.fast_forward(7_200_000)
        expect(value).to_contain_text("2 Std.")


def test_a_server_that_hears_nothing_is_stale(
    tmp_path: Path, site: Site, page: Page, redis_server: RedisServer
) -> None:
    quick = {"canary_s": "0.2", "canary_timeout_s": "1", "origins": site.origin}
    with Windsock(tmp_path, redis_url=redis_server.url, **quick) as windsock:
        post(windsock, reading(temperature=1))
        site.show(page, windsock.url, VALUE)
        value = page.locator("windsock-value")
        is_told(value, "live")
        redis_server.send(signal.SIGSTOP)
        is_told(value, "stale", "server")
        redis_server.send(signal.SIGCONT)
        is_told(value, "live")


def test_a_server_that_says_nothing_is_lost_and_found(tmp_path: Path, site: Site, page: Page) -> None:
    with Windsock(tmp_path, origins=site.origin) as windsock:
        post(windsock, reading(temperature=1))
        site.show(page, windsock.url, VALUE)
        value = page.locator("windsock-value")
        is_told(value, "live")
        windsock.send(signal.SIGSTOP)
        is_told(value, "offline", "resuming")
        windsock.send(signal.SIGCONT)
        is_told(value, "live")
        post(windsock, reading(temperature=2))
        expect(value).to_contain_text("temperature 2 ")


def test_offline_is_told_and_heals(tmp_path: Path, site: Site, page: Page) -> None:
    with Windsock(tmp_path, origins=site.origin) as windsock:
        post(windsock, reading(temperature=1))
        site.show(page, windsock.url, VALUE)
        value = page.locator("windsock-value")
        is_told(value, "live")
        page.context.set_offline(True)
        is_told(value, "offline", "offline")
        post(windsock, reading(temperature=2))
        page.context.set_offline(False)
        is_told(value, "live")
        expect(value).to_contain_text("temperature 2 ")


def token(**claims: Any) -> str:
    return jwt.encode({"sub": "7", **claims}, SECRET, "HS256")


@pytest.mark.parametrize(
    "given",
    ["", "no token", token(allow=["weather:*"]), token(exp=1)],
    ids=["none", "not believed", "for others", "expired"],
)
def test_what_is_not_permitted_is_told(tmp_path: Path, site: Site, page: Page, given: str) -> None:
    with Windsock(tmp_path, origins=site.origin, anonymous="off", token_secret=SECRET) as windsock:
        post(windsock, reading(temperature=1))
        site.show(page, windsock.url, VALUE.replace("metric", f'token="{given}" metric') + CHART)
        value = page.locator("windsock-value")
        is_told(value, "offline", "denied")
        expect(value).to_contain_text("nicht erlaubt")
        page.evaluate(
            "(token) => document.querySelector('windsock-value').setAttribute('token', token)",
            token(allow=["device:greenhouse-*"]),
        )
        is_told(value, "live")
        is_told(page.locator("windsock-chart"), "offline", "denied")


def test_a_page_that_may_not_open_sockets_says_so(tmp_path: Path, site: Site, page: Page) -> None:
    with Windsock(tmp_path, origins="https://elsewhere.example") as windsock:
        site.show(page, windsock.url, VALUE)
        is_told(page.locator("windsock-value"), "offline", "origin")
        expect(page.locator("windsock-value")).to_contain_text("WINDSOCK_ORIGINS")


def test_a_strict_policy_needs_no_more_than_the_server(tmp_path: Path, site: Site, page: Page) -> None:
    with Windsock(tmp_path, origins=site.origin) as windsock:
        post(windsock, *numbers(0, 9))
        allowed = f"script-src {windsock.url}; connect-src {windsock.url} {windsock.ws}"
        policy = f"default-src 'none'; img-src data:; {allowed}"
        site.show(page, windsock.url, CHART, f'<meta http-equiv="Content-Security-Policy" content="{policy}">')
        is_told(page.locator("windsock-chart"), "live")
        expect(page.locator("windsock-chart .u-over")).to_have_css("position", "absolute")


def test_an_element_may_name_another_server(tmp_path: Path, site: Site, page: Page) -> None:
    (tmp_path / "other").mkdir()
    with (
        Windsock(tmp_path, origins=site.origin) as windsock,
        Windsock(tmp_path / "other", origins=site.origin) as other,
    ):
        post(windsock, reading(temperature=1))
        post(other, reading(temperature=2))
        named = VALUE.replace("<windsock-value", f'<windsock-value id=named server="{other.url}"')
        wrong = VALUE.replace("<windsock-value", '<windsock-value id=wrong server="ftp://x"')
        site.show(page, windsock.url, VALUE + named + wrong)
        expect(page.locator("windsock-value").first).to_contain_text("temperature 1 ")
        expect(page.locator("#named")).to_contain_text("temperature 2 ")
        is_told(page.locator("#wrong"), "offline", "server_address")


@pytest.mark.parametrize(
    ("name", "html"),
    [
        ("page", lambda: (ROOT / "docs" / "examples" / "embed.html").read_text()),
        ("block", lambda: "<!doctype html>" + blocks("docs/embed.md", "# Live values on your own page", "html")[0]),
    ],
    ids=["page", "block"],
)
def test_what_the_documentation_shows_works(
    tmp_path: Path, site: Site, page: Page, name: str, html: Callable[[], str]
) -> None:
    with Windsock(tmp_path, origins=site.origin) as windsock:
        post(windsock, reading(temperature=21.4, humidity=40) | {"units": {"temperature": "Cel"}})
        text = html()
        assert EXAMPLE in text
        site.open(page, text.replace(EXAMPLE, windsock.url))
        expect(page.locator("windsock-value").first).to_contain_text("21,4 °C")
        is_told(page.locator("windsock-chart"), "live")
        SCREENSHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"embed-{name}.png")
