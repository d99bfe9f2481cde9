"""The load client shakes hands, subscribes and recovers as each dialect's own clients do."""

from __future__ import annotations

import io
import json

import pytest
from google.protobuf.proto import parse_length_prefixed, serialize_length_prefixed

from benchmarks.load_client import LoadError
from gateway.clients.centrifuge.protocol_pb2 import (
    Command,
    ConnectResult,
    Error,
    Publication,
    Push,
    Reply,
    SubscribeRequest,
    SubscribeResult,
    Unsubscribe,
)
from tests.benchmarks.loading import counted, faults, message, started
from tests.stand_ins.websocket_server import BINARY, TEXT, Peer, WebSocketServer, frame


async def text_welcome(peer: Peer) -> None:
    while True:
        assert (await peer.hear()).startswith(b"bench-")
        await peer.say("ok")


async def test_the_text_dialect_sends_its_topics() -> None:
    async with (
        WebSocketServer(text_welcome) as server,
        await started(server, "text", clients=3, topics=4, per_client=4) as client,
    ):
        await client.wait_ready()
        await server.send_all(b"".join(frame(TEXT, message(1, topic).encode()) for topic in range(4)))
        assert faults(await counted(client, 12)) == (12, 0, 0, 0)


async def socketio_welcome(peer: Peer) -> None:
    await peer.say('0{"sid":"a","upgrades":[],"pingInterval":25000,"pingTimeout":20000}')
    assert await peer.hear() == b"40"
    await peer.say('40{"sid":"b"}')
    for topic in ("bench-0000", "bench-0001"):
        assert await peer.hear() == f'42["subscribe","{topic}"]'.encode()
    await peer.say("2")
    assert await peer.hear() == b"3"
    for topic in ("bench-0000", "bench-0001"):
        await peer.say(f'42["subscribed","{topic}"]')


async def test_the_socketio_dialect_shakes_hands_answers_pings_and_subscribes() -> None:
    async with (
        WebSocketServer(socketio_welcome) as server,
        await started(server, "socketio", topics=2, per_client=2) as client,
    ):
        await client.wait_ready()
        await server.peers[0].say(f'42["reading",{message(1)}]')
        await server.peers[0].say(f'42["reading",{message(2, 1)}]')
        assert faults(await counted(client, 2)) == (2, 1, 0, 0)


def push(seq: int, offset: int, topic: int = 0) -> str:
    return (
        f'{{"push":{{"channel":"device:bench-{topic:04}","pub":{{"data":{message(seq, topic)},"offset":{offset}}}}}}}'
    )


class CentrifugeServer(WebSocketServer):
    """Answers connect and subscribes in JSON; remembers the subscribes of each client."""

    def __init__(self, *answers: dict[str, object]) -> None:
        super().__init__(self._subscribe)
        self._answers = answers
        self.asked: list[dict[str, object]] = []

    async def _subscribe(self, peer: Peer) -> None:
        connect, *subscribes = [json.loads(line) for line in (await peer.hear()).splitlines()]
        assert connect == {"id": 1, "connect": {}}
        replies: list[object] = [{"id": 1, "connect": {"client": "c", "version": "1", "ping": 25, "pong": True}}]
        for subscribe in subscribes:
            replies.append({"id": subscribe["id"], **self._answers[len(self.asked)]})
            self.asked.append(subscribe["subscribe"])
        await peer.say("\n".join(json.dumps(reply, separators=(",", ":")) for reply in replies))


async def test_centrifuge_recovers_from_the_last_offset_and_counts_what_the_reply_holds() -> None:
    def recovered(seq: int, offset: int) -> dict[str, object]:
        return {"data": json.loads(message(seq)), "offset": offset}

    first: dict[str, object] = {"subscribe": {"recoverable": True, "epoch": "AbCdEfGh", "offset": 40}}
    second: dict[str, object] = {
        "subscribe": {
            "epoch": "AbCdEfGh",
            "publications": [recovered(2, 42), recovered(3, 43)],
            "recovered": True,
            "was_recovering": True,
            "offset": 41,
        }
    }
    third: dict[str, object] = {"subscribe": {"epoch": "ZzZzZzZz", "offset": 50, "was_recovering": True}}
    async with CentrifugeServer(first, second, third) as server, await started(server, "centrifuge-json") as client:
        ready = await client.wait_ready()
        assert (ready.recovered, ready.not_recovered) == (0, 0)
        await server.peers[0].say("{}\n" + push(1, 41))
        assert await server.peers[0].hear() == b"{}"
        await counted(client, 1)
        await client.drop()
        ready = await client.connect()
        assert (ready.recovered, ready.not_recovered) == (1, 0)
        place = {"channel": "device:bench-0000", "recover": True, "epoch": "AbCdEfGh", "offset": 41}
        assert server.asked[1] == place
        assert faults(await counted(client, 3)) == (3, 0, 0, 0)
        await client.drop()
        ready = await client.connect()
        assert server.asked[2] == {**place, "offset": 43}
        assert (ready.recovered, ready.not_recovered) == (0, 1)
        await server.peers[2].say(push(6, 51))
        assert faults(await counted(client, 4)) == (4, 2, 0, 0)


