"""Namespaces of an operator's file, as the official Python SDK uses them: presence, joins, history, permissions."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from centrifuge import (
    CentrifugeError,
    Client,
    ClientInfo,
    JoinContext,
    LeaveContext,
    PublicationContext,
    StreamPosition,
)

from tests.processes import Windsock, run
from tests.sdk import Recorder, connected, packed, unpacked
from tests.waiting import until

pytestmark = [
    pytest.mark.usefixtures("forgiving_the_sdk"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

FILE = """
[namespaces.chat]
presence = true
join_leave = true
history_size = 5
history_ttl_s = 300
force_recovery = true
force_push_join_leave = true
allow_subscribe_for_client = true
allow_subscribe_for_anonymous = true
allow_publish_for_subscriber = true
allow_publish_for_anonymous = true
allow_presence_for_subscriber = true
allow_presence_for_anonymous = true
allow_history_for_subscriber = true
allow_history_for_anonymous = true

[namespaces.signal]
allow_subscribe_for_client = true
allow_subscribe_for_anonymous = true
allow_publish_for_client = true
allow_publish_for_anonymous = true

[namespaces.users]
allow_subscribe_for_client = true
"""


@pytest.fixture(params=["JSON", "Protobuf"])
def protobuf(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "Protobuf")


@pytest.fixture(scope="module")
def windsock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windsock]:
    folder = tmp_path_factory.mktemp("namespaces")
    file = folder / "namespaces.toml"
    file.write_text(FILE)
    with Windsock(folder, namespaces=str(file)) as running:
        yield running


class Member(Recorder):
    """Also keeps who came and went, and who published."""

    def __init__(self) -> None:
        super().__init__()
        self.joined: list[ClientInfo] = []
        self.left: list[ClientInfo] = []
        self.publishers: list[ClientInfo] = []

    async def on_publication(self, ctx: PublicationContext) -> None:
        await super().on_publication(ctx)
        self.publishers.append(ctx.pub.info)

    def has(self, count: int) -> bool:
        return len(self.publications) == count

    async def on_join(self, ctx: JoinContext) -> None:
        self.joined.append(ctx.info)

    async def on_leave(self, ctx: LeaveContext) -> None:
        self.left.append(ctx.info)


async def enter(client: Client, channel: str) -> tuple[Any, Member]:
    member = Member()
    subscription = client.new_subscription(channel, events=member)
    await subscription.subscribe()
    await until(lambda: bool(member.subscribed), "not subscribed")
    return subscription, member


async def test_members_see_who_comes_who_is_there_and_who_goes(windsock: Windsock, protobuf: bool) -> None:
    room = f"chat:presence-{protobuf}"
    async with connected(windsock.ws, protobuf=protobuf) as client:
        subscription, member = await enter(client, room)
        async with connected(windsock.ws, protobuf=not protobuf) as other:
            await enter(other, room)
            await until(lambda: len(member.joined) == 2, "a join is not told")
            there = (await subscription.presence()).clients
            assert sorted(there) == sorted(info.client for info in member.joined)
            stats = await subscription.presence_stats()
            assert (stats.num_clients, stats.num_users) == (2, 1)
        await until(lambda: len(member.left) == 1, "a leave is not told")
        assert member.left[0].client == member.joined[1].client
        assert (await subscription.presence_stats()).num_clients == 1


async def test_a_member_publishes_and_all_see_who_it_was(windsock: Windsock, protobuf: bool) -> None:
    room = f"chat:talk-{protobuf}"
    async with (
        connected(windsock.ws, protobuf=protobuf) as client,
        connected(windsock.ws, protobuf=not protobuf) as other,
    ):
        subscription, member = await enter(client, room)
        _, listener = await enter(other, room)
        await subscription.publish(packed({"text": "hello\nworld"}, protobuf=protobuf))
        await until(lambda: len(member.publications) == len(listener.publications) == 1, "it does not arrive")
        assert member.publications == listener.publications == [{"text": "hello\nworld"}]
        assert member.publishers[0].client == listener.publishers[0].client == member.joined[0].client
        assert listener.offsets == [1]


async def test_history_is_as_long_as_the_namespace_says(windsock: Windsock, protobuf: bool) -> None:
    room = f"chat:long-{protobuf}"
    async with connected(windsock.ws, protobuf=protobuf) as client:
        subscription, _ = await enter(client, room)
        for n in range(8):
            await subscription.publish(packed(n, protobuf=protobuf))
        history = await subscription.history(limit=-1)
        assert [unpacked(one.data) for one in history.publications] == [3, 4, 5, 6, 7]
        assert history.publications[0].info.client
        oldest = await subscription.history(limit=2)
        assert [unpacked(one.data) for one in oldest.publications] == [3, 4]
        newest = await subscription.history(limit=2, reverse=True)
        assert [unpacked(one.data) for one in newest.publications] == [7, 6]
        since = StreamPosition(offset=6, epoch=history.epoch)
        assert [one.offset for one in (await subscription.history(limit=10, since=since)).publications] == [7, 8]


async def test_who_was_away_gets_what_is_kept_or_is_told(windsock: Windsock, protobuf: bool) -> None:
    room = f"chat:away-{protobuf}"
    async with (
        connected(windsock.ws, protobuf=protobuf) as client,
        connected(windsock.ws, protobuf=protobuf) as other,
    ):
        subscription, member = await enter(client, room)
        speaker, _ = await enter(other, room)
        await speaker.publish(packed(0, protobuf=protobuf))
        await until(lambda: member.publications == [0], "it does not arrive")
        for missed, recovered in ((4, True), (9, False)):
            await client.disconnect()
            for n in range(missed):
                await speaker.publish(packed(n, protobuf=protobuf))
            wanted = len(member.publications) + (missed if recovered else 0)
            member.subscribed.clear()
            await client.connect()
            await until(lambda: bool(member.subscribed), "not subscribed again")
            assert member.subscribed[0].was_recovering
            assert member.subscribed[0].recovered is recovered
            await until(partial(member.has, wanted), "it is not recovered")
        assert subscription.state.value == "subscribed"


async def test_without_a_history_publications_pass_through(windsock: Windsock, protobuf: bool) -> None:
    channel = f"signal:x-{protobuf}"
    async with connected(windsock.ws, protobuf=protobuf) as client:
        subscription, member = await enter(client, channel)
        context = member.subscribed[0]
        assert (context.positioned, context.recoverable) == (False, False)
        for n in range(20):
            await client.publish(channel, packed(n, protobuf=protobuf))
        await until(lambda: member.publications == list(range(20)), "it does not arrive")
        assert set(member.offsets) == {0}
        for question in (subscription.history(limit=1), subscription.presence()):
            with pytest.raises(CentrifugeError) as refused:
                await question
            assert refused.value.code == 108


async def test_nobody_publishes_where_only_subscribers_may(windsock: Windsock, protobuf: bool) -> None:
    async with connected(windsock.ws, protobuf=protobuf) as client:
        with pytest.raises(CentrifugeError) as refused:
            await client.publish("chat:closed", packed(1, protobuf=protobuf))
        assert refused.value.code == 103


async def test_a_namespace_for_users_is_closed_to_the_anonymous(windsock: Windsock, protobuf: bool) -> None:
    member = Member()
    async with connected(windsock.ws, protobuf=protobuf) as client:
        await client.new_subscription("users:x", events=member).subscribe()
        await until(lambda: member.unsubscribed == [103], "it is not refused")


def test_a_file_with_a_mistake_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "wrong.toml").write_text("[namespaces.chat]\npresense = true")
    ended = run("up", namespaces=str(tmp_path / "wrong.toml"), port="0", data_dir=str(tmp_path / "data"))
    assert "presense" in ended.stderr
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)


@pytest.mark.parametrize("namespace", ["chat", "signal"])
async def test_a_sample_of_a_channel_tells_who_published_and_what_was_left_out(
    windsock: Windsock, protobuf: bool, namespace: str
) -> None:
    channel = f"{namespace}:sample-{protobuf}"
    async with connected(windsock.ws, protobuf=protobuf) as client:
        member = Member()
        asked = packed({"delivery": "sample", "rate": 2, "color": "red"}, protobuf=protobuf)
        subscription = client.new_subscription(channel, events=member, data=asked)
        await subscription.subscribe()
        await until(lambda: bool(member.subscribed), "not subscribed")
        assert unpacked(member.subscribed[0].data) == {"delivery": "sample", "rate": 2}
        for n in range(20):
            await client.publish(channel, packed({"device": "ab"[n % 2], "n": n}, protobuf=protobuf))
        await until(lambda: len(member.publications) + member.conflated == 20, "not everything is told")
        assert [one["n"] for one in member.publications[-2:]] == [18, 19]
        assert member.conflated > 0
        assert len(member.publishers) == len(member.publications)
        assert member.offsets == (sorted(set(member.offsets)) if namespace == "chat" else [0] * len(member.offsets))


async def test_what_is_nested_too_deep_is_refused_and_harms_nobody(windsock: Windsock) -> None:
    async with connected(windsock.ws, protobuf=True) as client, connected(windsock.ws) as other:
        _, member = await enter(other, "signal:deep")
        for depth in (65, 1_000, 1_024, 50_000):
            with pytest.raises(CentrifugeError):
                await client.publish("signal:deep", b"[" * depth + b"]" * depth)
        await client.publish("signal:deep", b"[" * 60 + b"]" * 60)
        await until(lambda: member.has(1), "what may be sent does not arrive")
    assert "Traceback" not in windsock.log
