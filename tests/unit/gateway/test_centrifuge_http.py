from __future__ import annotations

import asyncio

import pytest

from gateway.clients.centrifuge import framing
from gateway.clients.centrifuge.http_sender import OVERHEAD_BYTES, HttpSender
from gateway.clients.centrifuge.json_encoding import JsonEncoding, OneWayJsonEncoding
from gateway.clients.centrifuge.protobuf_encoding import ProtobufEncoding
from gateway.clients.centrifuge.transport import WEBSOCKET, Transport
from gateway.sender import Counters

JSON = JsonEncoding()
GOODBYE = b'{"push":{"disconnect":{"code":%d,"reason":"%s"}}}\n'
INBOX = 1_000


def sender() -> HttpSender:
    return HttpSender(JSON, framing.lines, 100, INBOX, Counters())


async def written(sender: HttpSender) -> bytes:
    return b"".join([chunk async for chunk in sender.chunks.body()])


def test_each_message_is_an_event() -> None:
    assert framing.events(b'{"a":1}\n{"b":2}') == b'data: {"a":1}\n\ndata: {"b":2}\n\n'


def test_who_only_listens_gets_the_inside_of_pushes() -> None:
    framed = framing.bare(framing.lines)
    assert framed(OneWayJsonEncoding().reply(1, "connect", {"client": "x"})) == b'{"connect":{"client":"x"}}\n'
    pushes = b'{"push":{"channel":"c","pub":{"data":1}}}'
    assert framed(pushes + b"\n" + pushes) == b'{"channel":"c","pub":{"data":1}}\n' * 2
    assert framed(JSON.ping) == b"{}\n"
    assert framed(JSON.disconnected(3001, "shutdown")) == b'{"disconnect":{"code":3001,"reason":"shutdown"}}\n'


def test_a_disconnect_means_the_same_in_protobuf() -> None:
    assert (
        ProtobufEncoding().disconnected(3001, "shutdown")
        == bytes([17, 0x22, 15, 0x5A, 13, 0x08, 0xB9, 0x17, 0x12, 8]) + b"shutdown"
    )


def test_a_result_says_where_later_commands_go() -> None:
    assert WEBSOCKET.hello() == {"pong": True}
    assert Transport("s", "n").hello() == {"pong": True, "session": "s", "node": "n"}
    assert Transport(one_way=True).hello() == {}


async def test_what_was_sent_before_the_close_is_written_and_then_the_reason() -> None:
    one = sender()
    one.send(b"a", 2)
    one.close(3001, "shutdown")
    one.close(3005, "too late")
    one.send(b"b", 1)
    assert await written(one) == b"a\n" + GOODBYE % (3001, b"shutdown")
    assert (one.code, one.counters.sent, one.counters.refused) == (3001, 2, 1)


async def test_a_client_that_does_not_read_is_ended_and_what_it_did_not_get_counted() -> None:
    one = sender()
    body = one.chunks.body()
    one.send(b"first", 1)
    assert await anext(body) == b"first\n"
    for _ in range(3):
        one.send(b"x" * 40, 1)
    assert await anext(body) == GOODBYE % (3008, b"slow")
    assert (one.counters.sent, one.counters.refused, one.counters.slow) == (1, 3, 1)
    assert not await one.room()
    with pytest.raises(StopAsyncIteration):
        await anext(body)


async def test_a_client_that_has_read_everything_gets_one_turn_s_messages_of_any_size() -> None:
    one = sender()
    one.send(b"x" * 500)
    one.send(b"x" * 500)
    assert await anext(one.chunks.body()) == (b"x" * 500 + b"\n") * 2


async def test_what_a_client_says_comes_in_order_until_it_is_gone() -> None:
    one = sender()
    assert all(one.take(message) for message in (b"1", b"2", b"3"))
    assert [await one.receive() for _ in range(2)] == [
        {"type": "websocket.receive", "bytes": message} for message in (b"1", b"2")
    ]
    one.close(3005, "connection expired")
    assert not one.take(b"4")
    assert [await one.receive() for _ in range(2)] == [{"type": "websocket.disconnect", "code": 3005}] * 2


async def test_who_waits_for_the_client_learns_of_its_end() -> None:
    one = sender()
    receiving = asyncio.create_task(one.receive())
    await asyncio.sleep(0)
    one.close(3001, "shutdown")
    assert (await receiving)["code"] == 3001


async def test_who_waits_for_a_client_that_went_by_itself_learns_it_too() -> None:
    one = sender()
    receiving = asyncio.create_task(one.receive())
    await asyncio.sleep(0)
    await one.finish()
    assert (await receiving)["code"] == 1006


async def test_a_client_that_says_more_than_can_wait_is_ended() -> None:
    one = sender()
    assert one.take(b"x" * INBOX)
    assert one.code == 1006
    assert one.take(b"x")
    assert one.code == 3013
    assert not one.take(b"x")


async def test_many_small_messages_fill_the_inbox_too() -> None:
    one = sender()
    for _ in range(INBOX // OVERHEAD_BYTES):
        assert one.take(b"x")
    assert one.code == 3013
