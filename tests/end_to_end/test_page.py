"""The page's frame in a real browser, against the real system: the state of its connection, and who may see it."""

from __future__ import annotations

import signal
from pathlib import Path

import httpx
import jwt
from playwright.sync_api import Page, expect

from tests.processes import Windsock
from tests.redis_server import RedisServer


def post(windsock: Windsock, **values: float) -> None:
    reading = {"device": "greenhouse-7", "values": values, "units": {"temperature": "°C"}}
    httpx.post(f"{windsock.url}/v1/readings", json=reading).raise_for_status()


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
