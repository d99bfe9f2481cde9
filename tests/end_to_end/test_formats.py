"""Every format that has a media type, compressed bodies, and ThingsBoard's path, on the whole system."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import zstandard

from tests.processes import Windsock


@pytest.fixture(scope="module")
def windsock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windsock]:
    with Windsock(tmp_path_factory.mktemp("formats"), decompressed_bytes="1000000", api_key=ADMIN) as running:
        yield running


@pytest.fixture
def http(windsock: Windsock) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=windsock.url, trust_env=False) as client:
        yield client


def post(http: httpx.Client, body: Any, media_type: str, query: str = "", **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {"content-type": media_type} | {name.replace("_", "-"): value for name, value in headers.items()}
    return http.post("/v1/readings" + query, content=content, headers=named)


def history(http: httpx.Client, device: str) -> list[dict[str, Any]]:
    answer = http.get("/api/history", params={"topic": f"device:{device}", "order": "asc"})
    assert answer.status_code == 200, answer.text
    return [publication["data"] for publication in answer.json()["publications"]]


def reading(device: str) -> bytes:
    return json.dumps({"device": device, "values": {"t": 1}}).encode()


ADMIN = "the key of who administers"
SENML = "application/senml+json"


def test_senml(http: httpx.Client) -> None:
    pack = [{"bn": "senml/", "n": "temp", "u": "Cel", "v": 21.4}, {"n": "open", "vb": False}]
    answer = post(http, pack, SENML)
    assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
    (stored,) = history(http, "senml")
    assert (stored["values"], stored["units"]) == ({"temp": 21.4, "open": False}, {"temp": "Cel"})


def test_a_wrong_record_is_named_and_may_be_skipped(http: httpx.Client) -> None:
    pack = [{"bn": "skipped/", "n": "temp", "v": 21.4}, {"n": "open", "vb": 1}]
    problem = post(http, pack, SENML).json()
    assert (problem["status"], problem["index"], problem["field"]) == (422, 1, "vb")
    assert history(http, "skipped") == []
    body = post(http, pack, SENML, "?on_error=skip").json()
    assert (body["accepted"], [fault["index"] for fault in body["rejected"]]) == (1, [1])


def test_cloudevents_in_each_mode_and_once_each(http: httpx.Client) -> None:
    attributes = {"specversion": "1.0", "id": "1", "source": "/house/events", "type": "t"}
    event = attributes | {"data": {"t": 1}}
    headers = {f"ce_{name}": value for name, value in (attributes | {"id": "3"}).items()}
    for _ in range(2):
        assert post(http, event, "application/cloudevents+json; charset=utf-8").status_code == 202
        assert post(http, [event, event | {"id": "2"}], "application/cloudevents-batch+json").status_code == 202
        answer = post(http, {"t": 3}, "application/json", **headers)
        assert answer.status_code == 202
    assert answer.json()["duplicates"] == 1
    assert [data["id"] for data in history(http, "events")] == [f"/house/events|{number}" for number in (1, 2, 3)]


def bomb(_body: bytes) -> bytes:
    return gzip.compress(bytes(100_000_000), 1)[:900_000]


def zstd(body: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(body)


@pytest.mark.parametrize(("coding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("zstd", zstd)])
def test_a_body_may_come_compressed(http: httpx.Client, coding: str, compress: Callable[[bytes], bytes]) -> None:
    assert post(http, compress(reading(coding)), "application/json", content_encoding=coding).status_code == 202
    assert len(history(http, coding)) == 1


@pytest.mark.parametrize(
    ("coding", "compress", "status"),
    [
        ("gzip", bomb, 413),
        ("zstd", lambda _body: zstd(bytes(500_000_000)), 413),
        ("gzip", lambda body: gzip.compress(body)[:-3], 400),
        ("gzip", bytes, 400),
        ("br", bytes, 415),
    ],
    ids=["gzip bomb", "zstd bomb", "cut off", "not compressed", "brotli"],
)
def test_compressed_bodies_that_are_refused(
    http: httpx.Client, coding: str, compress: Callable[[bytes], bytes], status: int
) -> None:
    answer = post(http, compress(reading("a")), "application/json", content_encoding=coding)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_a_device_of_thingsboard(windsock: Windsock, http: httpx.Client) -> None:
    curl = shutil.which("curl")
    assert curl is not None
    url = f"{windsock.url}/api/v1/board-7/telemetry"
    command = [curl, "-sS", "-w", "%{http_code}", "-X", "POST", url, "-H", "Content-Type:application/json", "--data"]
    for body in ('{"temperature": 25}', '[{"ts":1451649600512,"values":{"key1":"value1"}}]'):
        assert subprocess.run([*command, body], capture_output=True, check=True, timeout=30).stdout == b"200"
    assert [data["values"] for data in history(http, "board-7")] == [{"temperature": 25}, {"key1": "value1"}]


@pytest.mark.parametrize(
    ("token", "content", "headers", "status"),
    [
        ("board-8", b"{", {}, 400),
        ("board-8", b'{"a":null}', {}, 400),
        ("not%20a%20name", b'{"a":1}', {}, 400),
        ("board-8", b'{"a":1}', {"content-type": "text/plain", "origin": "https://evil.example"}, 415),
        ("board-8", gzip.compress(b'{"a":1}', mtime=0), {"content-encoding": "gzip"}, 200),
    ],
    ids=["no JSON", "no value", "no device", "a page", "compressed"],
)
def test_what_thingsboards_devices_are_answered(
    http: httpx.Client, token: str, content: bytes, headers: dict[str, str], status: int
) -> None:
    answer = http.post(f"/api/v1/{token}/telemetry", content=content, headers=headers)
    assert answer.status_code == status
    if status == 200:
        assert answer.content == b""
    else:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == status


def test_a_token_of_thingsboards_that_is_a_key_is_the_device_of_the_key_and_never_a_name(
    http: httpx.Client,
) -> None:
    def key(*devices: str) -> str:
        wish = {"name": "board", "devices": devices or ["*"]}
        return str(http.post("/v1/keys", json=wish, headers={"X-API-Key": ADMIN}).json()["key"])

    def status(token: str) -> int:
        answer = http.post(f"/api/v1/{token}/telemetry", json={"a": 1})
        assert token not in answer.text
        return answer.status_code

    of_one = key("board-9")
    others = [key(), key("board-*"), key("board-9", "board-10"), f"{of_one[:-1]}~", "wsk_no"]
    assert status(of_one) == 200
    assert [status(token) for token in others] == [403, 403, 403, 401, 401]
    assert [data["values"] for data in history(http, "board-9")] == [{"a": 1}]
    devices = http.get("/api/devices").text
    assert "board-9" in devices
    assert not [token for token in (of_one, *others) if token in devices]


def test_an_answer_to_a_command_may_come_compressed(http: httpx.Client) -> None:
    path = "/v1/devices/d/commands/0b7c6d5e-0000-4000-8000-000000000000"
    body = gzip.compress(b'{"status":"done"}')
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    assert http.post(path, content=body, headers=headers).status_code == 404
    assert http.post(path, content=body[:-1], headers=headers).status_code == 400
