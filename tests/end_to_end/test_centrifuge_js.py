"""The official JavaScript SDK under Node, by every transport: it resumes after breaks, and loses nothing."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import jwt
import pytest

from tests.javascript_sdk import follower
from tests.processes import Windsock
from tests.redis_server import RedisServer
from tests.waiting import wait_until

OVER_HTTP = [("json", "http_stream"), ("protobuf", "http_stream"), ("json", "sse")]
PING = {("json", "http_stream"): "{}\n", ("protobuf", "http_stream"): "\0", ("json", "sse"): "data: {}\n\n"}
SECRET = "a secret of the tests that is long enough"


def poster(ingest: Windsock) -> Callable[[int, int], None]:
    def post(first: int, last: int) -> None:
        readings = [{"device": "js", "values": {"n": n}} for n in range(first, last + 1)]
        httpx.post(f"{ingest.url}/v1/readings", json=readings, trust_env=False).raise_for_status()

    return post


@pytest.mark.parametrize(("encoding", "transport"), [("json", "websocket"), ("protobuf", "websocket"), *OVER_HTTP])
def test_the_sdk_resumes_and_loses_nothing(
    tmp_path: Path, redis_server: RedisServer, encoding: str, transport: str
) -> None:
    url = redis_server.url
    with (
        Windsock(tmp_path, "ingest", redis_url=url) as ingest,
        Windsock(tmp_path, "gateway", redis_url=url, recovery_publications="20") as gateway,
        follower(tmp_path, gateway.url, "device:js", encoding, transport) as sdk,
    ):
        post = poster(ingest)
        wait_until(lambda: sdk.subscribed() == [False], "not subscribed")
        post(0, 4)
        wait_until(lambda: len(sdk.numbers()) == 5, "a publication does not arrive")
        gateway.stop(signal.SIGKILL)
        post(5, 204)
        gateway.start()
        post(205, 209)
        wait_until(lambda: len(sdk.numbers()) >= 210, "it does not resume")
        assert sdk.numbers() == list(range(210))
        assert sdk.subscribed() == [False, True]
        assert set(sdk.told("connected")) == {transport}


@pytest.mark.parametrize(("encoding", "transport"), OVER_HTTP)
def test_what_the_sdk_posts_reaches_its_session_by_another_gateway(
    tmp_path: Path, redis_server: RedisServer, encoding: str, transport: str
) -> None:
    url = redis_server.url
    with (
        Windsock(tmp_path, "gateway", redis_url=url, ping_s="1") as one,
        Windsock(tmp_path, "gateway", redis_url=url) as other,
        follower(tmp_path, one.url, "feed:js", encoding, transport, other.url) as sdk,
    ):
        wait_until(lambda: sdk.subscribed() == [False], "not subscribed")
        for number in range(5):
            assert sdk.do("publish", channel="feed:js", data={"n": number}) is True
        assert sdk.do("history", channel="feed:js") == [{"n": number} for number in range(5)]
        assert sdk.do("rpc", method="devices", data={}) == {"devices": [], "next": None}
        assert sdk.do("publish", channel="device:js", data=1)["error"] == 103
        wait_until(lambda: len(sdk.told("data")) == 5, "a publication does not arrive")
        assert sdk.told("data") == [{"n": number} for number in range(5)]
        # Who does not answer a ping gets no other.
        ping, sent = len(PING[encoding, transport]), one.metrics()["windsock_sent_bytes_total"]
        wait_until(lambda: one.metrics()["windsock_sent_bytes_total"] >= sent + 3 * ping, "no pings")
        assert sdk.told("connected") == [transport]
        assert one.metrics()["windsock_connections"] == 1
        assert other.metrics()["windsock_connections"] == 0

        other.stop(signal.SIGKILL)
        assert "error" in sdk.do("publish", channel="feed:js", data={"n": 5})
        other.start()
        wait_until(lambda: sdk.subscribed() == [False, True], "it does not come back")
        assert sdk.do("publish", channel="feed:js", data={"n": 6}) is True
        wait_until(lambda: len(sdk.told("data")) == 6, "a publication does not arrive")


@pytest.mark.parametrize(("encoding", "transport"), OVER_HTTP)
def test_a_gateway_that_stops_lets_the_sdk_go_and_it_resumes(
    tmp_path: Path, redis_server: RedisServer, encoding: str, transport: str
) -> None:
    url = redis_server.url
    with (
        Windsock(tmp_path, "ingest", redis_url=url) as ingest,
        Windsock(tmp_path, "gateway", redis_url=url) as gateway,
        follower(tmp_path, gateway.url, "device:js", encoding, transport) as sdk,
    ):
        post = poster(ingest)
        wait_until(lambda: sdk.subscribed() == [False], "not subscribed")
        assert gateway.stop(signal.SIGTERM) == 0
        assert "Traceback" not in gateway.log
        post(0, 4)
        gateway.start()
        wait_until(lambda: len(sdk.numbers()) >= 5, "it does not resume")
        assert sdk.numbers() == list(range(5))
        assert sdk.told("connecting")[1] == 3001


@pytest.mark.parametrize(("encoding", "transport"), OVER_HTTP)
def test_the_sdk_renews_its_token(tmp_path: Path, encoding: str, transport: str) -> None:
    def token(seconds: float) -> str:
        return jwt.encode({"sub": "7", "exp": time.time() + seconds}, SECRET, "HS256")

    with Windsock(tmp_path, token_secret=SECRET) as windsock:
        expired, short, long = token(-60), token(4), token(3_600)
        with follower(
            tmp_path, windsock.url, "feed:js", encoding, transport, windsock.url, expired, short, long
        ) as sdk:
            wait_until(lambda: sdk.told("token") == [3, 2, 1], "the token is not renewed")
            assert sdk.do("publish", channel="feed:js", data=1) is True
            assert sdk.told("connected") == [transport]
            assert sdk.told("disconnected") == []


@pytest.mark.parametrize(("encoding", "transport"), [("json", "websocket"), ("protobuf", "websocket"), *OVER_HTTP])
def test_the_sdk_gets_a_window_and_then_samples(tmp_path: Path, encoding: str, transport: str) -> None:
    with Windsock(tmp_path) as windsock:
        post = poster(windsock)
        post(0, 9)
        asked = {"window": "15m", "delivery": "sample", "rate": 0.5}
        with follower(tmp_path, windsock.url, "device:js", encoding, transport, data=asked) as sdk:
            wait_until(lambda: bool(sdk.told("result")), "not subscribed")
            (result,) = sdk.told("result")
            (series,) = result["window"]["series"]
            assert [value for _, value in series["points"]] == list(range(10))
            assert result["latest"]["latest"]["n"]["value"] == 9
            post(10, 10)
            wait_until(lambda: sdk.numbers() == [10], "what follows a quiet time does not come at once")
            post(11, 15)
            wait_until(lambda: sdk.numbers() == [10, 15], "the newest does not come")
            assert sdk.told("tags")[-1] == {"conflated": "4"}


@pytest.mark.parametrize("encoding", ["json", "protobuf"])
def test_the_sdk_gets_what_passes_its_filter(tmp_path: Path, encoding: str) -> None:
    with Windsock(tmp_path) as windsock:
        wanted = {"key": "n", "cmp": "gte", "val": "3"}
        with follower(tmp_path, windsock.url, "readings", encoding, tagsFilter=wanted) as sdk:
            wait_until(lambda: bool(sdk.subscribed()), "not subscribed")
            poster(windsock)(0, 5)
            wait_until(lambda: sdk.numbers() == [3, 4, 5], "what passes does not arrive, or more does")
