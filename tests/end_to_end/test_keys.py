"""Device keys and limits on the whole system, as devices and admins meet them."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from tests.processes import Windsock, run
from tests.redis_server import RedisServer
from tests.waiting import wait_until

ADMIN = "the key of who administers"
READING = {"device": "greenhouse-7", "values": {"temperature": 21.4}}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windsock]:
    folder = tmp_path_factory.mktemp("keys")
    with Windsock(folder, auth="required", api_key=ADMIN, log_level="debug", command_waiters="5") as running:
        yield running


@pytest.fixture(scope="module")
def http(guarded: Windsock) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=guarded.url, trust_env=False, timeout=30) as client:
        yield client


def keys(windsock: Windsock, *arguments: str) -> str:
    """What `windsock keys` prints."""
    ended = run("keys", *arguments, data_dir=windsock.environment["WINDSOCK_DATA_DIR"])
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def admin(http: httpx.Client, method: str, path: str, status: int, **body: Any) -> Any:
    answer = http.request(method, path, headers={"X-API-Key": ADMIN}, json=body or None)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


def made(http: httpx.Client, **scope: Any) -> str:
    """A new key."""
    return str(admin(http, "POST", "/v1/keys", 201, name="test", **scope)["key"])


def post(http: httpx.Client, body: Any, key: str | None = None, query: str = "") -> httpx.Response:
    return http.post("/v1/readings" + query, json=body, headers=bearer(key) if key else {})


def test_the_command_makes_lists_rotates_and_revokes_keys(guarded: Windsock, http: httpx.Client) -> None:
    old = keys(guarded, "create", "glass [red]", "--device", "greenhouse-*", "--note", "in the garden")
    assert post(http, READING, old).status_code == 202
    key_id = old.split("_")[1]
    (listed,) = [one for one in json.loads(keys(guarded, "list", "--json")) if one["id"] == key_id]
    assert (listed["name"], listed["devices"], len(listed["secrets"])) == ("glass [red]", ["greenhouse-*"], 1)
    assert old.split("_")[2] not in json.dumps(listed)
    new = json.loads(keys(guarded, "rotate", key_id, "--json"))["key"]
    assert [post(http, READING, one).status_code for one in (old, new)] == [202, 202]
    keys(guarded, "revoke", old, "--previous")
    wait_until(lambda: post(http, READING, old).status_code == 401, "the old secret stays good", 10)
    assert post(http, READING, new).status_code == 202
    keys(guarded, "revoke", key_id)
    wait_until(lambda: post(http, READING, new).status_code == 401, "the key stays good", 10)


def test_the_table_of_keys_shows_what_a_key_opens_and_no_secret(guarded: Windsock, http: httpx.Client) -> None:
    key = made(http, devices=["barn-*"], readings_per_s=7, expires="2100-01-01T00:00:00Z")
    _, key_id, secret = key.split("_")
    table = keys(guarded, "list")
    (row,) = [line for line in table.splitlines() if key_id in line]
    assert all(one in row for one in ("barn-*", "7 readings/s", "2100-01-01 00:00Z"))
    assert secret not in table


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", "x", "--device", "a b"), "devices[0]"),
        (("create", "x", "--readings-per-s", "0"), "readings_per_s"),
        (("create", "x", "--expires", "yesterday"), "--expires"),
        (("create", "x", "--expires", "2001-01-01"), "expires"),
        (("create", "a\nb"), "name"),
        (("create", "a\udcff"), "name"),
        (("revoke", "nothing"), "not the id of a key"),
        (("revoke", "0" * 12), "there is no key"),
    ],
)
def test_the_command_tells_what_is_wrong_in_one_line(guarded: Windsock, arguments: tuple[str, ...], said: str) -> None:
    ended = run("keys", *arguments, data_dir=guarded.environment["WINDSOCK_DATA_DIR"])
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (1, "", 1)
    assert said in ended.stderr


def test_an_admin_makes_lists_rotates_and_revokes_keys_over_http(http: httpx.Client) -> None:
    answer = http.post(
        "/v1/keys",
        headers=bearer(ADMIN),
        json={"name": "n", "devices": ["a"], "metrics": ["t*"], "readings_per_s": 5, "expires": "2100-01-01T00:00:00Z"},
    )
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    told = answer.json()
    key, key_id = told.pop("key"), told["id"]
    assert told["expires"] == 4_102_444_800_000
    assert admin(http, "GET", f"/v1/keys/{key_id}", 200) == told
    assert told in admin(http, "GET", "/v1/keys", 200)["keys"]
    rotated = admin(http, "POST", f"/v1/keys/{key_id}/rotate", 200, overlap_s=3_600)
    assert [one["until"] is None for one in rotated["secrets"]] == [False, True]
    assert admin(http, "POST", f"/v1/keys/{key_id}/rotate", 409)["code"] == "conflict"
    body = {"device": "a", "values": {"t": 1}}
    assert [post(http, body, one).status_code for one in (key, rotated["key"])] == [202, 202]
    assert len(admin(http, "DELETE", f"/v1/keys/{key_id}?secret=previous", 200)["secrets"]) == 1
    wait_until(lambda: post(http, body, key).status_code == 401, "the old secret stays good", 10)
    admin(http, "DELETE", f"/v1/keys/{key_id}", 204)
    admin(http, "DELETE", f"/v1/keys/{key_id}", 404)
    admin(http, "GET", "/v1/keys/nothing", 404)


@pytest.mark.parametrize("headers", [{}, bearer("wrong"), {"X-API-Key": "wrong"}])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/keys"),
        ("POST", "/v1/keys"),
        ("GET", "/v1/keys/000000000000"),
        ("DELETE", "/v1/keys/000000000000"),
        ("POST", "/v1/keys/000000000000/rotate"),
    ],
)
def test_keys_are_for_admins_alone(http: httpx.Client, method: str, path: str, headers: dict[str, str]) -> None:
    assert http.request(method, path, headers=headers).status_code == 401


def test_a_device_key_is_no_key_of_an_admin(http: httpx.Client) -> None:
    assert http.get("/v1/keys", headers=bearer(made(http))).status_code == 401


def test_a_wrong_wish_is_told_by_field(http: httpx.Client) -> None:
    answer = admin(http, "POST", "/v1/keys", 422, name="n", metrics=["*", "über"])
    assert (answer["code"], answer["field"]) == ("invalid_key", "metrics[1]")


@pytest.mark.parametrize("expires", [10**30, 253_402_300_800_000, "9999-12-31T23:59:59.9999999Z", 1])
def test_a_key_that_cannot_be_told_is_not_made(http: httpx.Client, expires: int | str) -> None:
    before = admin(http, "GET", "/v1/keys", 200)
    content = json.dumps({"name": "n", "expires": expires})
    answer = http.post("/v1/keys", headers={"X-API-Key": ADMIN}, content=content)
    assert (answer.status_code, answer.json()["field"]) == (422, "expires")
    assert admin(http, "GET", "/v1/keys", 200) == before


def test_a_key_is_taken_in_every_way(http: httpx.Client) -> None:
    key = made(http)
    for given in (
        {"headers": bearer(key)},
        {"headers": {"Authorization": f"Token {key}"}},
        {"headers": {"X-API-Key": key}},
        {"headers": {"Authorization": "Bearer a.token.of-a-page", "X-API-Key": key}},
        {"headers": {"X-API-Key": key}, "auth": ("proxy", "its password")},
        {"auth": ("anybody", key)},
    ):
        assert http.post("/v1/readings", json=READING, **given).status_code == 202
    assert run("send", "greenhouse-7", "n=1", "--url", str(http.base_url), "--key", key).returncode == 0


def test_who_has_no_key_or_a_wrong_one_is_told(http: httpx.Client) -> None:
    for key in (None, "wsk_no", "a token", made(http)[:-1] + "-"):
        answer = post(http, READING, key)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert answer.json()["code"] == "unauthorized"


def test_a_device_cannot_write_for_another_device_nor_other_metrics(http: httpx.Client) -> None:
    key = made(http, devices=["mine-*"], metrics=["t", "h"])
    good, foreign = {"device": "mine-1", "values": {"t": 1}}, {"device": "other-1", "values": {"t": 1}}
    for body, query, index in (([good, foreign], "", 1), (foreign, "", 0), ([foreign], "?on_error=skip", 0)):
        answer = post(http, body, key, query)
        assert (answer.status_code, answer.json()["index"], answer.json()["field"]) == (403, index, "device")
        assert "other-1" in answer.json()["reason"]
    answer = post(http, {"device": "mine-1", "values": {"t": 1, "x": 2}}, key)
    assert (answer.status_code, answer.json()["field"]) == (403, "values.x")
    assert http.get("/api/history", params={"topic": "device:mine-1"}).json()["publications"] == []
    answer = post(http, [{"device": "mine-1"}, foreign], key, "?on_error=skip")
    assert (answer.status_code, [one["index"] for one in answer.json()["errors"]]) == (403, [1, 0])


def test_what_a_key_is_not_for_is_told_as_its_sender_counts(http: httpx.Client) -> None:
    lines = "# a comment\n\n# another\nt,device=b value=1"
    refused = http.post("/api/v2/write", content=lines, headers=bearer(made(http, devices=["a"])))
    assert (refused.status_code, refused.json()["line"]) == (403, 4)
    assert "this key is not for b" in refused.json()["message"]


def test_commands_are_for_the_key_of_their_device(http: httpx.Client) -> None:
    key = made(http, devices=["lamp"])
    statuses = {}
    for device, headers in (("lamp", bearer(key)), ("door", bearer(key)), ("lamp ", {})):
        path = f"/v1/devices/{device.strip()}/commands"
        got = http.get(path, headers=headers).status_code
        said = http.post(f"{path}/{'0' * 36}", headers=headers, json={"status": "done"}).status_code
        statuses[device] = (got, said)
    assert statuses == {"lamp": (200, 404), "door": (403, 403), "lamp ": (401, 401)}


def test_a_wait_for_commands_ends_though_its_key_was_revoked(guarded: Windsock, http: httpx.Client) -> None:
    key = made(http, devices=["lamp"])
    admin(http, "DELETE", f"/v1/keys/{key.split('_')[1]}", 204)
    path = "/v1/devices/lamp/commands?wait=1"
    wait_until(lambda: http.get(path, headers=bearer(key)).status_code == 401, "it is still good")


def test_a_key_expires(http: httpx.Client) -> None:
    key = made(http, expires=round(time.time() * 1000) + 5_000)
    assert post(http, READING, key).status_code == 202
    wait_until(lambda: post(http, READING, key).status_code == 401, "it does not expire")


def test_a_key_that_is_revoked_while_it_posts_stops_within_two_seconds(http: httpx.Client) -> None:
    key = made(http, readings_per_s=100_000)
    statuses: list[int] = []

    def send(until: threading.Event) -> None:
        with httpx.Client(base_url=http.base_url, trust_env=False) as device:
            while not until.is_set():
                statuses.append(post(device, READING, key).status_code)

    stop = threading.Event()
    sender = threading.Thread(target=send, args=(stop,))
    sender.start()
    try:
        wait_until(lambda: len(statuses) > 20, "nothing is sent")
        admin(http, "DELETE", f"/v1/keys/{key.split('_')[1]}", 204)
        wait_until(lambda: statuses[-1] == 401, "it goes on", 10)
    finally:
        stop.set()
        sender.join()
    first = statuses.index(401)
    assert (set(statuses[:first]), set(statuses[first:])) == ({202}, {401})


def test_a_key_that_sends_too_fast_is_told_when_to_come_again(http: httpx.Client) -> None:
    key = made(http, readings_per_s=5, devices=["fast"])
    batch = [{"device": "fast", "values": {"n": n}} for n in range(13)]
    assert post(http, batch, key).status_code == 202
    answer = post(http, batch, key)
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")
    assert answer.headers["ratelimit-policy"] == '"key";q=5;w=1'
    assert answer.headers["ratelimit"] == '"key";r=0;t=' + answer.headers["retry-after"]
    kept = http.get("/api/history", params={"topic": "device:fast"}).json()["publications"]
    assert len(kept) == 13
    time.sleep(int(answer.headers["retry-after"]))
    assert post(http, batch, key).status_code == 202


def test_a_plain_socket_needs_a_token_to_send_readings_where_devices_need_keys(guarded: Windsock) -> None:
    with connect(guarded.ws + "/ws/sensor/", proxy=None) as socket:
        socket.send(json.dumps(READING))
        assert json.loads(socket.recv(timeout=10))["error"]["code"] == "unauthorized"


def test_keys_are_not_logged(guarded: Windsock, http: httpx.Client) -> None:
    key = made(http)
    for one in (key, key[:-4] + "0000"):
        post(http, READING, one)
        http.get("/v1/devices/x/commands", headers=bearer(one))
        http.get("/v1/keys", headers=bearer(one))
    assert key.split("_")[2][:-4] not in guarded.log


def test_what_was_refused_is_counted(guarded: Windsock, http: httpx.Client) -> None:
    post(http, READING)
    post(http, {"device": "x", "values": {"n": 1}}, made(http, devices=["y"]))
    metrics = guarded.metrics()
    for code in ("unauthorized", "forbidden"):
        assert metrics[f'windsock_refused_total{{code="{code}",what="request"}}'] > 0
    assert metrics['windsock_key_lookups_total{result="good"}'] > 0
    assert metrics["windsock_requests_in_flight"] == 0
    assert metrics['windsock_ingest_readings_total{format="json",result="refused"}'] > 0


@pytest.mark.parametrize(
    ("settings", "status", "said"),
    [
        ({}, 202, "devices of this machine need no keys"),
        ({"host": "0.0.0.0"}, 401, "devices need keys"),
        ({"host": "0.0.0.0", "auth": "with-secret"}, 202, "anybody who reaches this address may post"),
        (
            {"auth": "with-secret", "token_secret": "a secret of the tests that is long enough"},
            401,
            "devices need keys",
        ),
    ],
)
def test_whether_devices_need_keys_is_what_the_settings_say_and_the_log_tells(
    tmp_path: Path, settings: dict[str, str], status: int, said: str
) -> None:
    with Windsock(tmp_path, **settings) as windsock:
        assert httpx.post(windsock.url + "/v1/readings", json=READING, trust_env=False).status_code == status
        assert said in windsock.log


@pytest.mark.parametrize("path", ["/v1/readings", "/write", "/api/v1/board/telemetry"])
def test_all_ways_to_post_share_the_bound_of_requests_in_flight(tmp_path: Path, path: str) -> None:
    with Windsock(tmp_path, requests_in_flight="1") as windsock:
        host, port = windsock.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as slow:
            slow.sendall(b"POST /api/v1/board/telemetry HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
            wait_until(lambda: windsock.metrics()["windsock_requests_in_flight"] == 1, "nothing is in flight")
            answer = httpx.post(windsock.url + path, content=b"{}", trust_env=False)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        wait_until(lambda: windsock.metrics()["windsock_requests_in_flight"] == 0, "it stays in flight")


def test_an_address_is_known_behind_a_trusted_proxy_and_limited(tmp_path: Path) -> None:
    limits = {"address_readings_per_s": "1", "trusted_proxies": "127.0.0.1", "command_waiters_per_address": "1"}
    with (
        Windsock(tmp_path, **limits) as windsock,
        httpx.Client(base_url=windsock.url, trust_env=False, timeout=30) as http,
    ):

        def status(address: str) -> int:
            return http.post("/v1/readings", json=READING, headers={"X-Forwarded-For": address}).status_code

        assert [status("192.0.2.1") for _ in range(4)] == [202, 202, 429, 429]
        assert status("192.0.2.2") == 202
        assert {status("127.0.0.1") for _ in range(10)} == {202}

        waiting = threading.Thread(
            target=lambda: httpx.get(
                windsock.url + "/v1/devices/a/commands?wait=20",
                headers={"X-Forwarded-For": "192.0.2.1"},
                trust_env=False,
                timeout=30,
            )
        )
        waiting.start()
        wait_until(lambda: windsock.metrics()["windsock_devices_waiting"] == 1, "nobody waits")
        forwarded = {"X-Forwarded-For": "192.0.2.1"}
        assert http.get("/v1/devices/b/commands?wait=1", headers=forwarded).status_code == 503
        assert http.get("/v1/devices/b/commands", headers=forwarded).status_code == 200
        windsock.stop()
        waiting.join()


def test_several_ingests_share_metrics_and_keys_and_while_redis_is_away_nobody_comes_in(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    settings = {"redis_url": redis_server.url, "auth": "required", "metrics_max": "4", "api_key": ADMIN}
    with Windsock(tmp_path, "ingest", **settings) as one, Windsock(tmp_path, "ingest", **settings) as other:
        clients = [httpx.Client(base_url=each.url, trust_env=False, timeout=30) for each in (one, other)]
        key = made(clients[0])
        for number in range(4):
            body = {"device": "d", "values": {f"m{number}": 1}}
            assert post(clients[number % 2], body, key).status_code == 202
        for http in clients:
            answer = post(http, [{"device": "d", "values": {"m1": 1}}, {"device": "d", "values": {"new": 1}}], key)
            assert (answer.status_code, answer.json()["code"]) == (422, "too_many_metrics")
            assert (answer.json()["index"], answer.json()["field"]) == (1, "values.new")
            assert post(http, {"device": "d", "values": {"m0": 1, "m3": 2}}, key).status_code == 202
        redis_server.kill()
        answer = post(clients[0], {"device": "d", "values": {"m0": 1}}, key)
        assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
        redis_server.start()
        body = {"device": "d", "values": {"m0": 1}}
        wait_until(lambda: post(clients[0], body, key).status_code == 202, "it does not recover")
        for http in clients:
            http.close()
