"""Who is let in, to what, and for how long: anonymous access, patterns, revocation, over every way in."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from redis import Redis
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.processes import Command, Windsock, run
from tests.waiting import WITHIN_S, wait_until

SECRET = "the secret of the tests, which is long enough"
KEY = "the key of the tests"
READING = {"device": "greenhouse-7", "values": {"temperature": 21.4}}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windsock]:
    """Nobody comes in without a token."""
    with Windsock(
        tmp_path_factory.mktemp("guarded"), anonymous="off", token_secret=SECRET, hello_s="1", api_key=KEY
    ) as running:
        httpx.post(running.url + "/v1/readings", json=[READING, {"device": "barn", "values": {"temperature": 9}}])
        yield running


def token(**claims: Any) -> str:
    return jwt.encode(claims, SECRET, "HS256")


@contextmanager
def opened(url: str, **options: Any) -> Iterator[ClientConnection]:
    with connect(url, proxy=None, **options) as socket:
        yield socket


def closed_with(socket: ClientConnection) -> int:
    """The code with which the server closes."""
    with suppress(ConnectionClosed):
        for _ in socket:
            pass
    assert socket.close_code is not None
    return socket.close_code


@contextmanager
def sdk(windsock: Windsock, **claims: Any) -> Iterator[ClientConnection]:
    with opened(f"{windsock.ws}/connection/websocket") as socket:
        socket.send(json.dumps({"id": 1, "connect": {"token": token(**claims)}}))
        assert "connect" in json.loads(socket.recv(timeout=10))
        yield socket


def answer(socket: ClientConnection, **command: Any) -> dict[str, Any]:
    """What comes next but pings."""
    socket.send(json.dumps({"id": 2} | command))
    while not (reply := json.loads(socket.recv(timeout=10))):
        pass
    return reply  # type: ignore[no-any-return]


def error_of(reply: dict[str, Any]) -> int | None:
    return reply.get("error", {}).get("code")  # type: ignore[no-any-return]


GREENHOUSES = {"sub": "7", "allow": ["device:greenhouse-*", "feed:mine", "weather:*"]}


# Without a token


def test_an_sdk_without_a_token_is_not_let_in(guarded: Windsock) -> None:
    with opened(f"{guarded.ws}/connection/websocket") as socket:
        socket.send('{"id":1,"connect":{}}')
        assert closed_with(socket) == 3501


@pytest.mark.parametrize(
    "path", ["/api/devices", "/api/devices/barn", "/api/history?topic=readings", "/api/places", "/sse?topic=readings"]
)
def test_a_request_without_a_token_is_asked_for_one(guarded: Windsock, path: str) -> None:
    refused = httpx.get(guarded.url + path, trust_env=False)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert (refused.headers["content-type"], refused.json()["code"]) == ("application/problem+json", "unauthorized")


@pytest.mark.parametrize("path", ["/ws/sensor/", "/ws/device/barn", "/ws/weather/", "/ws/feed/x", "/ws/echo/"])
def test_a_plain_socket_without_a_token_is_closed_after_a_while(guarded: Windsock, path: str) -> None:
    with opened(guarded.ws + path) as socket:
        assert closed_with(socket) == 3502


def test_what_is_said_before_the_token_is_not_taken(guarded: Windsock) -> None:
    with opened(guarded.ws + "/ws/sensor/") as socket:
        socket.send(json.dumps(READING))
        assert json.loads(socket.recv(timeout=10))["error"]["code"] == "unauthorized"
        assert closed_with(socket) == 3500


def test_health_and_the_page_need_none(guarded: Windsock) -> None:
    for path in ("/healthz", "/readyz", "/"):
        assert httpx.get(guarded.url + path, trust_env=False).status_code == 200


# Where a token may stand


def by_header(url: str, text: str) -> AbstractContextManager[ClientConnection]:
    return opened(url, additional_headers={"Authorization": f"Bearer {text}"})


def by_query(url: str, text: str) -> AbstractContextManager[ClientConnection]:
    return opened(f"{url}?token={text}")


def by_subprotocol(url: str, text: str) -> AbstractContextManager[ClientConnection]:
    return opened(url, subprotocols=["windsock", f"bearer.{text}"])


@contextmanager
def by_first_message(url: str, text: str) -> Iterator[ClientConnection]:
    with opened(url) as socket:
        socket.send(json.dumps({"token": text}))
        assert json.loads(socket.recv(timeout=10)) == {"authenticated": True}
        yield socket


@pytest.mark.parametrize("way", [by_header, by_query, by_subprotocol, by_first_message])
def test_a_plain_socket_takes_the_token_in_each_way(guarded: Windsock, way: Any) -> None:
    with way(guarded.ws + "/ws/device/greenhouse-7", token(**GREENHOUSES)) as socket:
        httpx.post(guarded.url + "/v1/readings", json=READING, trust_env=False)
        assert json.loads(socket.recv(timeout=10))["device"] == "greenhouse-7"


def test_the_subprotocol_with_the_token_is_not_the_one_that_is_chosen(guarded: Windsock) -> None:
    with by_subprotocol(guarded.ws + "/ws/device/greenhouse-7", token(**GREENHOUSES)) as socket:
        assert socket.subprotocol == "windsock"


@pytest.mark.parametrize("way", [by_header, by_query, by_subprotocol])
@pytest.mark.parametrize(
    ("claims", "status"), [({"sub": "7", "exp": 1}, 401), ({"sub": "7", "allow": ["device:barn"]}, 403)]
)
def test_a_plain_socket_whose_token_is_not_enough_does_not_open(
    guarded: Windsock, way: Any, claims: dict[str, Any], status: int
) -> None:
    with pytest.raises(InvalidStatus) as refused, way(guarded.ws + "/ws/device/greenhouse-7", token(**claims)):
        pass
    assert refused.value.response.status_code == status


@pytest.mark.parametrize(("claims", "code"), [({"exp": 1}, 3500), ({"sub": "7", "allow": []}, 3507)])
def test_a_first_message_whose_token_is_not_enough_closes(guarded: Windsock, claims: dict[str, Any], code: int) -> None:
    with opened(guarded.ws + "/ws/device/greenhouse-7") as socket:
        socket.send(json.dumps({"token": token(**claims)}))
        assert json.loads(socket.recv(timeout=10))["error"]["code"] in ("unauthorized", "forbidden")
        assert closed_with(socket) == code


def test_event_streams_and_the_read_api_take_it_as_well(guarded: Windsock) -> None:
    good = token(**GREENHOUSES)
    for given in ({"params": {"token": good}}, {"headers": {"Authorization": f"bearer {good}"}}):
        found = httpx.get(guarded.url + "/api/devices/greenhouse-7", trust_env=False, **given)  # type: ignore[arg-type]
        assert found.status_code == 200
    address = f"{guarded.url}/sse?topic=device:greenhouse-7&token={good}"
    with httpx.stream("GET", address, trust_env=False) as stream:
        assert stream.status_code == 200


def test_tokens_are_not_logged(tmp_path: Path) -> None:
    with Windsock(tmp_path, anonymous="off", token_secret=SECRET, log_level="debug") as windsock:
        good, bad = token(sub="7"), token(sub="7", exp=1)
        for text in (good, bad, "not.a.token"):
            httpx.get(windsock.url + "/api/devices", params={"token": text}, trust_env=False)
            with opened(f"{windsock.ws}/connection/websocket") as socket:
                socket.send(json.dumps({"id": 1, "connect": {"token": text}}))
                socket.recv(timeout=10) if text != "not.a.token" else closed_with(socket)
        for text in (good, bad, "not.a.token", SECRET):
            assert text not in windsock.log


# What a token opens


def test_an_sdk_may_use_what_its_token_allows_and_nothing_else(guarded: Windsock) -> None:
    with sdk(guarded, **GREENHOUSES) as socket:
        for channel, code in (
            ("device:greenhouse-7", None),
            ("device:barn", 103),
            ("readings", 103),
            ("metric:temperature", 103),
        ):
            assert error_of(answer(socket, subscribe={"channel": channel})) == code
            assert error_of(answer(socket, history={"channel": channel})) == code
        assert error_of(answer(socket, publish={"channel": "feed:mine", "data": 1})) is None
        assert error_of(answer(socket, publish={"channel": "feed:other", "data": 1})) == 103
        assert error_of(answer(socket, rpc={"method": "latest", "data": {"device": "greenhouse-7"}})) is None
        assert error_of(answer(socket, rpc={"method": "latest", "data": {"device": "barn"}})) == 103
        devices = answer(socket, rpc={"method": "devices", "data": {}})["rpc"]["data"]["devices"]
        assert [one["device"] for one in devices] == ["greenhouse-7"]


def test_the_read_api_shows_what_the_token_allows(guarded: Windsock) -> None:
    with httpx.Client(
        base_url=guarded.url, headers={"Authorization": f"Bearer {token(**GREENHOUSES)}"}, trust_env=False
    ) as client:
        assert [one["device"] for one in client.get("/api/devices").json()["devices"]] == ["greenhouse-7"]
        assert client.get("/api/devices/barn").status_code == 403
        assert client.get("/api/history?topic=device:greenhouse-7").status_code == 200
        assert client.get("/api/history?topic=readings").status_code == 403
        assert client.get("/sse?topic=device:greenhouse-7&topic=readings").status_code == 403


def test_readings_may_be_sent_for_the_devices_of_the_token_only(guarded: Windsock) -> None:
    mine = token(sub="7", allow=["readings", "device:greenhouse-*"])
    with by_query(guarded.ws + "/ws/sensor/", mine) as socket:
        socket.send('{"device":"barn","values":{"temperature":99}}')
        assert json.loads(socket.recv(timeout=10))["error"]["code"] == "forbidden"
        socket.send(json.dumps(READING))
        assert json.loads(socket.recv(timeout=10))["device"] == "greenhouse-7"


def test_no_poller_is_asked_for_a_city_that_a_token_does_not_open(guarded: Windsock) -> None:
    with sdk(guarded, sub="7", allow=["weather:paris"]) as socket:
        began = time.monotonic()
        assert error_of(answer(socket, rpc={"method": "weather", "data": {"city": "Oslo"}})) == 103
        assert time.monotonic() - began < 5  # which a poller that is not there would have made 15


def test_nobody_reads_commands_whatever_the_token_says(guarded: Windsock) -> None:
    with sdk(guarded, sub="7", channels=["command:valve"]) as socket:
        mine = token(sub="7", channel="command:valve")
        assert error_of(answer(socket, subscribe={"channel": "command:valve", "token": mine})) == 103
        assert error_of(answer(socket, history={"channel": "command:valve"})) == 103


def test_a_token_in_a_message_is_never_sent_on(guarded: Windsock) -> None:
    mine = token(sub="7")
    with (
        by_query(guarded.ws + "/ws/feed/room", mine) as one,
        by_query(guarded.ws + "/ws/feed/room", token(sub="8")) as other,
    ):
        one.send(json.dumps({"token": token(sub="7", exp=int(time.time()) + 60)}))
        assert json.loads(one.recv(timeout=10)) == {"authenticated": True}
        one.send('"hello"')
        assert json.loads(other.recv(timeout=10)) == "hello"
        one.send(json.dumps({"token": token(sub="9")}))
        assert json.loads(one.recv(timeout=10)) == "hello"
        assert json.loads(one.recv(timeout=10))["error"]["code"] == "unauthorized"
        assert closed_with(one) == 3500


def test_a_subscription_token_opens_what_the_connections_does_not(guarded: Windsock) -> None:
    with sdk(guarded, **GREENHOUSES) as socket:
        mine = token(sub="7", channel="device:barn")
        assert error_of(answer(socket, subscribe={"channel": "device:barn", "token": mine})) is None
        assert error_of(answer(socket, history={"channel": "device:barn"})) is None


def test_a_refresh_that_allows_less_ends_what_is_no_longer_allowed(guarded: Windsock) -> None:
    with sdk(guarded, **GREENHOUSES) as socket:
        for channel in ("device:greenhouse-7", "feed:mine"):
            answer(socket, subscribe={"channel": channel})
        push = answer(socket, refresh={"token": token(sub="7", allow=["feed:mine"])})["push"]
        assert (push["channel"], push["unsubscribe"]["code"]) == ("device:greenhouse-7", 2000)
        assert "refresh" in json.loads(socket.recv(timeout=10))
        assert error_of(answer(socket, history={"channel": "feed:mine"})) is None


def test_a_refresh_that_allows_less_ends_what_the_connect_asked_for(guarded: Windsock) -> None:
    with opened(f"{guarded.ws}/connection/websocket") as socket:
        hello = {"token": token(**GREENHOUSES), "subs": {"device:greenhouse-7": {}, "feed:mine": {}, "readings": {}}}
        socket.send(json.dumps({"id": 1, "connect": hello}))
        assert sorted(json.loads(socket.recv(timeout=10))["connect"]["subs"]) == ["device:greenhouse-7", "feed:mine"]
        push = answer(socket, refresh={"token": token(sub="7", allow=["feed:mine"])})["push"]
        assert (push["channel"], push["unsubscribe"]["code"]) == ("device:greenhouse-7", 2000)


def test_a_refresh_with_other_channels_connects_again(guarded: Windsock) -> None:
    with sdk(guarded, sub="7", channels=["feed:a"]) as socket:
        socket.send(json.dumps({"id": 2, "refresh": {"token": token(sub="7", channels=["feed:b"])}}))
        assert closed_with(socket) == 3010


def test_names_that_a_token_does_not_open_are_not_told(guarded: Windsock) -> None:
    with httpx.Client(
        base_url=guarded.url, headers={"Authorization": f"Bearer {token(**GREENHOUSES)}"}, trust_env=False
    ) as client:
        page = client.get("/api/devices?limit=1").json()
        assert [one["device"] for one in page["devices"]] == ["greenhouse-7"]
        assert "barn" not in json.dumps(page)
        assert client.get(page["next"]).json() == {"devices": [], "next": None}
    with sdk(guarded, **GREENHOUSES) as socket:
        assert "barn" not in json.dumps(answer(socket, rpc={"method": "devices", "data": {"limit": 1}}))


def test_commands_are_not_read(guarded: Windsock) -> None:
    asked = {"token": token(sub="7"), "topic": "command:barn"}
    for path in ("/api/history", "/sse"):
        assert httpx.get(guarded.url + path, params=asked, trust_env=False).status_code == 400


def test_the_settings_say_what_those_without_a_token_may_use(tmp_path: Path) -> None:
    with Windsock(tmp_path, anonymous_allow="weather:* device:public-*", token_secret=SECRET) as windsock:
        with opened(f"{windsock.ws}/connection/websocket") as socket:
            socket.send('{"id":1,"connect":{}}')
            socket.recv(timeout=10)
            assert error_of(answer(socket, subscribe={"channel": "device:public-1"})) is None
            assert error_of(answer(socket, subscribe={"channel": "device:private"})) == 103
        assert httpx.get(windsock.url + "/api/history?topic=readings", trust_env=False).status_code == 401
        with by_first_message(windsock.ws + "/ws/device/private", token(sub="7")):
            pass
        with by_first_message(windsock.ws + "/ws/device/public-1", token(sub="7")):
            pass


@pytest.mark.parametrize(
    ("settings", "status", "said"),
    [
        ({}, 200, "clients of this machine are let in without a token"),
        ({"host": "0.0.0.0"}, 401, "nobody is let in"),
        ({"host": "0.0.0.0", "token_secret": SECRET}, 401, "with a token only"),
        ({"host": "0.0.0.0", "anonymous": "on"}, 200, "anybody who reaches this address"),
    ],
)
def test_anonymous_access_is_open_on_this_machine_alone_unless_it_is_switched_on_and_the_log_says_so(
    tmp_path: Path, settings: dict[str, str], status: int, said: str
) -> None:
    with Windsock(tmp_path, **settings) as windsock:
        assert httpx.get(windsock.url + "/api/devices", trust_env=False).status_code == status
        assert said in windsock.log


# Revocation


def revoke(windsock: Windsock, *arguments: str) -> None:
    done = run("revoke", *arguments, data_dir=windsock.environment["WINDSOCK_DATA_DIR"])
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("by", ["--user", "--token-id"])
def test_a_revocation_soon_ends_everything_that_the_token_opened(guarded: Windsock, by: str) -> None:
    claims = {"sub": f"user of {by}", "jti": f"token of {by}", "iat": int(time.time()) - 5}
    name = claims["sub"] if by == "--user" else claims["jti"]
    text = token(**claims)
    address = f"{guarded.url}/sse?topic=readings&token={text}"
    with (
        sdk(guarded, **claims) as one,
        sdk(guarded, **claims) as two,
        by_first_message(guarded.ws + "/ws/device/barn", text) as plain,
        sdk(guarded, sub="8", jti="t8") as other,
        httpx.stream("GET", address, trust_env=False) as events,
    ):
        revoke(guarded, by, str(name))
        began = time.monotonic()
        assert [closed_with(socket) for socket in (one, two, plain)] == [3500, 3500, 3500]
        for _ in events.iter_raw():
            pass
        assert time.monotonic() - began < WITHIN_S
        assert "ping" in answer(other, ping={})
    with opened(f"{guarded.ws}/connection/websocket") as socket:
        socket.send(json.dumps({"id": 1, "connect": {"token": text}}))
        assert closed_with(socket) == 3500
    assert httpx.get(guarded.url + "/api/devices", params={"token": text}, trust_env=False).status_code == 401


def test_a_user_comes_in_again_with_a_token_that_was_issued_later(guarded: Windsock) -> None:
    revoke(guarded, "--user", "late")
    with sdk(guarded, sub="late", iat=time.time() + 1) as socket:
        assert "ping" in answer(socket, ping={})


def test_a_subscription_whose_own_token_is_revoked_ends_alone(guarded: Windsock) -> None:
    with sdk(guarded, **GREENHOUSES) as socket:
        mine = token(sub="7", channel="device:barn", jti="of the subscription")
        assert error_of(answer(socket, subscribe={"channel": "device:barn", "token": mine})) is None
        revoke(guarded, "--token-id", "of the subscription")
        push = json.loads(socket.recv(timeout=10))["push"]
        assert (push["channel"], push["unsubscribe"]["code"]) == ("device:barn", 2000)
        assert error_of(answer(socket, subscribe={"channel": "device:barn", "token": mine})) == 103


def test_what_is_revoked_while_redis_is_not_heard_is_made_up_for(tmp_path: Path) -> None:
    with Windsock(tmp_path, token_secret=SECRET, anonymous="off") as windsock, sdk(windsock, jti="t") as socket:
        (server,) = windsock.children()
        # As if it had been announced while the gateway was not listening.
        path = Path(windsock.environment["WINDSOCK_DATA_DIR"]) / "redis.sock"
        with Redis(unix_socket_path=str(path)) as client:
            client.set("windsock:{revoked}:token:t", "0.0")
        os.kill(server, signal.SIGKILL)
        assert closed_with(socket) == 3500


def test_revocations_amid_handshakes_harm_nobody(guarded: Windsock) -> None:
    claims = {"sub": "hasty", "iat": int(time.time()) + 3_600}
    ends = threading.Event()

    def connect_again_and_again() -> None:
        while not ends.is_set():
            with suppress(Exception), by_query(f"{guarded.ws}/ws/device/barn", token(**claims)):
                pass

    threads = [threading.Thread(target=connect_again_and_again) for _ in range(4)]
    with sdk(guarded, sub="8") as other:
        for thread in threads:
            thread.start()
        for _ in range(100):
            httpx.post(
                f"{guarded.url}/api/disconnect", json={"user": "hasty"}, headers={"X-API-Key": KEY}, trust_env=False
            ).raise_for_status()
        ends.set()
        for thread in threads:
            thread.join()
        assert "ping" in answer(other, ping={})
    assert "Traceback" not in guarded.log


@pytest.mark.parametrize("way", [by_header, by_query, by_subprotocol])
def test_a_connection_that_has_expired_does_not_open(guarded: Windsock, way: Any) -> None:
    text = token(sub="7", expire_at=int(time.time()) - 5)
    with pytest.raises(InvalidStatus) as refused, way(guarded.ws + "/ws/device/barn", text):
        pass
    assert refused.value.response.status_code == 401


def test_a_plain_socket_and_an_event_stream_end_with_their_token(guarded: Windsock) -> None:
    text = token(sub="7", exp=int(time.time()) + 6)
    address = f"{guarded.url}/sse?topic=readings&token={text}"
    with (
        by_query(guarded.ws + "/ws/device/barn", text) as socket,
        httpx.stream("GET", address, trust_env=False) as events,
    ):
        assert closed_with(socket) == 3005
        for _ in events.iter_raw():
            pass


# Pages


@pytest.mark.parametrize(
    ("origin", "status"), [("https://evil.example", 403), ("null", 403), ("http://localhost:3000", 101)]
)
def test_pages_of_other_sites_do_not_reach_this_machine(guarded: Windsock, origin: str, status: int) -> None:
    headers = {"Origin": origin, "Authorization": f"Bearer {token(sub='7')}"}
    for path in ("/ws/echo/", "/connection/websocket"):
        if status == 101:
            with opened(guarded.ws + path, additional_headers=headers):
                pass
            continue
        with pytest.raises(InvalidStatus) as refused, opened(guarded.ws + path, additional_headers=headers):
            pass
        assert refused.value.response.status_code == status
    with httpx.stream("GET", f"{guarded.url}/sse?topic=readings", headers=headers, trust_env=False) as events:
        assert events.status_code == (200 if status == 101 else status)


# The commands


def test_a_token_of_the_command_line_comes_in(guarded: Windsock) -> None:
    made = run("token", "ada", "--allow", "device:greenhouse-*", token_secret=SECRET)
    with by_query(guarded.ws + "/ws/device/greenhouse-7", made.stdout.strip()):
        pass
    found = httpx.get(guarded.url + "/api/devices", params={"token": made.stdout.strip()}, trust_env=False).json()
    assert [one["device"] for one in found["devices"]] == ["greenhouse-7"]


def test_tail_takes_a_token(guarded: Windsock, tmp_path: Path) -> None:
    with Command(
        tmp_path, "tail", "device:greenhouse-7", "--url", guarded.url, "--token", token(**GREENHOUSES)
    ) as tail:

        def arrived() -> bool:
            httpx.post(guarded.url + "/v1/readings", json=READING, trust_env=False)
            return bool(tail.output)

        wait_until(arrived, "tail prints nothing")


@pytest.mark.parametrize(
    ("arguments", "settings", "said"),
    [
        (("token", "ada"), {}, "WINDSOCK_TOKEN_SECRET is not set"),
        (("revoke",), {}, "--user or --token-id"),
        (("revoke", "--user", "a", "--token-id", "b"), {}, "--user or --token-id"),
        (("revoke", "--user", "a"), {"redis_url": "redis://127.0.0.1:1/0"}, "no Redis at"),
    ],
)
def test_the_commands_say_in_one_line_what_is_wrong(
    tmp_path: Path, arguments: tuple[str, ...], settings: dict[str, str], said: str
) -> None:
    failed = run(*arguments, **({"data_dir": str(tmp_path)} | settings))
    assert failed.returncode == 1
    assert said in failed.stderr
    assert len(failed.stderr.strip().splitlines()) == 1
