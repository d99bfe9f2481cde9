"""Readings that a key or a limit of names does not let in, beside good ones, on every way in."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException
from websockets.sync.client import connect

from tests.processes import Windsock

JSON = "application/json"
ADMIN = "the key of who administers"


@pytest.fixture(scope="module")
def windsock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windsock]:
    folder = tmp_path_factory.mktemp("left-out")
    with Windsock(folder, auth="required", api_key=ADMIN, sender_metrics="2", log_level="debug") as running:
        yield running
        assert "Traceback" not in running.log


@pytest.fixture(scope="module")
def http(windsock: Windsock) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=windsock.url, trust_env=False, timeout=30) as client:
        yield client


class Key:
    """A new key for two of the devices whose names begin with its own, and two metrics that nobody else brings."""

    def __init__(self, http: httpx.Client, *devices: str, most: int = 2) -> None:
        self.name = f"k{uuid.uuid4().hex[:8]}"
        patterns = [f"{self.name}{one}" for one in devices or ("*",)]
        body = {"name": "test", "devices": patterns, "devices_max": most}
        self.text = http.post("/v1/keys", json=body, headers={"X-API-Key": ADMIN}).raise_for_status().json()["key"]
        self.headers = {"Authorization": f"Bearer {self.text}"}

    def reading(self, device: str, metric: str, value: int) -> dict[str, Any]:
        named = device if device == "foreign" else self.name + device
        return {"device": named, "values": {f"{self.name}.{metric}": value}}

    def readings(self) -> list[dict[str, Any]]:
        """Numbers 1, 3 and 6 are good."""
        given = [("foreign", "a"), ("x", "a"), ("foreign", "z"), ("y", "b"), ("z", "a"), ("y", "c"), ("x", "b")]
        return [self.reading(device, metric, at) for at, (device, metric) in enumerate(given)]

    def stored(self, http: httpx.Client) -> dict[str, list[int]]:
        found = {}
        for device in ("x", "y", "z"):
            answer = http.get("/api/history", params={"topic": f"device:{self.name}{device}", "order": "asc"})
            found[device] = [v for one in answer.json()["publications"] for v in one["data"]["values"].values()]
        return found


LEFT_OUT = [(0, "device"), (2, "device"), (4, "device"), (5, "values.c")]
GOOD = {"x": [1, 6], "y": [3], "z": []}


def left_out(key: Key, faults: list[dict[str, Any]]) -> list[tuple[int, str]]:
    return [(one["index"], one["field"].replace(key.name + ".", "")) for one in faults]


@pytest.mark.parametrize("media_type", [JSON, "application/x-ndjson", "application/cloudevents-batch+json"])
def test_with_skip_the_good_ones_are_stored_and_the_others_told(http: httpx.Client, media_type: str) -> None:
    key = Key(http)
    sent: Any = key.readings()
    if "events" in media_type:
        sent = [
            {"specversion": "1.0", "id": str(at), "source": "s", "type": "t", "data": one}
            for at, one in enumerate(sent)
        ]
    content = "\n".join(map(json.dumps, sent)) if "ndjson" in media_type else json.dumps(sent)
    headers = {**key.headers, "Content-Type": media_type}
    answer = http.post("/v1/readings?on_error=skip", content=content, headers=headers)
    assert answer.status_code == 202, answer.text
    told = answer.json()
    assert (told["accepted"], left_out(key, told["rejected"])) == (3, LEFT_OUT)
    assert [position is not None for position in told["positions"]] == [at in (1, 3, 6) for at in range(7)]
    assert "this key is not for foreign" in told["rejected"][0]["reason"]
    assert "devices of this key" in told["rejected"][2]["reason"]
    assert "WINDSOCK_SENDER_METRICS" in told["rejected"][3]["reason"]
    assert key.stored(http) == GOOD


def test_without_skip_nothing_is_stored_and_each_is_named(http: httpx.Client) -> None:
    key = Key(http)
    for kept, code, faults in (
        (range(7), "forbidden", [0, 2]),
        ((1, 3, 4), "too_many_devices", [2]),
        ((1, 3, 5), "too_many_metrics", [2]),
    ):
        answer = http.post("/v1/readings", json=[key.readings()[at] for at in kept], headers=key.headers)
        assert (answer.status_code, answer.json()["code"]) == (422 if "metrics" in code else 403, code)
        assert [one["index"] for one in answer.json()["errors"]] == faults
    assert key.stored(http) == {"x": [], "y": [], "z": []}


def test_a_pack_of_senml_names_records(http: httpx.Client) -> None:
    key = Key(http, "x")
    pack = [
        {"bn": f"{key.name}x/", "n": f"{key.name}.a", "v": 1},
        {"bn": "foreign/", "n": "a", "v": 2},
        {"n": "b", "v": 3},
        {"n": "c", "t": -5, "v": True},
        {"bn": f"{key.name}x/", "n": f"{key.name}.b", "v": 4},
    ]
    headers = {**key.headers, "Content-Type": "application/senml+json"}
    answer = http.post("/v1/readings?on_error=skip", json=pack, headers=headers)
    assert (answer.status_code, left_out(key, answer.json()["rejected"])) == (202, [(1, "device"), (3, "v")])
    assert key.stored(http)["x"] == [1, 4]


def lines(key: Key) -> str:
    """The readings as lines, a comment before them, and one that cannot be read behind them."""
    text = "# a comment\n"
    for one in key.readings():
        ((metric, value),) = one["values"].items()
        text += f"{metric},device={one['device']} value={value}i\n"
    return text + "m,device=x a="


@pytest.mark.parametrize(("path", "status", "member"), [("/write", 400, "error"), ("/api/v2/write", 422, "message")])
def test_of_lines_the_good_ones_are_stored(http: httpx.Client, path: str, status: int, member: str) -> None:
    key = Key(http)
    answer = http.post(path, content=lines(key), headers=key.headers)
    assert answer.status_code == status
    assert answer.json()[member].startswith("partial write: line 2: device: this key is not for foreign; line 4: ")
    assert answer.json()[member].endswith(" dropped=5")
    assert answer.json().get("line", 2) == 2
    assert key.stored(http) == GOOD


@pytest.mark.parametrize(("path", "member"), [("/write", "error"), ("/api/v2/write", "message")])
def test_lines_of_which_none_is_good_are_refused_by_the_first_reason(
    http: httpx.Client, path: str, member: str
) -> None:
    key = Key(http, "x")
    assert http.post(path, content=f"{key.name}.a,device={key.name}x a=1,b=1", headers=key.headers).status_code == 204
    new = f"\n{key.name}.n,device={key.name}x value=1\nx,device= y=1"
    for content, status, told in (
        ("t,device=foreign value=1" + new, 403, "line 1: device: this key is not for foreign; line 2: "),
        (new, 400, "line 2: values." + key.name + ".n: is new"),
    ):
        answer = http.post(path, content=content, headers=key.headers)
        assert (answer.status_code, told in answer.json()[member]) == (status, True), answer.text
        assert "unable to parse" not in answer.text


def test_the_official_client_of_influxdb_is_told_what_was_left_out(windsock: Windsock, http: httpx.Client) -> None:
    key = Key(http)
    with (
        InfluxDBClient(windsock.url, token=key.text, org="o") as client,
        client.write_api(write_options=SYNCHRONOUS) as writer,
        pytest.raises(ApiException) as partial,
    ):
        writer.write("b", record=lines(key))
    assert partial.value.status == 422
    assert str(partial.value.message).startswith("partial write: line 2: device: ")
    assert key.stored(http) == GOOD


def test_a_device_of_thingsboards_is_refused_whole(http: httpx.Client) -> None:
    key = Key(http, "x")
    sent = [{f"{key.name}.{metric}": 1} for metric in "abc"]
    answer = http.post(f"/api/v1/{key.text}/telemetry?on_error=skip", json=sent)
    assert (answer.status_code, answer.json()["code"], answer.json()["index"]) == (400, "too_many_metrics", 2)
    assert key.stored(http)["x"] == []
    assert http.post(f"/api/v1/{key.text}/telemetry", json=sent[:2]).status_code == 200


def test_a_socket_that_skips_is_told_what_was_left_out_and_another_nothing_is_stored_of(
    windsock: Windsock, http: httpx.Client
) -> None:
    key = Key(http)
    with connect(f"{windsock.ws}/ws/ingest", additional_headers=key.headers, proxy=None) as socket:
        socket.send(json.dumps(key.readings()))
        assert json.loads(socket.recv(20))["error"]["code"] == "forbidden"
    assert key.stored(http)["x"] == []
    with connect(f"{windsock.ws}/ws/ingest?on_error=skip", additional_headers=key.headers, proxy=None) as socket:
        socket.send(json.dumps(key.readings()))
        told = json.loads(socket.recv(20))
        assert (told["accepted"], left_out(key, told["rejected"])) == (3, LEFT_OUT)
        socket.send(json.dumps(key.readings()[:1]))
        assert json.loads(socket.recv(20))["error"]["code"] == "forbidden"
    assert key.stored(http) == GOOD


@pytest.mark.parametrize(
    ("path", "status"), [("/v1/readings?on_error=skip", 202), ("/write", 400), ("/api/v2/write", 422)]
)
def test_a_retry_of_what_was_stored_in_part_is_told_the_same(http: httpx.Client, path: str, status: int) -> None:
    key = Key(http)
    content = json.dumps(key.readings()) if "readings" in path else lines(key)
    headers = {**key.headers, "Content-Type": JSON, "Idempotency-Key": "17"}
    first, again = (http.post(path, content=content, headers=headers) for _ in range(2))
    assert (first.status_code, first.content) == (again.status_code, again.content) == (status, first.content)
    assert key.stored(http) == GOOD
    other = http.post(path, content=content.replace("foreign", "another"), headers=headers)
    assert "Idempotency-Key" in other.text
    assert other.status_code == 422


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/readings?on_error=skip&on_error=fail", "on_error"),
        ("/write?precision=s&precision=ns", "precision"),
        ("/api/v2/write?precision=s&precision=s", "precision"),
    ],
)
def test_a_parameter_that_is_given_twice_is_wrong(http: httpx.Client, path: str, name: str) -> None:
    key = Key(http)
    answer = http.post(path, content="m,host=a t=1", headers=key.headers)
    assert (answer.status_code, f"{name}: stands there more than once" in answer.text) == (400, True)
    answer = http.get(f"/v1/devices/{key.name}a/commands?wait=0&wait=1", headers=key.headers)
    assert (answer.status_code, answer.json()["field"]) == (400, "wait")


def test_a_retry_of_which_more_would_be_good_now_is_told_so(windsock: Windsock, http: httpx.Client) -> None:
    key, other = Key(http), Key(http)
    headers = {**key.headers, "Content-Type": JSON, "Idempotency-Key": "18"}
    sent = json.dumps(key.readings())
    assert http.post("/v1/readings?on_error=skip", content=sent, headers=headers).json()["accepted"] == 3
    # Another brings the metric for which this one had no room: now it is not new any more.
    brought = {"device": f"{other.name}x", "values": {f"{key.name}.c": 1}}
    assert http.post("/v1/readings", json=brought, headers=other.headers).status_code == 202
    answer = http.post("/v1/readings?on_error=skip", content=sent, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert "3 of its readings were taken then, 4 would be now" in answer.json()["detail"]
    assert key.stored(http) == GOOD


def test_two_idempotency_keys_are_refused(http: httpx.Client) -> None:
    key = Key(http)
    headers = [*key.headers.items(), ("Idempotency-Key", "1"), ("Idempotency-Key", "2")]
    for path, field in (("/v1/readings", "field"), ("/write", "error")):
        answer = http.post(path, json=key.reading("x", "a", 1), headers=headers)
        assert (answer.status_code, "Idempotency-Key" in answer.json()[field]) == (400, True)


def test_what_was_left_out_is_counted(windsock: Windsock, http: httpx.Client) -> None:
    def counted(result: str) -> float:
        return windsock.metrics().get(f'windsock_ingest_readings_total{{format="line_protocol",result="{result}"}}', 0)

    key = Key(http)
    before = counted("stored"), counted("refused")
    http.post("/write", content=lines(key), headers=key.headers)
    assert (counted("stored") - before[0], counted("refused") - before[1]) == (3, 5)
    http.post("/write", content="t,device=foreign value=1\nt,device= value=2", headers=key.headers)
    assert (counted("stored") - before[0], counted("refused") - before[1]) == (3, 7)
