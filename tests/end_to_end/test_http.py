"""Ingest and the read API as an HTTP client sees them, on the whole system."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.processes import Windsock
from tests.redis_server import RedisServer
from tests.waiting import wait_until

DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    limits = {"body_bytes": "4096", "batch_readings": "20", "history_page": "50", "devices_page": "5"}
    with (
        Windsock(tmp_path_factory.mktemp("http"), **limits) as windsock,
        httpx.Client(base_url=windsock.url, trust_env=False) as client,
    ):
        yield client


def post(http: httpx.Client, body: Any, query: str = "", **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {"content-type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return http.post("/v1/readings" + query, content=content, headers=named)


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The problem details of an answer with that status."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert {"type", "title", "detail", "code"} <= body.keys()
    return body


def reading(device: str, **values: Any) -> dict[str, Any]:
    return {"device": device, "values": values}


def history(http: httpx.Client, device: str, **query: Any) -> dict[str, Any]:
    answer = http.get("/api/history", params={"topic": f"device:{device}"} | query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def metric(http: httpx.Client, line: str) -> float:
    found = [text for text in http.get("/metrics").text.splitlines() if text.startswith(line + " ")]
    return float(found[0].split()[-1]) if found else 0.0


def test_one_reading_is_stored_before_it_is_acknowledged(http: httpx.Client) -> None:
    answer = post(http, reading("one", t=21.4))
    assert answer.status_code == 202
    (position,) = answer.json()["positions"]
    (stored,) = history(http, "one")["publications"]
    assert stored["position"] == position
    assert stored["data"]["values"] == {"t": 21.4}
    assert stored["data"]["ts"] == pytest.approx(time.time() * 1000, abs=60_000)


@pytest.mark.parametrize(
    "media_type", ["application/x-ndjson", "application/ndjson; charset=utf-8", "application/jsonl"]
)
def test_lines_are_readings(http: httpx.Client, media_type: str) -> None:
    lines = b'{"device":"lines","values":{"n":1}}\n\r\n{"device":"lines","values":{"n":2}}'
    answer = post(http, lines, content_type=media_type)
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 2


def test_a_batch_with_one_bad_reading_stores_nothing(http: httpx.Client) -> None:
    body = problem(post(http, [reading("none", t=1), reading("none", t=None), reading("none")]), 422)
    assert (body["index"], body["field"]) == (1, "values.t")
    assert [error["index"] for error in body["errors"]] == [1, 2]
    assert history(http, "none")["publications"] == []


def test_on_request_the_good_ones_are_stored_and_the_bad_listed(http: httpx.Client) -> None:
    answer = post(
        http, [reading("some", t=1), {"device": "a b", "values": {"t": 1}}, reading("some", t=3)], "?on_error=skip"
    )
    assert answer.status_code == 202
    body = answer.json()
    assert (body["accepted"], body["positions"][1]) == (2, None)
    assert [(bad["index"], bad["field"]) for bad in body["rejected"]] == [(1, "device")]
    assert len(history(http, "some")["publications"]) == 2


def test_a_broken_line_is_skipped_too(http: httpx.Client) -> None:
    lines = b'{"device":"line","values":{"n":1}}\n{"device":\n{"device":"line","values":{"n":2}}\n'
    assert problem(post(http, lines, content_type="application/x-ndjson"), 422)["index"] == 1
    answer = post(http, lines, "?on_error=skip", content_type="application/x-ndjson")
    assert answer.json()["accepted"] == 2


def test_a_batch_of_nothing_but_bad_readings_is_refused_either_way(http: httpx.Client) -> None:
    problem(post(http, [reading("a b", t=1)], "?on_error=skip"), 422)


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b"", 400, None),
        (b"{", 400, None),
        (b"\xff\xfe", 400, None),
        (b"[" * 3_000, 400, None),
        (b"[]", 422, None),
        (b"7", 422, None),
        (b'"text"', 422, None),
        (b'{"device":"d","values":{"t":NaN}}', 422, "values.t"),
        (b'{"device":"d","values":{"t":Infinity}}', 422, "values.t"),
        (b'{"device":"d","values":{"t":[1]}}', 422, "values.t"),
        (b'{"device":"d","values":{}}', 422, "values"),
        (b'{"device":"d","values":[]}', 422, "values"),
        (b'{"device":"../d","values":{"t":1}}', 422, "device"),
        (b'{"device":"d","values":{"t":1},"extra":1}', 422, "extra"),
        (b'{"device":"d","values":{"t":1},"ts":"soon"}', 422, "ts"),
        (b'{"device":"d","values":{"t":1},"ts":1e300}', 422, "ts"),
    ],
)
def test_bad_input_names_the_field_and_the_reason(
    http: httpx.Client, body: bytes, status: int, field: str | None
) -> None:
    told = problem(post(http, body), status)
    assert told["field"] == field
    assert told["reason"]


def test_a_time_more_than_a_day_ahead_is_absurd(http: httpx.Client) -> None:
    now = int(time.time() * 1000)
    assert problem(post(http, reading("clock", t=1) | {"ts": now + DAY_MS + 60_000}), 422)["field"] == "ts"
    assert post(http, reading("clock", t=1) | {"ts": now + DAY_MS - 60_000}).status_code == 202
    assert post(http, reading("clock", t=1) | {"ts": "2026-01-01T00:00:00+01:00"}).status_code == 202


def test_limits_are_told_and_counted(http: httpx.Client) -> None:
    before = metric(http, 'windsock_refused_total{code="too_large",what="request"}')
    assert "4096" in problem(post(http, b" " * 4_097), 413)["detail"]
    assert "20" in problem(post(http, [reading("a", t=1)] * 21), 413)["detail"]
    assert metric(http, 'windsock_refused_total{code="too_large",what="request"}') == before + 2


def test_a_body_of_unknown_length_is_cut_off_too(http: httpx.Client) -> None:
    answer = http.post("/v1/readings", content=iter([b" " * 3_000] * 4), headers={"content-type": "application/json"})
    problem(answer, 413)


def test_a_body_that_does_not_come_is_given_up(tmp_path: Path) -> None:
    with Windsock(tmp_path, body_s="0.5") as windsock, half_a_request(windsock) as device:
        assert device.recv(1_000).startswith(b"HTTP/1.1 408 ")


def test_a_device_that_leaves_in_the_middle_is_no_error(tmp_path: Path) -> None:
    with Windsock(tmp_path) as windsock, httpx.Client(base_url=windsock.url, trust_env=False) as http:
        half_a_request(windsock).close()
        line = 'windsock_refused_total{code="gone",what="request"}'
        wait_until(lambda: metric(http, line) == 1, "it is not counted")
        with half_a_request(windsock):
            assert windsock.stop(signal.SIGTERM) == 0
        assert "Traceback" not in windsock.log


def half_a_request(windsock: Windsock) -> socket.socket:
    host, port = windsock.url.removeprefix("http://").split(":")
    device = socket.create_connection((host, int(port)), timeout=10)
    device.sendall(b"POST /v1/readings HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    return device


def test_media_types_and_encodings_that_are_not_read_are_refused(http: httpx.Client) -> None:
    assert "text/plain" in problem(post(http, reading("a", t=1), content_type="text/plain"), 415)["detail"]
    assert "br" in problem(post(http, reading("a", t=1), content_encoding="br"), 415)["detail"]


def test_a_page_elsewhere_cannot_post_without_a_media_type(http: httpx.Client) -> None:
    body = json.dumps(reading("a", t=1)).encode()
    assert http.post("/v1/readings", content=body).status_code == 202
    problem(http.post("/v1/readings", content=body, headers={"origin": "https://evil.example"}), 415)


def test_other_methods_paths_and_queries_are_problems_too(http: httpx.Client) -> None:
    problem(http.get("/v1/readings"), 405)
    problem(http.get("/v1/nothing"), 404)
    problem(http.delete("/api/devices"), 405)
    answer = http.delete("/api/history")
    problem(answer, 405)
    assert answer.headers["allow"] == "GET, HEAD, POST"  # of the read API and of the server API
    assert problem(post(http, reading("a", t=1), "?on_error=maybe"), 400)["field"] == "on_error"
    problem(http.get("/static/../../pyproject.toml"), 404)
    problem(http.get("/static/%2e%2e/app.py"), 404)


def test_an_id_makes_a_retry_store_nothing(http: httpx.Client) -> None:
    body = reading("retry", t=1) | {"id": "once"}
    first, again = post(http, body).json(), post(http, [body, body]).json()
    assert again == {"accepted": 2, "duplicates": 2, "positions": first["positions"] * 2}


def test_devices_are_paged_with_their_latest_values(http: httpx.Client) -> None:
    names = [f"page-{n:02d}" for n in range(12)]
    post(http, [reading(name, t=n) | {"units": {"t": "Cel"}, "tags": {"site": "x"}} for n, name in enumerate(names)])
    found: list[dict[str, Any]] = []
    following: str | None = "/api/devices?prefix=page-&limit=5"
    while following:
        page = http.get(following).json()
        assert len(page["devices"]) <= 5
        found += page["devices"]
        following = page["next"]
    assert [device["device"] for device in found] == names
    assert found[3]["latest"]["t"]["value"] == 3
    assert found[3]["latest"]["t"]["unit"] == "Cel"
    assert found[3]["tags"] == {"site": "x"}
    assert found[3]["last_seen"] == pytest.approx(time.time() * 1000, abs=60_000)


def test_one_device_and_one_that_was_never_heard(http: httpx.Client) -> None:
    (position,) = post(http, reading("single", t=1)).json()["positions"]
    body = http.get("/api/devices/single").json()
    assert (body["topic"], body["position"], body["latest"]["t"]["value"]) == ("device:single", position, 1)
    problem(http.get("/api/devices/never"), 404)
    problem(http.get("/api/devices/a%20b"), 400)


def test_history_is_paged_in_both_orders(http: httpx.Client) -> None:
    for start in range(0, 100, 20):
        post(http, [reading("long", n=n) for n in range(start, start + 20)])
    for order, expected in (("asc", list(range(100))), ("desc", list(range(99, -1, -1)))):
        numbers: list[int] = []
        following: str | None = f"/api/history?topic=device:long&order={order}&limit=7"
        while following:
            page = http.get(following).json()
            assert page["missed"] == 0
            numbers += [one["data"]["values"]["n"] for one in page["publications"]]
            following = page["next"]
        assert numbers == expected


def test_history_between_two_positions_or_times(http: httpx.Client) -> None:
    positions = post(http, [reading("between", n=n) for n in range(6)]).json()["positions"]
    time.sleep(0.01)
    post(http, [reading("between", n=n) for n in range(6, 9)])

    def numbers(**query: Any) -> list[int]:
        return [one["data"]["values"]["n"] for one in history(http, "between", **query)["publications"]]

    assert numbers(since=positions[1], until=positions[4], order="asc") == [2, 3]
    assert numbers(since=positions[1], until=positions[4]) == [3, 2]
    assert numbers(since=".0", order="asc", limit=2) == [0, 1]
    stored = history(http, "between", order="asc")["publications"][6]["stored"]
    assert numbers(since=stored, order="asc") == [6, 7, 8]
    assert numbers(until=stored, order="asc") == [0, 1, 2, 3, 4, 5]
    assert numbers(until=0) == []
    assert numbers(since="2020-01-01T00:00:00Z", until="2020-01-02T00:00:00Z") == []


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ({"topic": ""}, 400, "topic"),
        ({"topic": "device:a b"}, 400, "topic"),
        ({"limit": "0"}, 400, "limit"),
        ({"limit": "51"}, 400, "limit"),
        ({"limit": "x"}, 400, "limit"),
        ({"order": "up"}, 400, "order"),
        ({"since": "yesterday"}, 400, "since"),
        ({"since": "2026-01-01T00:00:00"}, 400, "since"),
        ({"until": "E.1.2"}, 400, "until"),
        ({"since": "AbCdEfGh.1"}, 410, None),
    ],
)
def test_wrong_questions_are_told_what_is_wrong(
    http: httpx.Client, query: dict[str, str], status: int, field: str | None
) -> None:
    post(http, reading("asked", t=1))
    body = problem(http.get("/api/history", params={"topic": "device:asked"} | query), status)
    assert body.get("field") == field


def test_history_tells_how_much_is_trimmed(tmp_path: Path) -> None:
    with Windsock(tmp_path, retention_publications="10") as windsock, httpx.Client(base_url=windsock.url) as http:
        positions = post(http, reading("short", n=0)).json()["positions"]
        for n in range(1, 400):
            post(http, reading("short", n=n, filling="x" * 200))
        page = history(http, "short", since=positions[0], order="asc")
        assert page["missed"] == page["publications"][0]["offset"] - 2 > 0


def test_without_redis_a_reading_is_refused_and_may_be_sent_again(tmp_path: Path, redis_server: RedisServer) -> None:
    with (
        Windsock(tmp_path, "ingest", redis_url=redis_server.url, append_timeout_s="1") as windsock,
        httpx.Client(base_url=windsock.url, trust_env=False, timeout=10) as http,
    ):
        body = [reading("a", t=n) | {"id": str(n)} for n in range(3)]
        redis_server.send(signal.SIGSTOP)
        answer = post(http, body)
        assert problem(answer, 503)["code"] == "unavailable"
        assert int(answer.headers["retry-after"]) >= 1
        redis_server.kill()
        assert int(post(http, body).headers["retry-after"]) >= 1
        assert http.get("/healthz").status_code == 200
        redis_server.start()
        assert post(http, body).status_code == 202
        assert [position.split(".")[1] for position in post(http, body).json()["positions"]] == ["1", "2", "3"]


def test_every_service_tells_its_health_and_metrics(http: httpx.Client) -> None:
    assert http.get("/healthz").json() == {"status": "ok"}
    assert http.get("/readyz").json() == {"status": "ready"}
    names = {line.split("{")[0].split(" ")[0] for line in http.get("/metrics").text.splitlines()}
    assert {"windsock_appended_total", "windsock_connections", "windsock_weather_places"} <= names


def test_connections_that_say_nothing_or_half_are_ended(tmp_path: Path) -> None:
    with Windsock(tmp_path, head_s="0.3") as windsock:
        address = ("127.0.0.1", int(windsock.url.rpartition(":")[2]))
        for words in (b"", b"GET /healthz HTTP/1.1\r\nHost:"):
            with socket.create_connection(address, timeout=10) as idle:
                idle.sendall(words)
                assert idle.recv(4096).startswith(b"HTTP/1.1 408 ")
        with httpx.Client(base_url=windsock.url, trust_env=False) as http:
            assert metric(http, 'windsock_refused_total{code="too_slow",what="request"}') == 2


def test_more_connections_than_allowed_are_refused_and_come_in_later(tmp_path: Path) -> None:
    with Windsock(tmp_path, connections="1", device_sockets="1", http_connections="2") as windsock:
        address = ("127.0.0.1", int(windsock.url.rpartition(":")[2]))
        idle = [socket.create_connection(address, timeout=10) for _ in range(4)]

        def refused() -> bool:
            with socket.create_connection(address, timeout=10) as late:
                late.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                return late.recv(4096).startswith(b"HTTP/1.1 503 ")

        wait_until(refused, "nobody is refused")
        for one in idle:
            one.close()
        wait_until(lambda: not refused(), "nobody comes in again")


def test_a_position_that_was_never_reached_is_lost(http: httpx.Client) -> None:
    position = post(http, reading("never", n=1)).json()["positions"][0]
    beyond = position.replace(".1", ".7")
    answer = http.get("/api/history", params={"topic": "device:never", "since": beyond, "order": "asc"})
    assert problem(answer, 410)["code"] == "position_lost"


def test_the_places_with_weather_are_told(tmp_path: Path) -> None:
    with Windsock(tmp_path, places="Oslo=59.91,10.75") as windsock:

        def places() -> list[Any]:
            return list(httpx.get(f"{windsock.url}/api/places", trust_env=False).json()["places"])

        wait_until(lambda: bool(places()), "no place is told")
        assert [(place["name"], place["pinned"]) for place in places()] == [("Oslo", True)]
