"""How fast the page is, in a real browser against the real system.

Figures of time are printed (`-s`) and bind nobody, as a machine may be busy; what is counted has bounds.
`make bench-page` shows the figures.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, CDPSession, Page, ViewportSize, expect

from tests.browser import SOON_MS, screenshot
from tests.processes import Windsock

WALL: ViewportSize = {"width": 2560, "height": 3000}
"""Room for a hundred tiles."""
DESK: ViewportSize = {"width": 1400, "height": 900}
POSTED_A_SECOND = 200
SECONDS = 5

# When each of so many tiles has a value, and that has been painted.
PAINTED = """(count) => new Promise((resolve) => {
    const look = () => {
        if (document.querySelectorAll("[data-device] b:first-of-type").length < count) requestAnimationFrame(look);
        else requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
    };
    look();
})"""

FRAMES = """(seconds) => new Promise((resolve) => {
    const began = performance.now();
    let frames = 0;
    const next = () => {
        frames++;
        const took = (performance.now() - began) / 1000;
        if (took < seconds) requestAnimationFrame(next);
        else resolve(frames / took);
    };
    requestAnimationFrame(next);
})"""

# The feed that the page itself listens to.
FEED = """async () => {
    const { HERE, connections } = await import("/static/live/connections.js");
    window.feed = connections.take(HERE, null, () => {}).connection.feed("readings");
}"""

# 200 updates a second over all devices, one by one.
UPDATE = """(seconds) => new Promise((resolve) => {
    let sent = 0;
    const began = performance.now();
    const timer = setInterval(() => {
        const due = Math.min(200 * seconds, Math.floor((performance.now() - began) / 5));
        for (; sent < due; sent++) {
            const values = { temperature: 20 + Math.sin(sent), humidity: 40 + (sent % 50) };
            feed.tell("publication", { device: `sensor-${sent % 100}`, ts: Date.now(), values });
        }
        if (sent === 200 * seconds) resolve(clearInterval(timer) ?? sent);
    }, 5);
})"""

# Updates of 200 a second, as fast as they go, while the page's clock keeps up with them.
HURRY = """async ([from, to]) => {
    window.real ??= Date.now.bind(Date);
    window.shift ??= 0;
    Date.now = () => window.real() + window.shift;
    for (let at = from; at < to; at++) {
        if (at % 20_000 === 0) {
            window.shift += 100_000;
            await new Promise(requestAnimationFrame);
        }
        const values = { temperature: 20 + Math.sin(at), humidity: at % 100, door: at % 3 === 0, state: `s${at}` };
        const tags = { site: "house", seen: String(at) };
        feed.tell("publication", { device: `sensor-${at % 100}`, ts: Date.now() + (at % 20_000) * 5, values, tags });
    }
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
}"""


def readings(count: int, ts: int, step: int = 1) -> list[dict[str, Any]]:
    return [
        {
            "device": f"sensor-{at}",
            "ts": ts,
            "values": {"temperature": 20 + (at * step) % 7, "humidity": 40 + (at + step) % 30},
            "units": {"temperature": "Cel", "humidity": "%"},
            "tags": {"site": f"house {at % 10}"},
        }
        for at in range(count)
    ]


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def post(client: httpx.Client, said: list[dict[str, Any]]) -> None:
    for at in range(0, len(said), 500):
        client.post("/v1/readings", json=said[at : at + 500]).raise_for_status()


@contextmanager
def client_of(windsock: Windsock) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=windsock.url, trust_env=False, timeout=60) as client:
        yield client


@contextmanager
def posting(windsock: Windsock, count: int) -> Iterator[None]:
    """Readings of `count` devices, 200 a second, while the block runs."""
    done = threading.Event()

    def run() -> None:
        with client_of(windsock) as client:
            step, part = 0, POSTED_A_SECOND // 10
            while not done.wait(0.1):
                said = readings(count, now_ms(), step)
                first = step * part % count
                post(client, said[first : first + part])
                step += 1

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


class Work:
    """What the page worked while the block ran, in seconds of CPU: however busy the machine is, it is the same."""

    def __init__(self, session: CDPSession) -> None:
        self._session = session

    def __enter__(self) -> dict[str, float]:
        self._session.send("Performance.disable")
        self._session.send("Performance.setTimeDomain", {"timeDomain": "threadTicks"})
        self._session.send("Performance.enable")
        self._before = self._read()
        self.spent: dict[str, float] = {}
        return self.spent

    def __exit__(self, *_: object) -> None:
        after = self._read()
        self.spent |= {name: after[name] - self._before[name] for name in after}

    def _read(self) -> dict[str, float]:
        metrics = self._session.send("Performance.getMetrics")["metrics"]
        return {one["name"]: one["value"] for one in metrics if one["name"].endswith("Duration")}


def heap_bytes(session: CDPSession) -> int:
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
    return int(session.send("Runtime.getHeapUsage")["usedSize"])


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windsock]:
    """A hundred devices with a quarter of an hour behind them."""
    with Windsock(tmp_path_factory.mktemp("house"), places=";") as windsock, client_of(windsock) as client:
        for minute in range(15, 0, -1):
            post(client, readings(100, now_ms() - minute * 60_000, minute))
        yield windsock


@pytest.fixture
def wall(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport=WALL, locale="en-GB")
    page.set_default_timeout(SOON_MS)
    yield page
    page.close()


def test_a_hundred_devices_are_soon_on_the_screen(house: Windsock, wall: Page) -> None:
    took = []
    for _ in range(3):
        wall.goto(house.url, wait_until="commit")
        took.append(wall.evaluate(PAINTED, 100))
        first = wall.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    print(f"\n100 devices on screen after {', '.join(f'{ms:.0f}' for ms in took)} ms; first paint {first:.0f} ms")
    screenshot(wall, "page-wall")
    expect(wall.locator("[data-device]")).to_have_count(100)


def test_two_hundred_updates_a_second_leave_the_page_smooth(house: Windsock, wall: Page) -> None:
    session = wall.context.new_cdp_session(wall)
    wall.goto(house.url)
    expect(wall.locator("[data-device]")).to_have_count(100)
    idle = wall.evaluate(FRAMES, 1)
    with posting(house, 100), Work(session) as posted:
        frames = wall.evaluate(FRAMES, SECONDS)
    print(f"\nidle {idle:.0f} frames/s; {POSTED_A_SECOND} readings/s posted: {frames:.0f} frames/s, {told(posted)}")

    wall.evaluate(FEED)
    with Work(session) as updated:
        sent, frames = wall.evaluate(f"() => Promise.all([({UPDATE})({SECONDS}), ({FRAMES})({SECONDS})])")
    print(f"{sent // SECONDS} updates/s of tiles on screen: {frames:.0f} frames/s, {told(updated)}")
    expect(wall.locator("[data-device='sensor-99']")).to_contain_text("89 %")
    # All tiles anew would cost more than this for each update.
    assert updated["ScriptDuration"] / sent < 0.005


def told(spent: dict[str, float]) -> str:
    share = {name.removesuffix("Duration").lower(): spent[name] / SECONDS for name in spent if spent[name] > 0}
    return ", ".join(f"{name} {part:.0%}" for name, part in share.items())


def test_an_hour_of_updates_leaves_no_more_memory_behind_than_a_quarter_of_one(house: Windsock, page: Page) -> None:
    session = page.context.new_cdp_session(page)
    page.goto(house.url)
    expect(page.get_by_text("100 devices", exact=True)).to_be_visible()
    page.evaluate(FEED)
    used = [heap_bytes(session)]
    for quarter in range(4):
        page.evaluate(HURRY, [quarter * 180_000, (quarter + 1) * 180_000])
        used.append(heap_bytes(session))
    print(f"\nheap, at first and after each quarter: {', '.join(f'{size / 1e6:.2f}' for size in used)} MB")
    page.get_by_role("searchbox").fill("sensor-99")
    expect(page.locator("[data-device='sensor-99']")).to_contain_text("s719999")
    assert used[4] < used[1] * 1.1 + 1_000_000


def test_five_thousand_devices_are_a_list_like_any_other(tmp_path: Path, browser: Browser) -> None:
    with Windsock(tmp_path) as windsock, client_of(windsock) as client:
        post(client, readings(5_000, now_ms()))
        page = browser.new_page(viewport=DESK, locale="en-GB")
        session = page.context.new_cdp_session(page)
        page.goto(windsock.url, wait_until="commit")
        painted = page.evaluate(PAINTED, 16)
        count = page.locator(".toolbar [role=status]")
        expect(count).to_have_text("5,000 devices")
        complete = page.evaluate("performance.now()")
        nodes = page.evaluate("document.querySelectorAll('*').length")
        print(f"\nof 5,000 devices the first after {painted:.0f} ms, all after {complete:.0f} ms; {nodes} elements")
        assert page.locator("[data-device]").count() < 80
        assert nodes < 3_000

        with posting(windsock, 5_000), Work(session) as scrolled:
            frames = page.evaluate(
                f"""async () => {{
                    let on = true;
                    const step = () => on && (scrollBy(0, 300), requestAnimationFrame(step));
                    step();
                    const frames = await ({FRAMES})({SECONDS});
                    on = false;
                    return frames;
                }}"""
            )
        print(f"scrolled through, 200 readings/s posted: {frames:.0f} frames/s, {told(scrolled)}")
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        expect(page.locator('[data-device="sensor-4999"]')).to_be_in_viewport()
        expect(page.locator('[data-device="sensor-4999"]')).to_have_attribute("aria-setsize", "5000")
        assert page.locator("[data-device]").count() < 80
        screenshot(page, "page-5000")

        # One that appears is there without a reload, and is found.
        post(client, [{"device": "new-one", "values": {"temperature": 3}}])
        page.get_by_role("searchbox").fill("new-one")
        expect(page.locator('[data-device="new-one"]')).to_contain_text("3")
        expect(count).to_have_text("1 of 5,001 devices")
        searched = page.evaluate(
            """() => {
                const search = document.querySelector("input[type=search]");
                const began = performance.now();
                for (const text of ["s", "se", "sensor", "sensor-4", "sensor-42"]) {
                    search.value = text;
                    search.dispatchEvent(new Event("input"));
                }
                return (performance.now() - began) / 5;
            }"""
        )
        expect(count).to_have_text("111 of 5,001 devices")
        print(f"a letter typed into the search: {searched:.1f} ms")
        page.close()
