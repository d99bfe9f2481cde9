"""`windsock demo` as a newcomer starts it: real processes, and the page in a real browser."""

from __future__ import annotations

import itertools
import json
import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.browser import screenshot
from tests.processes import Command, Windsock, run
from tests.sdk import connected
from tests.waiting import until_found, wait_until

DAY_MS = 86_400_000
SOON_S = 120
"""Devices are cut off for up to 75 s, and a busy machine is slow."""

pytestmark = [
    pytest.mark.usefixtures("forgiving_the_sdk"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def devices(url: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    path: str | None = "/api/devices?limit=500"
    while path:
        page = httpx.get(url + path, trust_env=False).raise_for_status().json()
        found |= {device["device"]: device for device in page["devices"]}
        path = page["next"]
    return found


def history(url: str, device: str) -> list[dict[str, Any]]:
    asked = {"topic": f"device:{device}", "order": "ts", "limit": "1000"}
    answer = httpx.get(f"{url}/api/history", params=asked, trust_env=False).raise_for_status()
    return [publication["data"] for publication in answer.json()["publications"]]


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def all_live(url: str, count: int = 20) -> bool:
    """Whether all devices are there, with values of now."""
    found = devices(url)
    return len(found) == count and all(device["ts"] > now_ms() - 60_000 for device in found.values())


def tells_of_now(url: str, device: str) -> bool:
    return bool(history(url, device)[-1]["ts"] > now_ms() - 30_000)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windsock]:
    with Windsock(tmp_path_factory.mktemp("demo"), "demo") as windsock:
        wait_until(lambda: all_live(windsock.url), "not all devices post", SOON_S)
        yield windsock


def test_all_devices_post_fresh_values_and_a_day_of_history(demo: Windsock) -> None:
    found = devices(demo.url)
    sites = {device["tags"]["site"] for device in found.values()}
    assert sites == {"greenhouse", "home", "van", "airports"}
    for device in ("greenhouse-soil-1", "home-kitchen", "home-meter"):
        # The past comes first; on a busy machine the present follows it by a while.
        wait_until(partial(tells_of_now, demo.url, device), "nothing of now", SOON_S)
        told = history(demo.url, device)
        assert told[0]["ts"] < now_ms() - DAY_MS + 15 * 60_000
        assert len(told) >= 288
    assert {type(one["value"]) for one in found["van-1"]["latest"].values()} == {float, bool, str}
    assert found["greenhouse-soil-3"]["ts"] > now_ms() + 60_000
    assert "kind" in found["airport-JFK"]["tags"]


def test_the_greeting_says_where_to_look_and_that_readings_are_kept_apart(demo: Windsock) -> None:
    wait_until(lambda: "Ctrl-C" in demo.output, "no greeting")
    assert f"{demo.url}/\n" in demo.output
    assert "data-demo" in demo.output
    assert "greenhouse-irrigation (irrigate)" in demo.output
    assert "Traceback" not in demo.log


async def test_a_command_is_answered_and_its_effect_is_seen(demo: Windsock) -> None:
    async def moisture(above: float) -> float | None:
        value = devices(demo.url)["greenhouse-soil-1"]["latest"]["soil_moisture"]["value"]
        return float(value) if value > above else None

    before = await moisture(0)
    assert before is not None
    asked = {"device": "greenhouse-irrigation", "name": "irrigate", "args": {"seconds": 60}, "timeout": 30}
    async with connected(demo.ws) as client:
        result = await client.rpc("command", asked)
        answer = result.data if isinstance(result.data, dict) else json.loads(result.data)
        assert answer["answer"] == {"seconds": 60, "litres": 12.0}
    assert await until_found(lambda: moisture(before + 1.5), "the soil does not get wet", SOON_S)


def test_the_page_is_alive(demo: Windsock, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    try:
        page.goto(demo.url)
        card = page.locator('[data-device="van-1"]')
        expect(card).to_contain_text("km/h", timeout=20_000)
        before = card.inner_text()
        expect(page.locator('[data-device="airport-JFK"]')).to_contain_text("°F")
        expect(card).not_to_have_text(before, timeout=20_000)
        screenshot(page, "demo")
    finally:
        page.close()


def test_killed_and_started_again_it_stores_nothing_twice(tmp_path: Path) -> None:
    with Windsock(tmp_path, "demo") as windsock:
        wait_until(lambda: len(devices(windsock.url)) > 5, "nothing comes")
        windsock.stop(signal.SIGKILL)
        windsock.start()
        wait_until(lambda: all_live(windsock.url), "it does not go on", SOON_S)
        found = devices(windsock.url)
        for device in found:
            times = [reading["ts"] for reading in history(windsock.url, device)]
            assert len(times) == len(set(times)), device
        assert len(history(windsock.url, "greenhouse-soil-1")) >= 288
        assert windsock.stop() == 0
        assert "Traceback" not in windsock.log


def test_it_drives_a_windsock_that_runs_elsewhere_with_a_key_and_goes_on_when_that_is_killed(tmp_path: Path) -> None:
    with Windsock(tmp_path, auth="required") as windsock:
        made = run("keys", "create", "demo", data_dir=windsock.environment["WINDSOCK_DATA_DIR"])
        arguments = ("demo", "--url", windsock.url, "--key", made.stdout.strip(), "--no-history", "--devices", "30")
        with Command(tmp_path, *arguments) as demo:
            wait_until(lambda: all_live(windsock.url, 50), "not all devices post", SOON_S)
            windsock.stop(signal.SIGKILL)
            wait_until(lambda: "trying again until it works" in demo.log, "it does not notice")
            windsock.start()
            since = now_ms()
            wait_until(lambda: devices(windsock.url)["van-1"]["ts"] > since, "it does not go on")
            times = [reading["ts"] for reading in history(windsock.url, "van-1")]
            assert {later - earlier for earlier, later in itertools.pairwise(times)} == {1_000}
            assert demo.stop() == 0
            assert "Traceback" not in demo.log
    assert not (tmp_path / "data-demo").exists()


def test_without_the_key_that_is_needed_it_is_one_line(tmp_path: Path) -> None:
    with Windsock(tmp_path, auth="required") as windsock:
        ended = run("demo", "--url", windsock.url)
    assert ended.returncode == 1
    assert ended.stderr.startswith("windsock: devices need a key here, and ")
    assert ended.stderr.count("\n") == 1
    own = run("demo", auth="required", data_dir=str(tmp_path / "other"))
    assert own.returncode == 1
    assert own.stderr.startswith("windsock: with WINDSOCK_HOST=127.0.0.1 and WINDSOCK_AUTH=required devices need a key")
    assert own.stderr.count("\n") == 1
    assert not (tmp_path / "other-demo").exists()


def test_an_address_that_is_none_is_one_line() -> None:
    ended = run("demo", "--url", "nowhere")
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert ended.stderr.startswith("windsock: --url: 'nowhere' is not an HTTP address")
