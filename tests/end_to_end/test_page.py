"""The page's connection in a real browser, against the real system: what breaks is told, and heals without a reload."""

from __future__ import annotations

import signal
from pathlib import Path

from playwright.sync_api import Locator, Page, expect
from redis import Redis

from tests.browser import screenshot, until
from tests.page_feeds import gets, join, numbers, post
from tests.processes import Windsock
from tests.redis_server import RedisServer

FEED = "device:greenhouse-7"
MARK = "() => { window.never_reloaded = true; }"


def state(page: Page) -> Locator:
    return page.locator("#state")


def banner(page: Page) -> Locator:
    return page.locator('#banner [data-key="connection"]')


def opened(page: Page, windsock: Windsock, *topics: str) -> None:
    page.goto(windsock.url)
    expect(state(page)).to_have_text("live")
    join(page, *topics)
    page.evaluate(MARK)


def watch_states(page: Page) -> None:
    """`states` has each that is shown from now on, with no repeats."""
    page.evaluate(
        """() => {
            const shown = document.querySelector("#state");
            window.states = [];
            const look = () => states.at(-1) !== shown.textContent && states.push(shown.textContent);
            new MutationObserver(look).observe(shown, { childList: true, characterData: true, subtree: true });
        }"""
    )


def test_the_page_says_that_the_server_hears_nothing(tmp_path: Path, page: Page, redis_server: RedisServer) -> None:
    quick = {"status_s": "0.2", "canary_s": "0.2", "canary_timeout_s": "1"}
    with Windsock(tmp_path, redis_url=redis_server.url, **quick) as windsock:
        opened(page, windsock, FEED)
        post(windsock, *numbers(0, 4))
        gets(page, FEED, range(5))
        expect(banner(page)).to_have_count(0)
        redis_server.send(signal.SIGSTOP)
        expect(state(page)).to_have_text("stale")
        expect(banner(page)).to_contain_text("has heard nothing from its database since")
        # Who comes back, or comes, meanwhile is not told that all is well.
        watch_states(page)
        page.context.set_offline(True)
        expect(state(page)).to_have_text("offline")
        page.context.set_offline(False)
        expect(state(page)).to_have_text("stale")
        page.wait_for_timeout(6_000)  # longer than the client waits for an answer
        assert "live" not in page.evaluate("states")
        redis_server.send(signal.SIGCONT)
        expect(state(page)).to_have_text("live")
        expect(banner(page)).to_have_text("resumed, nothing was missed")
        post(windsock, *numbers(5, 9))
        gets(page, FEED, range(10))
        assert page.evaluate("never_reloaded")


def test_the_page_takes_silence_for_a_lost_connection(tmp_path: Path, page: Page) -> None:
    with Windsock(tmp_path) as windsock:
        page.clock.install()
        opened(page, windsock, FEED)
        post(windsock, *numbers(0, 4))
        gets(page, FEED, range(5))
        windsock.send(signal.SIGSTOP)
        page.clock.fast_forward(20_000)
        expect(state(page)).to_have_text("resuming")
        page.clock.fast_forward(60_000)
        expect(banner(page)).to_contain_text("The server has not been heard since")
        expect(banner(page)).to_contain_text("1 min ago")
        windsock.send(signal.SIGCONT)
        post(windsock, *numbers(5, 9))
        page.clock.fast_forward(20_000)
        expect(state(page)).to_have_text("live")
        gets(page, FEED, range(10))
        assert page.evaluate("never_reloaded")


def test_after_a_sleep_it_is_live_again_with_all_that_was_sent(tmp_path: Path, page: Page) -> None:
    with Windsock(tmp_path, ping_s="1", pong_s="1") as windsock:
        page.clock.install()
        opened(page, windsock, FEED)
        post(windsock, *numbers(0, 4))
        gets(page, FEED, range(5))
        page.clock.pause_at(page.evaluate("Date.now() + 1000"))
        post(windsock, *numbers(5, 20))
        windsock.stop(signal.SIGKILL)
        windsock.start()
        post(windsock, *numbers(21, 30))
        page.clock.fast_forward(8 * 3_600_000)
        page.clock.resume()
        expect(state(page)).to_have_text("live")
        gets(page, FEED, range(31))
        assert page.evaluate("never_reloaded")


