"""Delivery modes: what a subscriber that does not want everything gets, and what it is told of the rest."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from centrifuge import Client, Filter
from websockets.sync.client import connect

from tests.processes import Windsock
from tests.raw_socket import TEXT, frame, message, upgraded
from tests.sdk import Recorder, connected, packed
from tests.waiting import until, wait_until

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
    with Windsock(tmp_path_factory.mktemp("delivery"), recovery_publications="10") as running:
        yield running


def post(windsock: Windsock, *readings: dict[str, Any]) -> None:
    answer = httpx.post(f"{windsock.url}/v1/readings", json=list(readings), trust_env=False)
    assert answer.status_code == 202, answer.text


def numbered(device: str, first: int, last: int, **members: Any) -> list[dict[str, Any]]:
    return [{"device": device, "values": {"n": n}} | members for n in range(first, last + 1)]


FILLING = {f"filling-{n}": "x" * 250 for n in range(30)}
"""Tags that make a reading as long as the kernel's buffers are deep."""


async def subscribe(client: Client, channel: str, data: Any, *, protobuf: bool, **options: Any) -> Recorder:
    recorder = Recorder()
    subscription = client.new_subscription(channel, events=recorder, data=packed(data, protobuf=protobuf), **options)
    await subscription.subscribe()
    await until(lambda: bool(recorder.subscribed or recorder.unsubscribed), "no answer")
    return recorder


def confirmed(recorder: Recorder, *, protobuf: bool) -> Any:
    data = recorder.subscribed[0].data
    return json.loads(data) if protobuf else data


async def test_a_client_that_keeps_up_gets_every_publication_as_latest(windsock: Windsock, protobuf: bool) -> None:
    device = f"keen-{protobuf}"
    async with connected(windsock.ws, protobuf=protobuf) as client:
        recorder = await subscribe(client, f"device:{device}", {"delivery": "latest"}, protobuf=protobuf)
        assert confirmed(recorder, protobuf=protobuf) == {"delivery": "latest"}
        for n in range(20):
            await asyncio.to_thread(post, windsock, *numbered(device, n, n))
        await until(lambda: len(recorder.publications) == 20, "a publication does not arrive")
        assert recorder.numbers == list(range(20))
        assert recorder.conflated == 0


async def test_a_sample_has_the_newest_of_each_device_and_counts_the_others(windsock: Windsock, protobuf: bool) -> None:
    devices = [f"s{n}-{protobuf}" for n in range(3)]
    hall = Filter.starts_with("device", "s")
    async with connected(windsock.ws, protobuf=protobuf) as client:
        asked = {"delivery": "sample", "rate": 4}
        recorder = await subscribe(client, "readings", asked, protobuf=protobuf, tags_filter=hall)
        assert confirmed(recorder, protobuf=protobuf) == asked
        for n in range(0, 50, 10):
            readings = [one for device in devices for one in numbered(device, n, n + 9)]
            await asyncio.to_thread(post, windsock, *readings, *numbered("other", n, n))

        def complete() -> bool:
            return len(recorder.publications) + recorder.conflated == 150

        await until(complete, "publications are neither received nor counted")
        assert recorder.conflated > 0
        assert recorder.offsets == sorted(set(recorder.offsets))
        newest = {one["device"]: one["values"]["n"] for one in recorder.publications}
        assert newest == dict.fromkeys(devices, 49)


