"""Backends use the server API with Centrifugo's own client library; clients are on two gateways of one Redis."""

from __future__ import annotations

import asyncio
import base64
import json
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from aiohttp import ClientSession
from cent import (
    AsyncClient,
    BatchRequest,
    BroadcastRequest,
    CentApiResponseError,
    CentUnauthorizedError,
    ChannelsRequest,
    Disconnect,
    DisconnectRequest,
    HistoryRemoveRequest,
    HistoryRequest,
    InfoRequest,
    PresenceRequest,
    PresenceStatsRequest,
    PublishRequest,
    RefreshRequest,
    StreamPosition,
    SubscribeRequest,
    UnsubscribeRequest,
)
from centrifuge import (
    Client,
    ClientEventHandler,
    ConnectedContext,
    DisconnectedContext,
    ServerPublicationContext,
    ServerSubscribedContext,
    ServerUnsubscribedContext,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as connect_async
from websockets.sync.client import connect

from tests.processes import Windsock
from tests.redis_server import RedisServer
from tests.sdk import Recorder, connected, unpacked
from tests.waiting import until, until_found

pytestmark = [
    pytest.mark.usefixtures("forgiving_the_sdk"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

SECRET = "the secret of the tests, which is long enough"
KEY = "the key of the tests"
OLD_KEY = "the key before it"
FILE = """
[namespaces.chat]
presence = true
history_size = 10
history_ttl_s = 60
force_recovery = true
allow_subscribe_for_client = true
allow_tags_filter = true

[namespaces.signal]
allow_subscribe_for_client = true
"""


@dataclass
class Gateways:
    """Two of them; backends ask the first."""

    first: Windsock
    second: Windsock

    def post(self, method: str, body: Any, **headers: str) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body)
        url = f"{self.first.url}/api/{method}"
        return httpx.post(url, content=content, headers={"X-API-Key": KEY} | headers, timeout=30, trust_env=False)

    def result(self, method: str, body: Any) -> Any:
        return self.post(method, body).json()["result"]

    def error(self, method: str, body: Any) -> tuple[int, str]:
        answer = self.post(method, body)
        assert answer.status_code == 200, answer.text
        error = answer.json()["error"]
        return error["code"], error["message"]


@pytest.fixture(scope="module")
def gateways(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateways]:
    folder = tmp_path_factory.mktemp("api")
    file = folder / "namespaces.toml"
    file.write_text(FILE)
    redis = RedisServer(folder)
    redis.start()
    common = {
        "redis_url": redis.url,
        "namespaces": str(file),
        "token_secret": SECRET,
        "api_key": KEY,
        "api_previous_key": OLD_KEY,
    }
    with Windsock(folder, "gateway", **common) as first, Windsock(folder, "gateway", **common) as second:
        yield Gateways(first, second)
    redis.kill()


@pytest.fixture
async def api(gateways: Gateways) -> AsyncIterator[AsyncClient]:
    async with ClientSession() as session:
        yield AsyncClient(f"{gateways.first.url}/api", KEY, session=session)


class Events(ClientEventHandler):  # type: ignore[misc]  # the SDK is not typed
    """What a connection tells."""

    def __init__(self) -> None:
        self.client = ""
        self.subscribed: list[ServerSubscribedContext] = []
        self.unsubscribed: list[str] = []
        self.publications: list[Any] = []
        self.disconnected: list[tuple[int, str]] = []

    async def on_connected(self, ctx: ConnectedContext) -> None:
        self.client = ctx.client

    async def on_subscribed(self, ctx: ServerSubscribedContext) -> None:
        self.subscribed.append(ctx)

    async def on_unsubscribed(self, ctx: ServerUnsubscribedContext) -> None:
        self.unsubscribed.append(ctx.channel)

    async def on_publication(self, ctx: ServerPublicationContext) -> None:
        self.publications.append(unpacked(ctx.pub.data))

    async def on_disconnected(self, ctx: DisconnectedContext) -> None:
        self.disconnected.append((ctx.code, ctx.reason))


@asynccontextmanager
async def user(gateway: Windsock, name: str, *, protobuf: bool = False) -> AsyncIterator[tuple[Client, Events]]:
    events = Events()
    token = jwt.encode({"sub": name}, SECRET, "HS256")
    async with connected(gateway.ws, token=token, protobuf=protobuf, events=events) as client:
        await until(lambda: bool(events.client), "not connected")
        yield client, events


async def follow(client: Client, channel: str, **options: Any) -> Recorder:
    member = Recorder()
    await client.new_subscription(channel, events=member, **options).subscribe()
    await until(lambda: bool(member.subscribed), "not subscribed")
    return member


@asynccontextmanager
async def followers(gateways: Gateways, channel: str) -> AsyncIterator[list[Recorder]]:
    """Subscribers on both gateways, in both encodings."""
    async with AsyncExitStack() as stack:
        members = []
        for gateway in (gateways.first, gateways.second):
            for protobuf in (False, True):
                client, _ = await stack.enter_async_context(user(gateway, "follower", protobuf=protobuf))
                members.append(await follow(client, channel))
        yield members


async def all_have(members: list[Recorder], publications: list[Any]) -> None:
    await until(lambda: all(one.publications == publications for one in members), "it does not arrive")


async def test_what_is_published_reaches_all_subscribers(gateways: Gateways, api: AsyncClient) -> None:
    async with followers(gateways, "chat:pub") as members, followers(gateways, "feed:pub") as feed:
        first = await api.publish(PublishRequest(channel="chat:pub", data={"n": 1}, tags={"k": "v"}))
        assert first.offset == 1
        assert first.epoch
        await api.publish(PublishRequest(channel="chat:pub", data=None, b64data="eyJuIjoyfQ=="))
        sent = await api.broadcast(BroadcastRequest(channels=["chat:pub", "device:x", "nowhere:x", "feed:pub"], data=3))
        assert [one.error.code if one.error else one.result and one.result.offset for one in sent.responses] == [
            3,
            108,
            102,
            1,
        ]
        batch = BatchRequest(
            requests=[PublishRequest(channel="chat:pub", data=4), PublishRequest(channel="feed:pub", data=4)]
        )
        assert [reply.model_dump()["offset"] for reply in (await api.batch(batch)).replies] == [4, 2]
        await all_have(members, [{"n": 1}, {"n": 2}, 3, 4])
        await all_have(feed, [3, 4])
        assert all(one.offsets == [1, 2, 3, 4] for one in members)
        assert all(one.tags[0] == {"k": "v"} for one in members)


async def test_a_repeated_publication_is_stored_once(gateways: Gateways, api: AsyncClient) -> None:
    for channel in ("chat:once", "feed:once", "signal:once"):
        async with followers(gateways, channel) as members:
            again = PublishRequest(channel=channel, data="once", idempotency_key="7")
            first, second = await api.publish(again), await api.publish(again)
            assert (first.offset, first.epoch) == (second.offset, second.epoch)
            await api.publish(PublishRequest(channel=channel, data="end"))
            await all_have(members, ["once", "end"])


async def test_what_skips_the_history_reaches_who_is_there(gateways: Gateways, api: AsyncClient) -> None:
    for channel in ("chat:skip", "signal:skip"):
        async with followers(gateways, channel) as members, user(gateways.second, "7") as (client, _):
            picky = await follow(client, channel) if channel.startswith("signal") else None
            for n in range(5):
                skipping = PublishRequest(channel=channel, data=n, tags={"n": str(n)}, skip_history=True)
                assert (await api.publish(skipping)).offset == 0
            await all_have(members, [0, 1, 2, 3, 4])
            assert all(set(one.offsets) == {0} for one in members)
            assert [one.tags[4] for one in members] == [{"n": "4"}] * 4
            assert picky is None or picky.publications == [0, 1, 2, 3, 4]
    assert (await api.history(HistoryRequest(channel="chat:skip", limit=10))).publications == []


async def test_a_filter_holds_for_what_skips_the_history(gateways: Gateways, api: AsyncClient) -> None:
    with connect(f"{gateways.second.ws}/connection/websocket", proxy=None) as socket:
        token = jwt.encode({"sub": "7"}, SECRET, "HS256")
        wanted = {"key": "n", "cmp": "gt", "val": "1"}
        socket.send(json.dumps({"id": 1, "connect": {"token": token}}))
        socket.recv(timeout=10)
        socket.send(json.dumps({"id": 2, "subscribe": {"channel": "chat:picky", "tf": wanted}}))
        assert "subscribe" in json.loads(socket.recv(timeout=10))
        for n in range(4):
            await api.publish(PublishRequest(channel="chat:picky", data=n, tags={"n": str(n)}, skip_history=True))
        got = [json.loads(line) for _ in range(2) for line in str(socket.recv(timeout=10)).split("\n")]
        assert [one["push"]["pub"]["data"] for one in got] == [2, 3]


async def test_presence_is_that_of_all_gateways(gateways: Gateways, api: AsyncClient) -> None:
    async with user(gateways.first, "7") as (one, events), user(gateways.second, "8") as (other, others):
        await follow(one, "chat:who")
        await follow(other, "chat:who")
        there = (await api.presence(PresenceRequest(channel="chat:who"))).presence
        assert {info.client: info.user for info in there.values()} == {events.client: "7", others.client: "8"}
        stats = await api.presence_stats(PresenceStatsRequest(channel="chat:who"))
        assert (stats.num_clients, stats.num_users) == (2, 2)


async def test_history_is_paged_both_ways(gateways: Gateways, api: AsyncClient) -> None:
    for n in range(1, 6):
        await api.publish(PublishRequest(channel="chat:past", data=n))
    top = await api.history(HistoryRequest(channel="chat:past"))
    assert (top.offset, top.publications) == (5, [])

    async def page(**asked: Any) -> list[int]:
        found = await api.history(HistoryRequest(channel="chat:past", **asked))
        return [one.data for one in found.publications]

    since = StreamPosition(offset=2, epoch=top.epoch)
    assert await page(limit=-1) == [1, 2, 3, 4, 5]
    assert await page(limit=2) == [1, 2]
    assert await page(limit=2, since=since) == [3, 4]
    assert await page(limit=2, reverse=True) == [5, 4]
    assert await page(limit=5, reverse=True, since=since) == [1]
    with pytest.raises(CentApiResponseError) as refused:
        await page(limit=2, since=StreamPosition(offset=2, epoch="other"))
    assert refused.value.code == 112


async def test_a_removed_history_disturbs_nobody_who_is_there_and_is_told_who_was_away(
    gateways: Gateways, api: AsyncClient
) -> None:
    async with user(gateways.second, "7") as (client, _), user(gateways.first, "8") as (away, _):
        member, absent = await follow(client, "chat:gone"), await follow(away, "chat:gone")
        for n in (1, 2):
            await api.publish(PublishRequest(channel="chat:gone", data=n))
        await all_have([member, absent], [1, 2])
        await away.disconnect()
        await api.publish(PublishRequest(channel="chat:gone", data=3))
        await api.history_remove(HistoryRemoveRequest(channel="chat:gone"))
        past = await api.history(HistoryRequest(channel="chat:gone", limit=10))
        assert (past.offset, past.publications) == (3, [])
        assert (await api.publish(PublishRequest(channel="chat:gone", data=4))).offset == 4
        await all_have([member], [1, 2, 3, 4])
        assert (len(member.subscribed), member.unsubscribed) == (1, [])
        await away.connect()
        await until(lambda: len(absent.subscribed) == 2, "not subscribed again")
        assert absent.subscribed[1].was_recovering
        assert not absent.subscribed[1].recovered


async def test_a_user_is_disconnected_wherever_he_is(gateways: Gateways, api: AsyncClient) -> None:
    async with AsyncExitStack() as stack:
        there = [
            (await stack.enter_async_context(user(gateway, name)))[1]
            for gateway in (gateways.first, gateways.second)
            for name in ("7", "7", "8")
        ]
        sevens, eights = [there[0], there[1], there[3], there[4]], [there[2], there[5]]
        kept, named = sevens[0], sevens[3]
        await api.disconnect(DisconnectRequest(user="7", client=named.client, disconnect=Disconnect(code=4500)))
        await until(lambda: bool(named.disconnected), "it is not closed", within_s=1)
        assert named.disconnected == [(4500, "force disconnect")]
        assert [events.disconnected for events in sevens[:3]] == [[], [], []]
        await api.disconnect(DisconnectRequest(user="7", whitelist=[kept.client]))
        await until(lambda: all(events.disconnected for events in sevens[1:]), "one is not closed", within_s=1)
        assert sevens[1].disconnected == [(3503, "force disconnect")]
        assert [events.disconnected for events in (kept, *eights)] == [[], [], []]


@pytest.mark.parametrize(
    ("method", "body", "user"),
    [("invalidate_user_tokens", {"user": "lost"}, "lost"), ("revoke_token", {"uid": "lost"}, "kept")],
)
async def test_revoked_tokens_are_closed_wherever_they_are(
    gateways: Gateways, method: str, body: Any, user: str
) -> None:
    token = jwt.encode({"sub": user, "jti": "lost", "iat": int(time.time()) - 5}, SECRET, "HS256")
    one, other = Events(), Events()
    async with (
        connected(gateways.first.ws, token=token, events=one),
        connected(gateways.second.ws, token=token, events=other),
    ):
        await until(lambda: bool(one.client and other.client), "not connected")
        assert await asyncio.to_thread(gateways.result, method, body) == {}
        await until(lambda: bool(one.disconnected and other.disconnected), "one is not closed", within_s=1)
        assert (one.disconnected[0][0], other.disconnected[0][0]) == (3500, 3500)


async def test_a_user_is_taken_off_channels_and_is_absent_at_once(gateways: Gateways, api: AsyncClient) -> None:
    async with user(gateways.second, "7") as (client, _), user(gateways.second, "8") as (other, _):
        one, two, three = [await follow(client, f"chat:off-{n}") for n in (1, 2, 3)]
        stays = await follow(other, "chat:off-1")
        await api.unsubscribe(UnsubscribeRequest(user="7", channel="chat:off-1"))
        await until(lambda: one.unsubscribed == [2000], "it is not told", within_s=1)
        assert (two.unsubscribed, three.unsubscribed, stays.unsubscribed) == ([], [], [])

        async def alone() -> bool:
            return (await api.presence_stats(PresenceStatsRequest(channel="chat:off-1"))).num_clients == 1

        await until_found(alone, "it is still present", within_s=2)
        await api.unsubscribe(UnsubscribeRequest(user="7", channel=""))
        await until(lambda: two.unsubscribed == three.unsubscribed == [2000], "it is not told", within_s=1)


@pytest.mark.parametrize("protobuf", [False, True], ids=["JSON", "Protobuf"])
async def test_the_server_subscribes_a_user(gateways: Gateways, api: AsyncClient, protobuf: bool) -> None:
    channel = f"chat:made-{protobuf}"
    for n in (1, 2, 3):
        epoch = (await api.publish(PublishRequest(channel=channel, data=n))).epoch
    async with user(gateways.second, f"made-{protobuf}", protobuf=protobuf) as (_, events):
        asked: dict[str, Any] = {"user": f"made-{protobuf}", "channel": channel}
        since = StreamPosition(offset=1, epoch=epoch)
        await api.subscribe(SubscribeRequest(**asked, info={"role": "guest"}, data={"a": 1}, recover_since=since))
        await api.publish(PublishRequest(channel=channel, data=4))
        await until(lambda: events.publications == [2, 3, 4], "it does not arrive")
        (told,) = events.subscribed
        assert (told.channel, unpacked(told.data)) == (channel, {"a": 1})
        assert (told.recoverable, told.positioned, told.stream_position.offset) == (True, True, 1)
        (info,) = (await api.presence(PresenceRequest(channel=channel))).presence.values()
        assert info.chan_info == {"role": "guest"}
        await api.subscribe(SubscribeRequest(**asked))  # it is there already
        await api.publish(PublishRequest(channel=channel, data=5))
        await until(lambda: events.publications == [2, 3, 4, 5], "it does not arrive")
        await api.unsubscribe(UnsubscribeRequest(**asked))
        await until(lambda: events.unsubscribed == [channel], "it is not told")
        assert len(events.subscribed) == 1


async def test_whatever_client_and_backend_ask_at_once_all_agree_afterwards(
    gateways: Gateways, api: AsyncClient
) -> None:
    """Both subscribe and unsubscribe the same connection; client, presence and hub must not differ for long."""
    chance = random.Random(7)
    subscribed: dict[str, bool] = {}
    asked: dict[int, str] = {}

    def take(message: dict[str, Any]) -> None:
        push = message.get("push", {})
        channel = asked.get(message.get("id", 0)) or push.get("channel")
        about = {name for name in ("subscribe", "unsubscribe") if name in message or name in push}
        if channel and about:
            subscribed[channel] = about == {"subscribe"}

    async def listen(socket: ClientConnection) -> None:
        async for frame in socket:
            for line in str(frame).split("\n"):
                take(json.loads(line))

    async with connect_async(f"{gateways.second.ws}/connection/websocket", proxy=None) as socket:
        await socket.send(json.dumps({"id": 1, "connect": {"token": jwt.encode({"sub": "both"}, SECRET, "HS256")}}))
        client = json.loads(await socket.recv())["connect"]["client"]
        listening = asyncio.create_task(listen(socket))

        async def do(what: str, channel: str, after_s: float) -> None:
            await asyncio.sleep(after_s)
            if what == "made":
                await api.subscribe(SubscribeRequest(user="both", channel=channel))
            elif what == "ended":
                await api.unsubscribe(UnsubscribeRequest(user="both", channel=channel))
            else:
                asked[len(asked) + 2] = channel
                await socket.send(json.dumps({"id": len(asked) + 1, what: {"channel": channel}}))

        async def agree(channel: str) -> bool:
            there = client in (await api.presence(PresenceRequest(channel=channel))).presence
            counted = (await api.channels(ChannelsRequest(pattern=channel))).channels
            heard = counted[channel].num_clients if channel in counted else 0
            return there == subscribed.get(channel, False) == bool(heard) and heard <= 1

        for turn in range(80):
            channel = f"chat:both-{turn % 3}"
            acts = chance.choices(["subscribe", "unsubscribe", "made", "ended"], k=4)
            await asyncio.gather(*(do(act, channel, chance.uniform(0, 0.004)) for act in acts))
            await until_found(partial(agree, channel), f"{acts}: they differ", within_s=5)
        listening.cancel()


async def test_a_position_that_is_gone_begins_the_subscription_now(gateways: Gateways, api: AsyncClient) -> None:
    await api.publish(PublishRequest(channel="chat:late", data=1))
    async with user(gateways.second, "late") as (_, events):
        since = StreamPosition(offset=1, epoch="other")
        await api.subscribe(SubscribeRequest(user="late", channel="chat:late", recover_since=since))
        await until(lambda: bool(events.subscribed), "it is not told")
        assert events.subscribed[0].stream_position.offset == 1
        await api.publish(PublishRequest(channel="chat:late", data=2))
        await until(lambda: events.publications == [2], "it does not arrive")


async def test_a_connection_is_renewed_and_ended(gateways: Gateways, api: AsyncClient) -> None:
    with connect(f"{gateways.second.ws}/connection/websocket", proxy=None) as socket:
        socket.send(json.dumps({"id": 1, "connect": {"token": jwt.encode({"sub": "short"}, SECRET, "HS256")}}))
        socket.recv(timeout=10)
        await api.refresh(RefreshRequest(user="short", expire_at=int(time.time()) + 600))
        push = json.loads(socket.recv(timeout=10))["push"]["refresh"]
        assert push["expires"]
        assert 590 <= push["ttl"] <= 600
        await api.refresh(RefreshRequest(user="short"))
        assert json.loads(socket.recv(timeout=10)) == {"push": {"refresh": {}}}
    for name, ending in (("flag", {"expired": True}), ("past", {"expire_at": int(time.time()) - 1})):
        async with user(gateways.second, name, protobuf=True) as (_, events):
            before = events.client
            await api.refresh(RefreshRequest(user=name, **ending))
            await until(lambda e=events, b=before: e.client != b, "it is not closed")  # type: ignore[misc]


async def test_a_renewal_in_a_far_future_is_told_in_both_encodings(gateways: Gateways, api: AsyncClient) -> None:
    for protobuf in (False, True):
        async with user(gateways.second, "far", protobuf=protobuf) as (client, events):
            await api.refresh(RefreshRequest(user="far", expire_at=99_999_999_999))
            await follow(client, f"chat:far-{protobuf}")
            assert events.disconnected == []


async def test_backends_call_procedures(gateways: Gateways) -> None:
    called = await asyncio.to_thread(gateways.result, "rpc", {"method": "devices", "params": {}})
    assert called["data"]["devices"] == []
    lost = {"method": "command", "params": {"device": "nobody", "name": "open", "timeout": 0.2}}
    assert (await asyncio.to_thread(gateways.error, "rpc", lost))[0] == 504


async def test_gateways_and_channels_are_counted_together(gateways: Gateways, api: AsyncClient) -> None:
    async with followers(gateways, "chat:sum") as _, user(gateways.first, "7") as (client, _):
        await follow(client, "feed:sum")
        with connect(f"{gateways.second.ws}/ws/feed/sum", proxy=None):
            counted = (await api.channels(ChannelsRequest(pattern="*:sum"))).channels
            assert {name: one.num_clients for name, one in counted.items()} == {"chat:sum": 4, "feed:sum": 2}
            assert list((await api.channels(ChannelsRequest(pattern="feed:*m"))).channels) == ["feed:sum"]
            assert (await api.channels(ChannelsRequest(pattern="feed"))).channels == {}
            assert set((await api.channels(ChannelsRequest())).channels) >= {"chat:sum", "feed:sum"}
            nodes = (await api.info(InfoRequest())).nodes
            assert len({node.uid for node in nodes}) == 2
            assert sum(node.num_clients for node in nodes) >= 6
            assert sum(node.num_subs for node in nodes) >= 6
            assert all(node.name and node.version for node in nodes)


async def test_a_wrong_key_opens_nothing(gateways: Gateways) -> None:
    async with ClientSession() as session:
        with pytest.raises(CentUnauthorizedError):
            await AsyncClient(f"{gateways.first.url}/api", "wrong", session=session).info(InfoRequest())


def test_a_key_is_named_in_one_of_four_ways(gateways: Gateways) -> None:
    def status(headers: dict[str, str], query: str = "") -> int:
        url = f"{gateways.first.url}/api/info{query}"
        return httpx.post(url, content="{}", headers=headers, timeout=30, trust_env=False).status_code

    assert status({"X-API-Key": KEY}) == 200
    assert status({"X-API-Key": OLD_KEY}) == 200
    assert status({"Authorization": f"apikey {KEY}"}) == 200
    assert status({"Authorization": f"Bearer {KEY}"}) == 200
    assert status({}, f"?api_key={KEY}") == 200
    assert status({}) == 401
    assert status({"X-API-Key": "wrong"}, f"?api_key={KEY}") == 401
    assert status({"Authorization": "Bearer wrong"}) == 401
    assert status({}, "?api_key=%ff%00") == 401
    assert KEY not in gateways.first.log


def test_without_a_key_in_the_settings_the_api_is_off(tmp_path: Path) -> None:
    with Windsock(tmp_path) as windsock:
        url = f"{windsock.url}/api/info"
        for headers in ({}, {"X-API-Key": ""}, {"X-API-Key": OLD_KEY}):
            answer = httpx.post(url, content="{}", headers=headers, timeout=30, trust_env=False)
            assert answer.status_code == 401
            assert "WINDSOCK_API_KEY" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("method", "body", "code", "word"),
    [
        ("publish", {}, 107, "channel"),
        ("publish", {"channel": 7, "data": 1}, 107, "channel"),
        ("publish", {"channel": "feed:a"}, 107, "data"),
        ("publish", {"channel": "feed:a", "b64data": "%"}, 107, "Base64"),
        ("publish", {"channel": "feed:a", "b64data": "YQ=="}, 107, "JSON"),
        ("publish", {"channel": "feed:a", "data": "x" * 600_000}, 107, "bytes"),
        ("publish", {"channel": "feed:a", "data": 1, "tags": {"a": "b"}}, 107, "tags"),
        ("publish", {"channel": "chat:a", "data": 1, "tags": {"a": 1}}, 107, "tags"),
        ("publish", {"channel": "feed:a", "data": 1, "skip_history": True}, 107, "history"),
        ("publish", {"channel": "chat:a", "data": 1, "skip_history": True, "idempotency_key": "7"}, 107, "idempotency"),
        ("publish", {"channel": "chat:a", "data": 1, "idempotency_key": "7" * 256}, 107, "idempotency_key"),
        ("publish", {"channel": "chat:a", "data": 1, "version": 7}, 108, "version"),
        ("publish", {"channel": "", "data": 1}, 107, "name"),
        ("publish", {"channel": "feed:/", "data": 1}, 107, "name"),
        ("publish", {"channel": "nowhere:a", "data": 1}, 102, "unknown"),
        ("publish", {"channel": "readings", "data": 1}, 108, "readings"),
        ("publish", {"channel": "metric:a", "data": 1}, 108, "readings"),
        ("publish", {"channel": "weather:a", "data": 1}, 108, "weather"),
        ("publish", {"channel": "command:a", "data": 1}, 108, "rpc"),
        ("publish", {"channel": "feed:a", "b64data": base64.b64encode(b"[" * 900 + b"]" * 900).decode()}, 107, "deep"),
        ("rpc", {"method": "nothing"}, 104, "method"),
        ("rpc", {"method": "latest", "params": {}}, 107, "device"),
        ("rpc", {"method": "latest", "params": {"device": "nobody"}}, 404, "nobody"),
        ("broadcast", {"channels": [], "data": 1}, 107, "channels"),
        ("broadcast", {"channels": ["feed:a"] * 1_001, "data": 1}, 106, "1000"),
        ("broadcast", {"channels": ["feed:a"] * 1_000, "data": "x" * 20_000}, 106, "bytes"),
        ("presence", {"channel": "feed:a"}, 108, "presence"),
        ("presence_stats", {"channel": "signal:a"}, 108, "presence"),
        ("history", {"channel": "signal:a"}, 108, "history"),
        ("history", {"channel": "chat:a", "limit": -2}, 107, "bad request"),
        ("history", {"channel": "chat:a", "limit": "all"}, 107, "limit"),
        ("history_remove", {"channel": "signal:a"}, 108, "history"),
        ("disconnect", {}, 107, "user"),
        ("disconnect", {"user": ""}, 107, "user"),
        ("disconnect", {"user": "7", "session": "s"}, 108, "session"),
        ("disconnect", {"user": "7", "disconnect": {"code": 1000}}, 107, "1000"),
        ("disconnect", {"user": "7", "disconnect": {"reason": "ü" * 62}}, 107, "reason"),
        ("unsubscribe", {"channel": "chat:a"}, 107, "user"),
        ("subscribe", {"user": "7"}, 107, "channel"),
        ("subscribe", {"user": "7", "channel": "nowhere:a"}, 102, "unknown"),
        ("subscribe", {"user": "7", "channel": "command:a"}, 103, "devices"),
        ("history", {"channel": "command:a"}, 108, "history"),
        ("subscribe", {"user": "7", "channel": "chat:a", "override": {"presence": {"value": True}}}, 108, "override"),
        ("subscribe", {"user": "7", "channel": "chat:a", "b64info": "YQ=="}, 107, "b64info"),
        ("refresh", {"user": "7", "expire_at": -1}, 107, "expire_at"),
        ("channels", {"pattern": 7}, 107, "pattern"),
        ("revoke_token", {"uid": ""}, 107, "uid"),
        ("revoke_token", {"uid": "t", "expire_at": 1}, 107, "expire_at"),
        ("invalidate_user_tokens", {}, 107, "user"),
        ("invalidate_user_tokens", {"user": ""}, 107, "user"),
        ("batch", {}, 107, "commands"),
        ("batch", {"commands": [{}] * 1_001}, 106, "1000"),
    ],
)
def test_a_wrong_request_is_told_what_is_wrong(
    gateways: Gateways, method: str, body: Any, code: int, word: str
) -> None:
    told, message = gateways.error(method, body)
    assert (told, word in message) == (code, True), message


def test_null_stands_for_absent(gateways: Gateways) -> None:
    absent = dict.fromkeys(("b64data", "skip_history", "tags", "idempotency_key", "delta", "version"))
    sent = gateways.result("publish", {"channel": "feed:null", "data": None, "something": "new"} | absent)
    assert sent["offset"] == 1
    assert gateways.result("history", {"channel": "feed:null", "limit": 1, "since": None})["offset"] == 1
    assert gateways.result("subscribe", {"user": "nobody", "channel": "feed:null", "data": None, "info": None}) == {}


def test_one_bad_command_of_a_batch_does_not_stop_the_others(gateways: Gateways) -> None:
    commands: list[Any] = [
        {"publish": {"channel": "feed:batch", "data": 1}},
        {"nothing": {}},
        {"batch": {"commands": []}},
        {},
        {"publish": 7},
        {"history": {"channel": "feed:batch", "limit": 1}},
    ]
    for parallel in (False, True):
        *replies, last = gateways.post("batch", {"commands": commands, "parallel": parallel}).json()["replies"]
        assert "publish" in replies[0]
        assert [reply["error"]["code"] for reply in replies[1:]] == [104, 104, 107, 107]
        assert "history" in last


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"{", 400), (b"[]", 400), (b"7", 400), (b'{"a":"\xff"}', 400), (b"[" * 50_000, 400)],
)
def test_a_body_that_is_no_object_is_refused(gateways: Gateways, body: bytes, status: int) -> None:
    answer = gateways.post("info", body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_a_body_that_is_too_large_is_refused(gateways: Gateways) -> None:
    assert gateways.post("publish", b" " * 1_100_000).status_code == 413


def test_errors_become_statuses_where_that_is_asked_for(gateways: Gateways) -> None:
    for method, body, status in (
        ("publish", {"channel": "nowhere:a", "data": 1}, 404),
        ("publish", {"channel": "feed:a"}, 400),
        ("presence", {"channel": "feed:a"}, 400),
        ("history", {"channel": "chat:past", "limit": 1, "since": {"offset": 1, "epoch": "other"}}, 416),
    ):
        answer = gateways.post(method, body, **{"X-Centrifugo-Error-Mode": "transport"})
        assert answer.status_code == status
        assert set(answer.json()) == {"code", "message"}


def test_the_read_api_stays_as_it_is(gateways: Gateways) -> None:
    get = partial(httpx.get, timeout=30, trust_env=False)
    assert get(f"{gateways.first.url}/api/history?topic=feed:read").json()["topic"] == "feed:read"
    assert get(f"{gateways.first.url}/api/publish").status_code == 405
    assert gateways.post("devices", {}).status_code == 405
    assert gateways.post("nothing", {}).status_code == 404


METHODS = ["publish", "broadcast", "presence", "history", "disconnect", "unsubscribe", "subscribe", "refresh", "batch"]
NAMES = ["channel", "channels", "data", "user", "client", "since", "limit", "tags", "commands", "info", "expire_at"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text() | st.sampled_from(["chat:fuzz", "feed:fuzz"]),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.sampled_from([*NAMES, *METHODS]), one, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(METHODS), st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_whatever_is_sent_the_answer_is_a_result_or_an_error(gateways: Gateways, method: str, body: Any) -> None:
    answer = gateways.post(method, body)
    assert answer.status_code in (200, 400)
    if answer.status_code == 200:
        assert set(answer.json()) in ({"result"}, {"replies"}, {"error"})
        assert answer.json().get("error", {"code": 107})["code"] != 100


async def test_calls_are_counted_by_outcome(gateways: Gateways, api: AsyncClient) -> None:
    def calls(outcome: str) -> float:
        counted = 'windsock_api_calls_total{method="presence",outcome="%s"}'
        return gateways.first.metrics().get(counted % outcome, 0.0)

    good, bad = calls("ok"), calls("108")
    await asyncio.to_thread(gateways.post, "presence", {"channel": "chat:counted"})
    await asyncio.to_thread(gateways.post, "presence", {"channel": "feed:counted"})
    assert (calls("ok"), calls("108")) == (good + 1, bad + 1)
