"""Answers get lost after Redis has stored: what is sent again is stored once, and answered as it would have been."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis

from tests.processes import Windsock
from tests.redis_server import RedisServer
from tests.swallowing_proxy import SwallowingProxy
from tests.waiting import wait_until

READINGS = [{"device": "x", "values": {"t": 1.5}}, {"device": "x", "values": {"t": 2.5}}]
STREAM = "windsock:{device:x}:state"


@pytest.fixture
def proxy(redis_server: RedisServer) -> Iterator[SwallowingProxy]:
    with SwallowingProxy(redis_server.port).running() as one:
        yield one


@pytest.fixture
def ingest(tmp_path: Path, proxy: SwallowingProxy) -> Iterator[Windsock]:
    with Windsock(tmp_path, "ingest", redis_url=proxy.url) as one:
        yield one


def stored(server: RedisServer) -> int:
    with redis.Redis.from_url(server.url) as client:
        found: Any = client.hget(STREAM, "offset")
        return int(found or 0)


def post(ingest: Windsock, path: str = "/v1/readings", **options: Any) -> httpx.Response:
    return httpx.post(ingest.url + path, timeout=20, trust_env=False, **options)


def test_an_append_whose_answer_is_lost_is_not_sent_again_by_itself(
    ingest: Windsock, proxy: SwallowingProxy, redis_server: RedisServer
) -> None:
    assert post(ingest, json=READINGS[:1]).status_code == 202  # Redis has the script now
    proxy.word = b"EVALSHA"
    assert post(ingest, json=READINGS).status_code == 503
    assert proxy.swallowed == 1
    assert stored(redis_server) == 3


@pytest.mark.parametrize(
    ("path", "options", "status"),
    [
        ("/v1/readings", {"json": READINGS}, 202),
        ("/v1/readings?on_error=skip", {"json": [*READINGS, {"device": "x"}]}, 202),
        ("/api/v2/write", {"content": b"t,device=x value=1.5\nt,device=x value=2.5"}, 204),
        ("/api/v1/x/telemetry", {"json": [{"t": 1.5}, {"t": 2.5}]}, 200),
    ],
)
def test_the_same_request_again_is_stored_once_and_told_the_same(
    ingest: Windsock,
    proxy: SwallowingProxy,
    redis_server: RedisServer,
    path: str,
    options: dict[str, Any],
    status: int,
) -> None:
    headers = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
    proxy.word = b"EVALSHA"
    lost = post(ingest, path, headers=headers, **options)
    assert lost.status_code == 503
    assert int(lost.headers["retry-after"]) > 0
    proxy.word = b""
    first, again = (post(ingest, path, headers=headers, **options) for _ in range(2))
    assert first.status_code == status
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert stored(redis_server) == 2
    if status == 202:
        assert first.json()["duplicates"] == 0
        assert [one.partition(".")[2] for one in first.json()["positions"] if one] == ["1", "2"]


def test_ingest_is_killed_between_storing_and_answering(
    ingest: Windsock, proxy: SwallowingProxy, redis_server: RedisServer
) -> None:
    headers = {"Idempotency-Key": "k"}
    first = post(ingest, json=READINGS[:1], headers={"Idempotency-Key": "before"})
    redis_server.send(signal.SIGSTOP)
    with pytest.raises(httpx.TransportError):
        httpx.post(ingest.url + "/v1/readings", json=READINGS, headers=headers, timeout=1, trust_env=False)
    ingest.stop(signal.SIGKILL)
    redis_server.send(signal.SIGCONT)
    wait_until(lambda: stored(redis_server) == 3, "what was sent is not stored")
    ingest.start()
    again = post(ingest, json=READINGS, headers=headers)
    assert again.json()["positions"] == [f"{first.json()['positions'][0].partition('.')[0]}.{at}" for at in (2, 3)]
    assert stored(redis_server) == 3


def test_another_request_under_the_same_key_is_refused(ingest: Windsock, redis_server: RedisServer) -> None:
    headers = {"Idempotency-Key": '"k"'}
    assert post(ingest, json=READINGS, headers=headers).status_code == 202
    other = post(ingest, json=READINGS[:1], headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert post(ingest, json=READINGS, headers={"Idempotency-Key": "ä".encode()}).status_code == 400
    assert stored(redis_server) == 2


@pytest.mark.parametrize(
    ("path", "first", "other"),
    [
        ("/write", b"m,host=a t=1", b"m,host=a t=2"),
        ("/api/v2/write", b"m,host=a t=1", b"m,host=a t=2"),
        ("/api/v1/a/telemetry", b'{"t":1}', b'{"t":2}'),
    ],
)
def test_another_request_under_the_same_key_is_422_in_every_format(
    ingest: Windsock, path: str, first: bytes, other: bytes
) -> None:
    headers = {"Idempotency-Key": "k"}
    assert post(ingest, path, content=first, headers=headers).is_success
    refused = post(ingest, path, content=other, headers=headers)
    assert (refused.status_code, "Idempotency-Key" in refused.text) == (422, True)


@pytest.mark.parametrize(
    ("one", "other", "headers"),
    [
        ("/api/v1/a/telemetry", "/api/v1/b/telemetry", ({}, {})),
        ("/v1/readings", "/v1/readings", ({"ce-subject": "a"}, {"ce-subject": "b"})),
    ],
)
def test_what_names_the_device_outside_the_body_counts(
    ingest: Windsock, one: str, other: str, headers: tuple[dict[str, str], dict[str, str]]
) -> None:
    event = {"ce-specversion": "1.0", "ce-type": "t", "ce-id": "1", "ce-source": "s", "Idempotency-Key": "k"}
    assert post(ingest, one, json={"t": 1}, headers=event | headers[0]).is_success
    refused = post(ingest, other, json={"t": 1}, headers=event | headers[1])
    assert refused.json()["code"] == "idempotency_key_reused"