async def test_what_was_missed_is_conflated_in_the_reply_and_after_it(windsock: Windsock, protobuf: bool) -> None:
    feed = f"feed:missed-{protobuf}"
    async with connected(windsock.ws, protobuf=protobuf) as client:
        subscription = client.new_subscription(feed)
        await subscription.subscribe()
        for n in range(30):
            data = {"device": "ab"[n % 2], "n": n} if n % 3 else n
            await client.publish(feed, packed(data, protobuf=protobuf))
        await subscription.unsubscribe()
        client.remove_subscription(subscription)
    with connect(f"{windsock.ws}/connection/websocket", proxy=None) as raw:
        request = {"channel": feed, "recover": True, "offset": 0, "data": {"delivery": "latest"}}
        raw.send(f"{HELLO}\n{json.dumps({'id': 2, 'subscribe': request})}")
        found: list[Any] = []
        while not found or found[-1]["offset"] < 30:
            for line in str(raw.recv(timeout=10)).split("\n"):
                answer = json.loads(line)
                found += answer.get("subscribe", {}).get("publications", [])
                found += [answer["push"]["pub"]] if "push" in answer else []
    assert [one["offset"] for one in found] == [8, 9, 10, 28, 29, 30]
    assert [one["data"] for one in found[3:]] == [27, {"device": "a", "n": 28}, {"device": "b", "n": 29}]
    assert len(found) + sum(int(one["tags"]["conflated"]) for one in found) == 30


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ({"delivry": "latest"}, "delivry"),
        ({"delivery": "newest"}, "delivery"),
        ({"delivery": "latest", "rate": 2}, "rate"),
        ({"delivery": "sample", "rate": 1000}, "rate"),
        ("latest", "object"),
    ],
)
def test_a_slip_is_refused_by_name(windsock: Windsock, data: Any, named: str) -> None:
    with connect(f"{windsock.ws}/connection/websocket", proxy=None) as raw:
        request = {"channel": "readings", "data": data}
        raw.send(f"{HELLO}\n{json.dumps({'id': 2, 'subscribe': request})}")
        lines = "\n".join(str(raw.recv(timeout=10)) for _ in range(1)).split("\n")
        while len(lines) < 2:
            lines += str(raw.recv(timeout=10)).split("\n")
        error = json.loads(lines[1])["error"]
        assert error["code"] == 107
        assert named in error["message"]


def test_a_client_that_never_reads_stays_and_gets_the_newest_once_it_does(tmp_path: Path) -> None:
    with Windsock(tmp_path, outbox_bytes="65536", ping_s="3600") as windsock:
        lazy = upgraded(windsock.url, "/connection/websocket")
        with lazy:
            lazy.sendall(frame(TEXT, HELLO.encode()))
            subscribe = '{"id":2,"subscribe":{"channel":"readings","data":{"delivery":"latest"}}}'
            lazy.sendall(frame(TEXT, subscribe.encode()))
            assert b'"delivery":"latest"' in _answer(lazy)
            posted = 0

            def conflated_much() -> bool:
                nonlocal posted
                post(windsock, *(one for name in "abcde" for one in numbered(name, posted, posted + 9, tags=FILLING)))
                posted += 10
                return windsock.metrics()["windsock_publications_conflated_total"] > 300

            wait_until(conflated_much, "nothing is conflated")
            books = windsock.metrics()
            assert books["windsock_slow_clients_total"] == 0
            assert books["windsock_connections"] == 1
            found: list[Any] = []
            while not found or found[-1]["offset"] < posted * 5:
                found += [json.loads(line)["push"]["pub"] for line in message(lazy).split(b"\n")]
            assert [one["offset"] for one in found] == sorted({one["offset"] for one in found})
            assert len(found) + sum(int(one.get("tags", {}).get("conflated", 0)) for one in found) == posted * 5
            newest = {one["data"]["device"]: one["data"]["values"]["n"] for one in found}
            assert newest == dict.fromkeys("abcde", posted - 1)
            books = windsock.metrics()
        assert books["windsock_publications_matched_total"] == posted * 5
        assert books["windsock_publications_sent_total"] == len(found)
        assert books["windsock_publications_conflated_total"] == posted * 5 - len(found)


def _answer(raw: socket.socket) -> bytes:
    """The answer to the second command."""
    while b'"id":2' not in (answer := message(raw)):
        pass
    return answer


def test_a_client_that_never_reads_is_slow_once_more_devices_wait_than_there_is_room(tmp_path: Path) -> None:
    with Windsock(tmp_path, outbox_bytes="65536", ping_s="3600") as windsock:
        with upgraded(windsock.url, "/connection/websocket") as lazy:
            lazy.sendall(frame(TEXT, HELLO.encode()))
            lazy.sendall(
                frame(TEXT, b'{"id":2,"subscribe":{"channel":"readings","data":{"delivery":"sample","rate":50}}}')
            )
            _answer(lazy)
            posted = 0

            def slow() -> bool:
                nonlocal posted
                post(windsock, *(numbered(f"d-{posted + n}", 0, 0, tags=FILLING)[0] for n in range(50)))
                posted += 50
                return windsock.metrics()["windsock_slow_clients_total"] == 1

            wait_until(slow, "the client that never reads is not noticed")

        def gone() -> bool:
            return windsock.metrics()["windsock_connections"] == 0

        wait_until(gone, "its seat does not come back")
        books = windsock.metrics()
        matched, sent, conflated, refused = (
            books[f"windsock_publications_{what}_total"] for what in ("matched", "sent", "conflated", "refused")
        )
        assert matched == sent + conflated + refused
        assert refused > 0