async def test_the_first_publication_tells_the_epoch_of_a_new_topic() -> None:
    nothing: dict[str, object] = {"subscribe": {"recoverable": True, "positioned": True}}
    async with (
        CentrifugeServer(nothing, nothing, nothing) as server,
        await started(server, "centrifuge-json") as client,
    ):
        await client.wait_ready()
        await client.drop()
        await client.connect()
        place = {"channel": "device:bench-0000", "recover": True, "epoch": "", "offset": 0}
        assert server.asked[1] == place
        await server.peers[1].say(push(1, 1).replace('"offset":1', '"offset":1,"epoch":"AbCdEfGh"'))
        await counted(client, 1)
        await client.drop()
        await client.connect()
        assert server.asked[2] == {**place, "epoch": "AbCdEfGh", "offset": 1}


async def test_an_error_to_a_subscribe_refuses_the_client() -> None:
    error: dict[str, object] = {"error": {"code": 103, "message": "permission denied"}}
    async with CentrifugeServer(error) as server, await started(server, "centrifuge-json") as client:
        with pytest.raises(LoadError, match=r"subscribe was answered by error .*103.*permission denied"):
            await client.wait_ready()


async def test_subscriptions_that_the_server_ends_are_counted() -> None:
    fine: dict[str, object] = {"subscribe": {}}
    async with CentrifugeServer(fine) as server, await started(server, "centrifuge-json") as client:
        await client.wait_ready()
        await server.peers[0].say(
            '{"push":{"channel":"device:bench-0000","unsubscribe":{"code":2500,"reason":"insufficient state"}}}\n'
            + push(1, 1)
        )
        stats = await counted(client, 1)
        assert (stats.unsubscribed, stats.clients) == (1, 1)
        assert stats.reason == "unsubscribed from device:bench-0000: insufficient state"


def delimited(*replies: Reply) -> bytes:
    out = io.BytesIO()
    for reply in replies:
        serialize_length_prefixed(reply, out)
    return out.getvalue()


def commands(payload: bytes) -> list[Command]:
    rest = io.BytesIO(payload)
    return list(iter(lambda: parse_length_prefixed(Command, rest), None))


def publication(seq: int, offset: int) -> Publication:
    return Publication(data=message(seq).encode(), offset=offset)


async def test_centrifuge_protobuf_does_the_same() -> None:
    asked: list[SubscribeRequest] = []

    async def welcome(peer: Peer) -> None:
        assert peer.path == "/x?format=protobuf"
        connect, subscribe = commands(await peer.hear())
        assert connect.HasField("connect")
        asked.append(subscribe.subscribe)
        again = subscribe.subscribe.recover
        result = SubscribeResult(epoch="AbCdEfGh", offset=40 + again, recovered=again)
        if again:
            result.publications.extend([publication(2, 42), publication(3, 43)])
        connected = Reply(id=connect.id, connect=ConnectResult(client="c", ping=25, pong=True))
        await peer.send(frame(BINARY, delimited(connected, Reply(id=subscribe.id, subscribe=result))))

    async with WebSocketServer(welcome) as server, await started(server, "centrifuge-protobuf") as client:
        await client.wait_ready()
        live = Reply(push=Push(channel="device:bench-0000", pub=publication(1, 41)))
        await server.peers[0].send(frame(BINARY, b"\0" + delimited(live)))
        assert await server.peers[0].hear() == b"\0"
        await counted(client, 1)
        await client.drop()
        ready = await client.connect()
        assert (ready.recovered, ready.not_recovered) == (1, 0)
        assert asked[1] == SubscribeRequest(channel="device:bench-0000", recover=True, epoch="AbCdEfGh", offset=41)
        gone = Push(channel="device:bench-0000", unsubscribe=Unsubscribe(code=2500, reason="insufficient state"))
        await server.peers[1].send(frame(BINARY, delimited(Reply(push=gone), live)))
        stats = await counted(client, 4)
        assert faults(stats) == (4, 0, 1, 0)
        assert (stats.unsubscribed, stats.reason) == (1, "unsubscribed: 2500 insufficient state")


async def test_a_protobuf_error_refuses_the_client() -> None:
    async def welcome(peer: Peer) -> None:
        await peer.hear()
        await peer.send(frame(BINARY, delimited(Reply(id=1, error=Error(code=101, message="unauthorized")))))

    async with WebSocketServer(welcome) as server, await started(server, "centrifuge-protobuf") as client:
        with pytest.raises(LoadError, match="connect was answered by error 101 unauthorized"):
            await client.wait_ready()
