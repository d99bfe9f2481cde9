"""Server-Sent Events: by hand over HTTP, and with the browser's own EventSource."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.processes import Windsock
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def windsock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windsock]:
    limits = {"status_s": "0.5", "outbox_bytes": "65536", "channels_per_client": "3", "history_page": "10"}
    with Windsock(tmp_path_factory.mktemp("sse"), **limits) as running:
        yield running


def post(windsock: Windsock, device: str, *numbers: int) -> None:
    readings = [{"device": device, "values": {"n": n}} for n in numbers]
    httpx.post(f"{windsock.url}/v1/readings", json=readings, trust_env=False).raise_for_status()


class Stream:
    """What arrives, event by event, as the standard says a browser reads it."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.last_id = ""
        self.heartbeats = 0

    def next(self) -> tuple[str, Any]:
        """The next event's type and data."""
        kind, data = "message", None
        for line in self._lines:
            name, _, value = line.partition(": ")
            if line.startswith(":"):
                self.heartbeats += 1
            elif name == "id":
                self.last_id = value
            elif name == "event":
                kind = value
            elif name == "data":
                data = json.loads(value)
            elif not line and data is not None:
                return kind, data
        raise AssertionError("the stream ended")

    def opened(self) -> str:
        """The id that the stream opens with."""
        name, _, value = next(self._lines).partition(": ")
        assert name == "id"
        return value

    def numbers(self, count: int) -> list[int]:
        return [self.next()[1]["data"]["values"]["n"] for _ in range(count)]


@contextmanager
def listening(windsock: Windsock, *topics: str, last_id: str = "") -> Iterator[Stream]:
    headers = {"Last-Event-ID": last_id} if last_id else {}
    query = "&".join(f"topic={topic}" for topic in topics)
    with (
        httpx.Client(trust_env=False, timeout=20) as http,
        http.stream("GET", f"{windsock.url}/sse?{query}", headers=headers) as answer,
    ):
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        assert next(lines) == "retry: 1000"
        yield Stream(lines)


def test_what_is_posted_arrives_with_its_topic(windsock: Windsock) -> None:
    with listening(windsock, "device:live", "metric:n") as stream:
        post(windsock, "live", 7)
        events = [stream.next() for _ in range(2)]
    assert {data["topic"] for _, data in events} == {"device:live", "metric:n"}
    assert all(kind == "message" for kind, _ in events)


def test_each_topic_is_resumed_from_its_own_position(windsock: Windsock) -> None:
    with listening(windsock, "device:a", "device:b") as stream:
        post(windsock, "a", 0)
        post(windsock, "b", 100)
        assert stream.numbers(2) == [0, 100]
        last_id = stream.last_id
    post(windsock, "a", *range(1, 30))
    post(windsock, "b", 101)
    with listening(windsock, "device:a", "device:b", last_id=last_id) as stream:
        numbers = stream.numbers(30)
        post(windsock, "a", 30)
        numbers += stream.numbers(1)
    assert [number for number in numbers if number < 100] == list(range(1, 31))
    assert [number for number in numbers if number >= 100] == [101]


def test_a_stream_that_breaks_before_its_first_event_is_resumed(windsock: Windsock) -> None:
    post(windsock, "early", 1)
    with listening(windsock, "device:early") as stream:
        last_id = stream.opened()
    post(windsock, "early", 2)
    with listening(windsock, "device:early", last_id=last_id) as stream:
        assert stream.numbers(1) == [2]


def test_a_position_that_is_gone_is_told(windsock: Windsock) -> None:
    post(windsock, "gone", 1)
    with listening(windsock, "device:gone", last_id="wrongone.5") as stream:
        kind, data = stream.next()
        assert (kind, data["topic"], data["error"]["code"]) == ("lost", "device:gone", "position_lost")
        post(windsock, "gone", 2)
        assert stream.numbers(1) == [2]


def test_silence_is_broken_by_heartbeats(windsock: Windsock) -> None:
    with listening(windsock, "device:quiet") as stream:
        later = threading.Timer(1.2, post, (windsock, "quiet", 1))
        later.start()
        assert stream.numbers(1) == [1]
        later.join()
        assert stream.heartbeats >= 1


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("topic=nonsense", 400),
        ("topic=command:a", 400),
        ("topic=device:a&last_event_id=x", 400),
        ("topic=device:a&last_event_id=E.1,E.2", 400),
        ("topic=device:1&topic=device:2&topic=device:3&topic=device:4", 413),
    ],
)
def test_wrong_questions_are_problems(windsock: Windsock, query: str, status: int) -> None:
    answer = httpx.get(f"{windsock.url}/sse?{query}", trust_env=False)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_client_that_never_reads_is_ended_and_gives_its_seat_back(windsock: Windsock) -> None:
    host, port = windsock.url.removeprefix("http://").split(":")
    with socket.socket() as lazy, listening(windsock, "device:loud") as other:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.connect((host, int(port)))
        lazy.sendall(b"GET /sse?topic=device:loud HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b" 200 " in lazy.recv(100)
        sent = 0

        def slow() -> bool:
            nonlocal sent
            readings = [{"device": "loud", "values": {"n": sent, "filling": "x" * 250}} for _ in range(200)]
            httpx.post(f"{windsock.url}/v1/readings", json=readings, trust_env=False).raise_for_status()
            assert other.numbers(200) == [sent] * 200
            sent += 1
            return windsock.metrics()["windsock_slow_clients_total"] == 1

        wait_until(slow, "the client that never reads is not ended", within_s=120)
        wait_until(lambda: windsock.metrics()["windsock_connections"] == 1, "its seat does not come back")
    assert "Traceback" not in windsock.log


def test_a_stopping_gateway_ends_its_streams(tmp_path: Path) -> None:
    with Windsock(tmp_path) as windsock, listening(windsock, "device:a") as stream:
        assert windsock.stop() == 0
        # By the end of the response, not by a broken connection.
        with pytest.raises(AssertionError, match="the stream ended"):
            stream.next()
        assert "Traceback" not in windsock.log