def test_without_a_network_it_says_so_and_heals(tmp_path: Path, page: Page) -> None:
    with Windsock(tmp_path) as windsock:
        opened(page, windsock, FEED)
        post(windsock, *numbers(0, 4))
        gets(page, FEED, range(5))
        page.context.set_offline(True)
        expect(state(page)).to_have_text("offline")
        expect(banner(page)).to_contain_text("Offline since")
        screenshot(page, "offline")
        post(windsock, *numbers(5, 9))
        page.context.set_offline(False)
        expect(state(page)).to_have_text("live")
        gets(page, FEED, range(10))
        expect(banner(page)).to_contain_text("resumed, 5 readings recovered")
        assert page.evaluate("never_reloaded")


def test_the_page_says_that_it_resumes_and_what_was_recovered(tmp_path: Path, page: Page) -> None:
    with Windsock(tmp_path, recovery_publications="20") as windsock:
        page.clock.install()
        other, weather = "device:cellar", "weather:berlin"
        opened(page, windsock, FEED, other, weather)
        post(windsock, *numbers(0, 4), *numbers(0, 9, "cellar"))
        gets(page, FEED, range(5))
        gets(page, other, range(10))
        windsock.stop(signal.SIGKILL)
        expect(state(page)).to_have_text("resuming")
        expect(banner(page)).to_contain_text("The server has not been heard since")
        # Stored before any client is back: the page comes again when its clock lets it.
        page.clock.pause_at(page.evaluate("Date.now() + 1000"))
        windsock.start()
        post(windsock, *numbers(5, 304), *numbers(10, 21, "cellar"))
        page.clock.resume()
        page.clock.fast_forward(30_000)
        expect(banner(page)).to_have_text("resumed, 312 readings recovered")
        expect(banner(page)).to_have_attribute("data-level", "good")
        screenshot(page, "resumed")
        gets(page, FEED, range(305))
        gets(page, other, range(22))
        page.clock.fast_forward(20_000)
        expect(banner(page)).to_have_count(0)
        assert page.evaluate("never_reloaded")


def test_what_could_not_be_recovered_is_told_and_shown_anew(
    tmp_path: Path, page: Page, redis_server: RedisServer
) -> None:
    with Windsock(tmp_path, redis_url=redis_server.url) as windsock:
        opened(page, windsock, FEED)
        post(windsock, *numbers(0, 4))
        gets(page, FEED, range(5))
        page.context.set_offline(True)
        expect(state(page)).to_have_text("offline")
        windsock.stop(signal.SIGKILL)
        with Redis.from_url(redis_server.url) as redis:
            redis.flushall()
        windsock.start()
        post(windsock, *numbers(50, 54))
        page.context.set_offline(False)
        expect(banner(page)).to_contain_text("could not all be recovered: shown anew")
        gets(page, FEED, range(50, 55))
        assert page.evaluate("(topic) => got[topic].snapshots", FEED) == 2


def test_the_browsers_own_event_source_gets_what_is_posted_and_resumes(tmp_path: Path, page: Page) -> None:
    with Windsock(tmp_path) as windsock:
        page.goto(windsock.url)
        page.evaluate(
            """() => {
                window.seen = [];
                window.source = new EventSource("/sse?topic=device:greenhouse-7");
                window.source.onmessage = (event) => seen.push(JSON.parse(event.data).data.values.n);
                return new Promise((resolve) => (window.source.onopen = resolve));
            }"""
        )
        post(windsock, *numbers(1, 1))
        until(page, "seen.length === 1")
        windsock.stop(signal.SIGKILL)
        windsock.start()
        post(windsock, *numbers(2, 2))
        until(page, "seen.length === 2")
        assert page.evaluate("seen") == [1, 2]


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
        page.goto(f"{elsewhere.url}/healthz")  # of the origin, without the page's policy
        page.evaluate(COLLECT, windsock.url + '/connection/uni_sse?cf_connect={"subs":{"device:greenhouse-7":{}}}')
        until(page, "said.length === 1")
        post(windsock, *numbers(7, 7))
        until(page, "said.length === 2")
        connect, pushed = page.evaluate("said")
        assert FEED in connect["connect"]["subs"]
        assert (pushed["channel"], pushed["pub"]["data"]["values"]) == (FEED, {"n": 7})
        assert page.evaluate(READ, windsock.url + "/connection/http_stream") == [204, {"id": 2, "ping": {}}]
