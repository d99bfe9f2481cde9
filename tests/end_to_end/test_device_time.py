"""Devices whose clocks are late or wrong: what they send is stored as it comes, and shown by its own time if asked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.processes import Windsock

DAY_MS = 86_400_000
NOW = time.time_ns() // 1_000_000
READ = 40
"""How many publications are looked at."""


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    limits = {"snapshot_publications": str(READ), "history_page": "16"}
    with (
        Windsock(tmp_path_factory.mktemp("time"), **limits) as windsock,
        httpx.Client(base_url=windsock.url, trust_env=False) as client,
    ):
        yield client


def post(http: httpx.Client, device: str, *times: int) -> None:
    """One reading after the other; `n` counts them."""
    readings = [{"device": device, "ts": ts, "values": {"n": n}} for n, ts in enumerate(times)]
    http.post("/v1/readings", json=readings).raise_for_status()


def history(http: httpx.Client, topic: str, **query: Any) -> dict[str, Any]:
    answer = http.get("/api/history", params={"topic": topic} | query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def numbers(page: dict[str, Any]) -> list[int]:
    return [one["data"]["values"]["n"] for one in page["publications"]]


def refused(http: httpx.Client, status: int, **query: Any) -> Any:
    answer = http.get("/api/history", params=query)
    assert answer.status_code == status, answer.text
    return answer.json().get("field")


def test_yesterdays_readings_are_stored_as_they_come_and_shown_in_their_place(http: httpx.Client) -> None:
    post(http, "late", NOW, NOW - DAY_MS, NOW - DAY_MS + 1)
    assert numbers(history(http, "device:late", order="asc")) == [0, 1, 2]
    assert numbers(history(http, "device:late", order="ts")) == [1, 2, 0]
    assert numbers(history(http, "device:late", order="ts-desc")) == [0, 2, 1]
    latest = http.get("/api/devices/late").json()
    assert latest["ts"] == NOW
    assert latest["latest"]["n"] == {"value": 0, "ts": NOW}


def test_a_window_is_one_of_the_devices_clock(http: httpx.Client) -> None:
    post(http, "window", *(NOW - days * DAY_MS for days in range(5)))
    assert numbers(history(http, "device:window", order="ts", since=NOW - 3 * DAY_MS, until=NOW - DAY_MS)) == [3, 2]
    since = datetime.fromtimestamp((NOW - DAY_MS - 1) / 1000, UTC).isoformat().replace("+00:00", "Z")
    assert numbers(history(http, "device:window", order="ts", since=since)) == [1, 0]


@pytest.mark.parametrize("order", ["ts", "ts-desc"])
def test_pages_are_exact_with_equal_times_and_whatever_comes_meanwhile(http: httpx.Client, order: str) -> None:
    device = f"equal-{order}"
    post(http, device, *[NOW - 5_000, NOW] * 15)
    expected = [*range(0, 30, 2), *range(1, 30, 2)]
    found: list[int] = []
    page = history(http, f"device:{device}", order=order, limit=4)
    while True:
        found += numbers(page)
        if page["next"] is None:
            break
        post(http, device, NOW - 2_500, NOW - 5_000, NOW)
        page = http.get(page["next"]).json()
    assert found == (expected if order == "ts" else expected[::-1])


def test_older_publications_that_are_left_out_are_told(http: httpx.Client) -> None:
    post(http, "long", *(NOW - n for n in range(READ)))
    assert history(http, "device:long", order="ts")["truncated"] is False  # all that is looked at is all there is
    post(http, "long", NOW - DAY_MS)
    page = history(http, "device:long", order="ts", limit=2)
    assert page["truncated"] is True
    assert [one["offset"] for one in page["publications"]] == [READ + 1, READ]


def test_every_topic_of_readings_can_be_shown_so(http: httpx.Client) -> None:
    http.post("/v1/readings", json=[{"device": "kinds", "ts": NOW - n, "values": {"kind": n}} for n in range(3)])
    of_metric = history(http, "metric:kind", order="ts")["publications"]
    assert [one["data"]["kind"] for one in of_metric] == [2, 1, 0]
    times = [one["data"]["ts"] for one in history(http, "readings", order="ts-desc", limit=3)["publications"]]
    assert times == sorted(times, reverse=True)
    assert history(http, "weather:nowhere", order="ts") == {
        "topic": "weather:nowhere",
        "epoch": "",
        "order": "ts",
        "as_of": ".0",
        "publications": [],
        "truncated": False,
        "next": None,
    }


def test_wrong_questions_are_told_what_is_wrong(http: httpx.Client) -> None:
    post(http, "asked", NOW)
    page = history(http, "device:asked", order="ts")
    asked = {"topic": "device:asked", "order": "ts"}
    assert refused(http, 400, topic="feed:news", order="ts") == "order"
    assert refused(http, 400, **asked, since=page["as_of"]) == "since"
    assert refused(http, 400, **asked, until="tomorrow") == "until"
    assert refused(http, 400, **asked, after="1.1") == "after"
    assert refused(http, 400, **asked, after="one", as_of=page["as_of"]) == "after"
    assert refused(http, 400, **asked, as_of="yesterday") == "as_of"
    refused(http, 410, **asked, as_of=page["as_of"].replace(".1", ".2"))
    refused(http, 410, **asked, as_of="AbCdEfGh.1")


def test_whoever_may_not_see_a_topic_may_not_see_it_so_either(tmp_path: Path) -> None:
    with Windsock(tmp_path, anonymous_allow="weather:*") as windsock:
        address = f"{windsock.url}/api/history?order=ts&topic=device:secret"
        assert httpx.get(address, trust_env=False).status_code in (401, 403)
