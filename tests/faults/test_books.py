"""The books balance: accepted is stored, and what clients were to get is what they got and what they were refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from websockets.sync.client import connect

from tests.processes import Windsock
from tests.raw_socket import upgraded
from tests.waiting import wait_until


@contextmanager
def streaming(windsock: Windsock) -> Iterator[Iterator[str]]:
    """An event stream of the device."""
    with (
        httpx.Client(trust_env=False, timeout=20) as http,
        http.stream("GET", f"{windsock.url}/sse?topic=device:x") as answer,
    ):
        yield (line for line in answer.iter_lines() if line.startswith("data:"))


def test_accepted_is_stored_and_matched_is_sent_and_refused(tmp_path: Path) -> None:
    with Windsock(tmp_path, outbox_bytes="65536", group_topics="false", ping_s="3600") as windsock:
        url = f"{windsock.ws}/ws/device/x/"
        sdk = f"{windsock.ws}/connection/websocket"
        few = {"key": "n", "cmp": "lt", "val": "10"}
        with (
            upgraded(windsock.url, "/ws/device/x/"),
            connect(url, proxy=None) as one,
            connect(url + "?since=.0", proxy=None) as other,
            streaming(windsock) as events,
            connect(sdk, proxy=None) as filtered,
            connect(sdk, proxy=None, max_queue=None) as sampled,
        ):
            sampled.send('{"id":1,"connect":{}}')
            sampled.recv(timeout=10)
            sample = {"delivery": "sample", "rate": 2}
            sampled.send(json.dumps({"id": 2, "subscribe": {"channel": "device:x", "data": sample}}))
            sampled.recv(timeout=10)
            filtered.send('{"id":1,"connect":{}}')
            filtered.recv(timeout=10)
            filtered.send(json.dumps({"id": 2, "subscribe": {"channel": "feed:x", "tf": few}}))
            filtered.recv(timeout=10)
            accepted = published = 0

            def slow() -> bool:
                nonlocal accepted, published
                readings = [{"device": "x", "values": {"n": n, "filling": "x" * 250}} for n in range(100)]
                answer = httpx.post(f"{windsock.url}/v1/readings", json=readings, trust_env=False)
                accepted += answer.json()["accepted"]
                for client in (one, other):
                    assert [json.loads(client.recv(timeout=10))["values"]["n"] for _ in readings] == list(range(100))
                for _ in readings:
                    next(events)
                with connect(f"{windsock.ws}/ws/feed/x/", proxy=None) as feed:
                    for n in range(20):
                        feed.send(json.dumps({"n": n}))
                        assert json.loads(feed.recv(timeout=10)) == {"n": n}
                published += 20
                with connect(url + f"?since={answer.json()['positions'][49]}", proxy=None) as late:
                    for _ in range(50):
                        late.recv(timeout=10)
                return windsock.metrics()["windsock_slow_clients_total"] == 1

            wait_until(slow, "the client that never reads is not noticed")
            slow()
            left_out, last = 0, 0
            while last < accepted:
                for line in str(sampled.recv(timeout=10)).split("\n"):
                    pub = json.loads(line)["push"]["pub"]
                    left_out, last = left_out + int(pub.get("tags", {}).get("conflated", 0)), pub["offset"]
            books = windsock.metrics()
        stored = httpx.get(f"{windsock.url}/api/devices/x", trust_env=False).json()["position"]
        assert accepted == int(stored.split(".")[1])
        assert accepted + published == books["windsock_appended_total"]
        assert books['windsock_ingest_readings_total{format="json",result="stored"}'] == accepted
        matched, sent, conflated, refused, filtered_out = (
            books[f"windsock_publications_{what}_total"]
            for what in ("matched", "sent", "conflated", "refused", "filtered")
        )
        assert refused > 0
        assert matched == sent + conflated + refused
        assert conflated == left_out > 0
        assert filtered_out == published / 2
        read = accepted * 3 + accepted / 2 + published * 1.5
        assert sent >= read
