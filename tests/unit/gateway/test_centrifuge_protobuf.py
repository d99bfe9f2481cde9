from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.channels import Channels
from gateway.clients.centrifuge import codes, replies
from gateway.clients.centrifuge import protocol_pb2 as pb
from gateway.clients.centrifuge.commands import MalformedError
from gateway.clients.centrifuge.json_encoding import JsonEncoding
from gateway.clients.centrifuge.protobuf_encoding import ProtobufEncoding
from gateway.clients.centrifuge.replies import Json
from gateway.clients.centrifuge.session import Session
from services.batch import Batch, Position

JSON, PROTOBUF = JsonEncoding(), ProtobufEncoding()


def frame(*commands: pb.Command) -> bytes:
    messages = [command.SerializeToString() for command in commands]
    assert all(len(message) < 128 for message in messages)
    return b"".join(bytes([len(message)]) + message for message in messages)


def told(frame: bytes) -> pb.Reply:
    """The one reply in a frame below 16 KiB."""
    prefix = 1 if frame[0] < 128 else 2
    return pb.Reply.FromString(frame[prefix:])


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (pb.Command(id=1, connect=pb.ConnectRequest(name="x", version="1")), '"connect":{"name":"x","version":"1"}'),
        (
            pb.Command(id=1, subscribe=pb.SubscribeRequest(channel="a", recover=True, epoch="E", offset=2**40, flag=2)),
            '"subscribe":{"channel":"a","recover":true,"epoch":"E","offset":1099511627776,"flag":2}',
        ),
        (pb.Command(id=1, unsubscribe=pb.ChannelRequest(channel="a")), '"unsubscribe":{"channel":"a"}'),
        (pb.Command(id=1, publish=pb.PublishRequest(channel="a", data=b"[1]")), '"publish":{"channel":"a","data":[1]}'),
        (pb.Command(id=1, presence=pb.ChannelRequest(channel="a")), '"presence":{"channel":"a"}'),
        (
            pb.Command(
                id=1, history=pb.HistoryRequest(channel="a", limit=-1, since=pb.Position(offset=3), reverse=True)
            ),
            '"history":{"channel":"a","limit":-1,"since":{"offset":3},"reverse":true}',
        ),
        (pb.Command(id=1, rpc=pb.RpcRequest(method="m", data=b"{}")), '"rpc":{"method":"m","data":{}}'),
        (pb.Command(id=1, refresh=pb.RefreshRequest()), '"refresh":{}'),
        (pb.Command(id=1, send=pb.Empty()), '"send":{}'),
    ],
)
def test_a_command_means_the_same_in_both_encodings(message: pb.Command, text: str) -> None:
    assert PROTOBUF.decode(frame(message)) == JSON.decode(b'{"id":1,%s}' % text.encode())


def test_a_frame_holds_commands_one_after_the_other() -> None:
    assert [c.id for c in PROTOBUF.decode(frame(pb.Command(id=1), pb.Command(id=300)))] == [1, 300]


def test_an_answer_to_a_ping_is_an_empty_command() -> None:
    (pong,) = PROTOBUF.decode(PROTOBUF.ping)
    assert (pong.id, pong.connect) == (0, None)


@pytest.mark.parametrize("data", [b"", b"\x05\x08", b"\x80", b"\x80" * 11, b"\x02\xff\xff", b"\x03\x08\x01", b"{}"])
def test_what_is_not_made_of_commands_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedError):
        PROTOBUF.decode(data)


@given(st.lists(st.binary(max_size=60)))
def test_no_frame_raises_anything_else(frames: list[bytes]) -> None:
    session = Session(Channels(), 3)
    for data in frames:
        try:
            commands = PROTOBUF.decode(data)
        except MalformedError:
            continue
        for command in commands:
            session.begin(command)


def test_pushes_carry_what_the_json_ones_do() -> None:
    (frame,) = PROTOBUF.pushes("feed:x", Batch("E", 0, 1, [b"[1]"]))
    push = told(frame).push
    assert (push.channel, push.pub.data, push.pub.offset, push.pub.epoch) == ("feed:x", b"[1]", 1, "E")


def test_joined_pushes_stay_below_the_bound_and_long_ones_have_a_length() -> None:
    frames = PROTOBUF.pushes("feed:x", Batch("E", 0, 1, [b"x" * 30_000] * 7))
    assert all(len(one) <= replies.FRAME_BYTES for one in frames)
    assert sum(one.count(b"feed:x") for one in frames) == 7


def test_results_and_errors() -> None:
    missed = [Batch("E", 0, 4, [b"4", b"5"])]
    result = replies.subscribed(
        Position("E", 5), replies.publications(missed), since=3, recovering=True, recoverable=True
    )
    reply = told(PROTOBUF.reply(2, "subscribe", result))
    assert (reply.id, reply.subscribe.offset, reply.subscribe.recovered) == (2, 3, True)
    assert [(one.data, one.offset) for one in reply.subscribe.publications] == [(b"4", 4), (b"5", 5)]
    assert told(PROTOBUF.reply(3, "rpc", {"data": Json(b"{}")})).rpc.data == b"{}"
    assert told(PROTOBUF.reply(4, "unsubscribe", {})).HasField("unsubscribe")
    assert told(PROTOBUF.refusal(5, codes.INTERNAL)).error.temporary
    assert told(PROTOBUF.reply(6, "ping", {})).HasField("ping")
    assert told(PROTOBUF.unsubscribed("a", *codes.INSUFFICIENT_STATE)).push.unsubscribe.code == 2500


def test_what_the_server_makes_of_a_connection_is_told_alike_in_both_encodings() -> None:
    made = {"positioned": True, "recoverable": True, "epoch": "E", "offset": 3, "data": Json(b'{"a":1}')}
    push = told(PROTOBUF.subscribed("a", made)).push
    assert (push.channel, push.subscribe.offset, push.subscribe.data) == ("a", 3, b'{"a":1}')
    assert JSON.subscribed("a", made) == (
        b'{"push":{"channel":"a","subscribe":'
        b'{"positioned":true,"recoverable":true,"epoch":"E","offset":3,"data":{"a":1}}}}'
    )
    assert told(PROTOBUF.subscribed("a", {})).push.HasField("subscribe")
    assert told(PROTOBUF.refreshed({"expires": True, "ttl": 7})).push.refresh.ttl == 7
    assert told(PROTOBUF.refreshed({})).push.HasField("refresh")
    assert JSON.refreshed({"expires": True, "ttl": 7}) == b'{"push":{"refresh":{"expires":true,"ttl":7}}}'
    one = replies.Published(b"[1]", 1, "E", tags={"k": "v"})
    assert told(PROTOBUF.publication("a", one)).push.pub.tags == {"k": "v"}
    assert JSON.publication("a", one) == (
        b'{"push":{"channel":"a","pub":{"data":[1],"offset":1,"epoch":"E","tags":{"k":"v"}}}}'
    )
