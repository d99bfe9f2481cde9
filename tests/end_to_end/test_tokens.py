"""Tokens as the official Python SDK uses them: who one is, what one may, and that it ends."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from centrifuge import (
    ClientEventHandler,
    DisconnectedContext,
    ServerPublicationContext,
    ServerSubscribedContext,
)
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.processes import Windsock
from tests.sdk import Recorder, connected, packed, unpacked
from tests.waiting import until

pytestmark = [
    pytest.mark.usefixtures("forgiving_the_sdk"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

SECRET = "the secret of the tests, which is long enough"
FILE = """
[namespaces.chat]
presence = true
history_size = 10
history_ttl_s = 60
force_recovery = true
allow_subscribe_for_client = true
allow_publish_for_client = true
allow_presence_for_client = true
allow_user_limited_channels = true

[namespaces.closed]
history_size = 10
history_ttl_s = 60

[personal]
namespace = "chat"
"""


@pytest.fixture(params=["JSON", "Protobuf"])
def protobuf(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "Protobuf")


@pytest.fixture(scope="module")
def windsock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windsock]:
    folder = tmp_path_factory.mktemp("tokens")
    file = folder / "namespaces.toml"
    file.write_text(FILE)
    with Windsock(folder, namespaces=str(file), token_secret=SECRET) as running:
        yield running


def token(**claims: Any) -> str:
    return jwt.encode(claims, SECRET, "HS256")


class Events(ClientEventHandler):  # type: ignore[misc]  # the SDK is not typed
    def __init__(self) -> None:
        self.subscribed: list[str] = []
        self.publications: list[Any] = []
        self.disconnected: list[int] = []

    async def on_subscribed(self, ctx: ServerSubscribedContext) -> None:
        self.subscribed.append(ctx.channel)

    async def on_publication(self, ctx: ServerPublicationContext) -> None:
        self.publications.append(unpacked(ctx.pub.data))

    async def on_disconnected(self, ctx: DisconnectedContext) -> None:
        self.disconnected.append(ctx.code)


async def test_a_token_says_who_one_is(windsock: Windsock, protobuf: bool) -> None:
    async with connected(windsock.ws, token=token(sub="7", info={"name": "Ada"}), protobuf=protobuf) as client:
        member = Recorder()
        subscription = client.new_subscription(f"chat:who-{protobuf}", events=member)
        await subscription.subscribe()
        await until(lambda: bool(member.subscribed), "not subscribed")
        (info,) = (await subscription.presence()).clients.values()
        assert (info.user, unpacked(info.conn_info)) == ("7", {"name": "Ada"})


async def test_user_limited_channels_are_for_their_users(windsock: Windsock, protobuf: bool) -> None:
    for user, allowed in (("7", True), ("8", True), ("9", False)):
        async with connected(windsock.ws, token=token(sub=user), protobuf=protobuf) as client:
            member = Recorder()
            await client.new_subscription("chat:pair#7,8", events=member).subscribe()
            await until(lambda m=member: bool(m.subscribed or m.unsubscribed), "no answer")  # type: ignore[misc]
            assert bool(member.subscribed) is allowed


async def test_the_server_subscribes_to_the_personal_channel_and_those_of_the_token(
    windsock: Windsock, protobuf: bool
) -> None:
    events = Events()
    mine = token(sub=f"u{protobuf}", channels=["closed:news", "nowhere:x"])
    async with connected(windsock.ws, token=mine, protobuf=protobuf, events=events) as client:
        await until(lambda: len(events.subscribed) == 2, "not subscribed")
        assert sorted(events.subscribed) == [f"chat:#u{protobuf}", "closed:news"]
        async with connected(windsock.ws, token=token(sub="other"), protobuf=protobuf) as other:
            await other.publish(f"chat:#u{protobuf}", packed(1, protobuf=protobuf))
            await until(lambda: events.publications == [1], "it does not arrive")
            await client.disconnect()
            await other.publish(f"chat:#u{protobuf}", packed(2, protobuf=protobuf))
        await client.connect()
        await until(lambda: events.publications == [1, 2], "it is not recovered")


async def test_an_expired_token_is_fetched_anew_and_one_that_expires_renewed(
    windsock: Windsock, protobuf: bool
) -> None:
    asked = 0

    async def get_token() -> str:
        nonlocal asked
        asked += 1
        return token(sub="7", exp=time.time() + 2)

    events = Events()
    expired = token(sub="7", exp=time.time() - 60)
    async with connected(windsock.ws, token=expired, protobuf=protobuf, events=events, get_token=get_token) as client:
        await client.ready(timeout=10)
        await until(lambda: asked >= 3, "it is not renewed")
        assert client.state.value == "connected"
        assert events.disconnected == []


async def test_a_subscription_token_opens_a_closed_channel(windsock: Windsock, protobuf: bool) -> None:
    async with connected(windsock.ws, token=token(sub="7"), protobuf=protobuf) as client:
        refused, member = Recorder(), Recorder()
        without = client.new_subscription("closed:a", events=refused)
        await without.subscribe()
        await until(lambda: refused.unsubscribed == [103], "it is not refused")
        client.remove_subscription(without)
        good = token(sub="7", channel="closed:a", info={"role": "guest"})
        await client.new_subscription("closed:a", events=member, token=good).subscribe()
        await until(lambda: bool(member.subscribed), "not subscribed")


def test_bad_tokens_are_final(windsock: Windsock) -> None:
    for command in (
        {"connect": {"token": "nonsense"}},
        {"connect": {"token": jwt.encode({"sub": "7"}, "another secret, which is long enough", "HS256")}},
    ):
        with connect(f"{windsock.ws}/connection/websocket", proxy=None) as socket:
            socket.send(json.dumps({"id": 1} | command))
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv(timeout=10)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 3500


def test_a_refresh_for_another_user_is_final(windsock: Windsock) -> None:
    for refresh, code in ((token(sub="8"), 3500), (token(sub="7", exp=time.time() - 9), 3005)):
        with connect(f"{windsock.ws}/connection/websocket", proxy=None) as socket:
            socket.send(json.dumps({"id": 1, "connect": {"token": token(sub="7")}}))
            assert "connect" in json.loads(socket.recv(timeout=10))
            socket.send(json.dumps({"id": 2, "refresh": {"token": refresh}}))
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv(timeout=10)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == code


def test_a_token_for_another_channel_or_user_is_final(windsock: Windsock) -> None:
    for claims in ({"sub": "7", "channel": "closed:b"}, {"sub": "8", "channel": "closed:a"}):
        with connect(f"{windsock.ws}/connection/websocket", proxy=None) as socket:
            socket.send(json.dumps({"id": 1, "connect": {"token": token(sub="7")}}))
            socket.recv(timeout=10)
            socket.send(json.dumps({"id": 2, "subscribe": {"channel": "closed:a", "token": token(**claims)}}))
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv(timeout=10)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 3500


def test_who_came_with_an_expired_token_is_not_listened_to(windsock: Windsock) -> None:
    with connect(f"{windsock.ws}/connection/websocket", proxy=None) as socket:
        expired = json.dumps({"id": 1, "connect": {"token": token(sub="7", exp=time.time() - 9)}})
        socket.send(expired + '\n{"id":2,"subscribe":{"channel":"readings"}}')
        assert json.loads(socket.recv(timeout=10))["error"]["code"] == 109
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 3000


def test_a_subscription_that_ended_and_began_again_is_present(windsock: Windsock) -> None:
    with connect(f"{windsock.ws}/connection/websocket", proxy=None) as socket:

        def say(command: dict[str, Any]) -> Any:
            socket.send(json.dumps(command))
            return json.loads(socket.recv(timeout=10))

        say({"id": 1, "connect": {"token": token(sub="7")}})
        for number in (2, 4):
            say({"id": number, "subscribe": {"channel": "chat:again"}})
            if number == 2:
                say({"id": 3, "unsubscribe": {"channel": "chat:again"}})
        assert say({"id": 5, "presence_stats": {"channel": "chat:again"}})["presence_stats"]["num_clients"] == 1


async def test_a_user_with_a_colon_comes_in(windsock: Windsock, protobuf: bool) -> None:
    events = Events()
    async with connected(windsock.ws, token=token(sub="google:1"), protobuf=protobuf, events=events):
        await until(lambda: events.subscribed == ["chat:#google:1"], "not subscribed")
