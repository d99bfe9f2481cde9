"""Snapshots: what the result of a subscribe shows of the past, and that nothing lies between it and what is live."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from centrifuge import Client, Filter
from websockets.sync.client import connect

from tests.processes import Windsock
from tests.sdk import Recorder, connected, packed, unpacked
from tests.waiting import until

pytestmark = [
    pytest.mark.usefixtures("forgiving_the_sdk"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

HELLO = '{"id":1,"connect":{}}'


@pytest.fixture(params=["JSON", "Protobuf"])
def protobuf(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "Protobuf")


@pytest.fixture(scope="module")
def windsock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windsock]:
    with Windsock(tmp_path_factory.mktemp("snapshots"), history_page="50", redis_fsync="everysec") as running:
        yield running


def post(windsock: Windsock, *readings: dict[str, Any]) -> list[str]:
    answer = httpx.post(f"{windsock.url}/v1/readings", json=list(readings), trust_env=False)
    assert answer.status_code == 202, answer.text
    return list(answer.json()["positions"])


def numbered(device: str, metric: str, first: int, last: int) -> list[dict[str, Any]]:
    return [{"device": device, "values": {metric: n}} for n in range(first, last + 1)]


def asked(windsock: Windsock, channel: str, data: Any, **request: Any) -> Any:
    """The answer to a subscribe."""
    with connect(f"{windsock.ws}/connection/websocket", proxy=None, max_size=600_000) as raw:
        raw.send(f"{HELLO}\n{json.dumps({'id': 2, 'subscribe': {'channel': channel, 'data': data} | request})}")
        while True:
            for line in str(raw.recv(timeout=10)).split("\n"):
                answer = json.loads(line)
                if answer.get("id") == 2:
                    return answer


def snapshot(windsock: Windsock, channel: str, data: Any, **request: Any) -> Any:
    return asked(windsock, channel, data, **request)["subscribe"]["data"]


def test_the_result_shows_the_window_and_the_latest_values(windsock: Windsock) -> None:
    now = int(asked(windsock, "device:none", {"window": "1h"})["subscribe"]["data"]["window"]["to"])
    post(
        windsock,
        {"device": "w", "ts": now - 7_200_000, "values": {"t": 1}},
        {"device": "w", "ts": now - 2_000, "values": {"t": 3.5, "on": True, "said": "x"}, "units": {"t": "Cel"}},
        {"device": "w", "ts": now - 3_000, "values": {"t": 2}},
    )
    data = snapshot(windsock, "device:w", {"window": "1h"})
    assert data["delivery"] == "every"
    assert data["window"]["series"] == [
        {"device": "w", "metric": "on", "points": [[now - 2_000, 1]]},
        {"device": "w", "metric": "t", "unit": "Cel", "points": [[now - 3_000, 2], [now - 2_000, 3.5]]},
    ]
    assert data["window"]["to"] - data["window"]["from"] == 3_600_000
    assert data["window"]["truncated"] is False
    assert data["latest"]["latest"]["t"] == {"value": 3.5, "ts": now - 2_000, "unit": "Cel"}
    assert data["latest"]["latest"]["said"]["value"] == "x"


def test_a_topic_of_many_shows_the_latest_of_each_also_from_before_the_window(windsock: Windsock) -> None:
    now = int(snapshot(windsock, "device:none", {"window": "1h"})["window"]["to"])
    post(
        windsock,
        {"device": "m1", "ts": now - 5_000_000, "values": {"many": 1}},
        {"device": "m2", "ts": now - 1_000, "values": {"many": 2}},
    )
    data = snapshot(windsock, "metric:many", {"window": "1h", "points": 10})
    assert [one["device"] for one in data["window"]["series"]] == ["m2"]
    assert [(row["device"], row["many"]) for row in data["latest"]] == [("m1", 1), ("m2", 2)]
    rows = {row["device"]: row["latest"] for row in snapshot(windsock, "readings", {"window": "1h"})["latest"]}
    assert (rows["m1"]["many"]["value"], rows["m2"]["many"]["value"]) == (1, 2)


async def test_a_filtered_snapshot_shows_what_passes(windsock: Windsock, protobuf: bool) -> None:
    device = f"hall-{protobuf}"
    await asyncio.to_thread(post, windsock, *numbered(device, "n", 0, 9), *numbered("roof", "n", 0, 9))
    async with connected(windsock.ws, protobuf=protobuf) as client:
        some = Filter.all(Filter.eq("device", device), Filter.gte("n", "7"))
        recorder, data = await subscribed(client, "readings", {"window": "1h"}, protobuf=protobuf, tags_filter=some)
        assert [[value for _, value in one["points"]] for one in data["window"]["series"]] == [[7, 8, 9]]
        assert [row["device"] for row in data["latest"]] == [device]
        await asyncio.to_thread(post, windsock, *numbered(device, "n", 6, 10))
        await until(lambda: recorder.numbers == [7, 8, 9, 10], "it does not go on")


async def subscribed(
    client: Client, channel: str, data: Any, *, protobuf: bool, **options: Any
) -> tuple[Recorder, Any]:
    recorder = Recorder()
    subscription = client.new_subscription(channel, events=recorder, data=packed(data, protobuf=protobuf), **options)
    await subscription.subscribe()
    await until(lambda: bool(recorder.subscribed), "not subscribed")
    return recorder, unpacked(recorder.subscribed[0].data)


async def more_than(recorder: Recorder, count: int) -> None:
    await until(lambda: len(recorder.publications) > count, "nothing comes")


@contextlib.asynccontextmanager
async def posting(windsock: Windsock, device: str) -> AsyncIterator[None]:
    """Readings 0, 1, 2 … of a device, all the time."""
    ended = False

    async def post_on() -> None:
        async with httpx.AsyncClient(trust_env=False) as http:
            n = 0
            while not ended:
                many = 1 + n % 3
                readings = numbered(device, device, n, n + many - 1)
                answer = await http.post(f"{windsock.url}/v1/readings", json=readings)
                assert answer.status_code == 202
                n += many

    posts = asyncio.create_task(post_on())
    try:
        yield
    finally:
        ended = True
        await posts


@pytest.mark.parametrize("kind", ["device:", "metric:", "readings"])
async def test_a_snapshot_and_what_is_live_are_everything_once(windsock: Windsock, protobuf: bool, kind: str) -> None:
    device = f"{kind.strip(':')}-{protobuf}"
    channel = kind + device if kind.endswith(":") else kind
    async with posting(windsock, device), connected(windsock.ws, protobuf=protobuf) as client:
        for attempt in range(15):
            asking = {"window": "1h", "points": 5_000}
            recorder, data = await subscribed(client, channel, asking, protobuf=protobuf)
            await more_than(recorder, attempt + 3)
            subscription = client.get_subscription(channel)
            await subscription.unsubscribe()
            client.remove_subscription(subscription)
            shown = [value for one in data["window"]["series"] if one["metric"] == device for _, value in one["points"]]
            # One that is shared may be as old as the test before, whose readings follow it then.
            own = [one for one in recorder.publications if one["device"] == device]
            live = [one[device] if kind == "metric:" else one["values"][device] for one in own]
            assert shown == list(range(len(shown)))
            assert live == list(range(len(shown), len(shown) + len(live)))
            assert data["window"]["truncated"] is False
            if kind == "device:":
                assert data["latest"]["latest"].get(device, {}).get("value", -1) == len(shown) - 1


def test_what_is_recovered_needs_no_snapshot(windsock: Windsock) -> None:
    epoch = post(windsock, *numbered("rec", "n", 0, 9))[0].split(".")[0]
    recover = {"recover": True, "epoch": epoch, "offset": 4}
    result = asked(windsock, "device:rec", {"window": "1h"}, **recover)["subscribe"]
    assert (result["recovered"], result["data"]) == (True, {"delivery": "every", "top": 10})
    result = asked(windsock, "device:rec", {"window": "1h"}, **(recover | {"epoch": "wrongone"}))["subscribe"]
    assert (result.get("recovered", False), result["offset"]) == (False, 10)
    assert len(result["data"]["window"]["series"][0]["points"]) == 10


def test_feeds_have_no_windows(windsock: Windsock) -> None:
    error = asked(windsock, "feed:x", {"window": "1h"})["error"]
    assert error["code"] == 107
    assert "window" in error["message"]


def test_long_series_are_thinned_out(windsock: Windsock) -> None:
    post(windsock, *numbered("long", "n", 0, 999))
    points = snapshot(windsock, "device:long", {"window": "1h", "points": 20})["window"]["series"][0]["points"]
    assert len(points) == 20
    assert (points[0][1], points[-1][1]) == (0, 999)


def test_more_than_may_be_read_or_said_is_left_out_and_that_is_told(tmp_path: Path) -> None:
    with Windsock(tmp_path, snapshot_publications="30", history_page="7") as windsock:
        post(windsock, *numbered("x", "n", 0, 9))
        assert snapshot(windsock, "device:x", {"window": "1h"})["window"]["truncated"] is False
        for n in range(10, 50, 10):
            post(windsock, *numbered("x", "n", n, n + 9))
        window = snapshot(windsock, "device:x", {"window": "2h"})["window"]
        assert window["truncated"] is True
        assert [value for _, value in window["series"][0]["points"]] == list(range(20, 50))
        assert window["from"] > window["to"] - 60_000
        wide = {f"metric-{n}-{'x' * 40}": n / 3 for n in range(60)}
        for n in range(10):
            post(windsock, *({"device": f"wide-{n}-{k}", "values": wide} for k in range(3)))
        answer = asked(windsock, "readings", {"window": "1h"})
        assert len(json.dumps(answer)) < 524_288
        assert answer["subscribe"]["data"]["window"]["truncated"] is True
