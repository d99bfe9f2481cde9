from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.channels import Channels
from gateway.clients.centrifuge import codes, replies
from gateway.clients.centrifuge.codes import Refusal
from gateway.clients.centrifuge.commands import Command, FilterNode, MalformedError, SubscribeRequest
from gateway.clients.centrifuge.json_encoding import JsonEncoding
from gateway.clients.centrifuge.session import Session, State
from gateway.clients.centrifuge.steps import (
    Call,
    Connect,
    Nothing,
    Publish,
    ReadHistory,
    Refresh,
    Refused,
    Step,
    SubRefresh,
    Subscribe,
    Unsubscribe,
)
from services import closes
from services.batch import Batch, Position
from services.closes import Close
from services.tokens import Grant

JSON = JsonEncoding()
METHODS = ["subscribe", "unsubscribe", "publish", "presence", "presence_stats", "history", "rpc", "refresh"]


def say(session: Session, *commands: str) -> list[Step]:
    return [session.begin(command) for text in commands for command in JSON.decode(text.encode())]


def connected(channels: int = 3, user: str = "") -> Session:
    session = Session(Channels(), channels)
    assert say(session, '{"id":1,"connect":{}}') == [Connect(1, "", {})]
    session.connected(user, lambda _: True)
    return session


def error(step: Step) -> Refusal:
    assert isinstance(step, Refused)
    return step.error


@pytest.mark.parametrize("method", [*METHODS, "sub_refresh", "send", "ping"])
def test_anything_before_connect_closes(method: str) -> None:
    session = Session(Channels(), 3)
    assert say(session, f'{{"id":1,"{method}":{{}}}}') == [closes.MALFORMED]
    assert session.state is State.CLOSED


def test_nothing_is_taken_after_the_close() -> None:
    session = Session(Channels(), 3)
    assert say(session, "{}", '{"id":1,"connect":{}}') == [closes.MALFORMED, Nothing()]


def test_a_second_connect_closes() -> None:
    assert say(connected(), '{"id":2,"connect":{}}') == [closes.MALFORMED]


def test_who_was_refused_is_not_listened_to() -> None:
    session = Session(Channels(), 3)
    assert say(session, '{"id":1,"connect":{"token":"x"}}') == [Connect(1, "x", {})]
    session.refused()
    assert say(session, '{"id":2,"subscribe":{"channel":"readings"}}') == [Nothing()]


def test_a_token_opens_its_channel_for_its_user() -> None:
    (command,) = JSON.decode(b'{"id":2,"subscribe":{"channel":"device:a","token":"x"}}')
    step = connected(user="7").begin(command, Grant("device:a", "7"))
    assert isinstance(step, Subscribe)
    for grant in (Grant("device:b", "7"), Grant("device:a", "8")):
        assert connected(user="7").begin(command, grant) == closes.INVALID_TOKEN


def test_nothing_opens_a_channel_of_commands() -> None:
    session = connected(user="7")
    (command,) = JSON.decode(b'{"id":2,"subscribe":{"channel":"command:a","token":"x"}}')
    assert error(session.begin(command, Grant("command:a", "7"))) is codes.PERMISSION_DENIED
    assert session.subscribe_server_side(["command:a"], {}) == []
    assert session.subscribe_by_server("command:a", SubscribeRequest(), b"") is None


BENEATH = {"device:a", "weather:berlin"}
COMPARED = "compare:a:berlin"


def comparing(*allowed: str) -> Session:
    """A connection of user 7, who may use these topics."""
    session = Session(Channels(), 5)
    say(session, '{"id":1,"connect":{}}')
    session.connected("7", lambda topic: BENEATH.issubset(allowed) if topic == COMPARED else topic in allowed)
    return session


def test_a_comparison_has_no_positions_and_is_never_recovered() -> None:
    text = f'{{"id":2,"subscribe":{{"channel":"{COMPARED}","recover":true,"recoverable":true,"positioned":true}}}}'
    (step,) = say(comparing(*BENEATH), text)
    assert isinstance(step, Subscribe)
    assert (step.recover, step.recoverable, step.positioned) == (False, False, False)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ('"history":{"channel":"compare:a:berlin"}', 108),
        ('"presence":{"channel":"compare:a:berlin"}', 108),
        ('"publish":{"channel":"compare:a:berlin","data":1}', 103),
        ('"subscribe":{"channel":"compare:a:berlin","data":{"window":"1h"}}', 107),
        ('"subscribe":{"channel":"compare:a:berlin","tf":{"key":"device","cmp":"eq","val":"a"}}', 107),
        ('"subscribe":{"channel":"compare:a"}', 107),
    ],
)
def test_what_a_comparison_does_not_offer_is_refused(command: str, code: int) -> None:
    (step,) = say(comparing(*BENEATH), f'{{"id":2,{command}}}')
    assert error(step).code == code


def test_nothing_opens_a_comparison_but_permission_for_both_topics_beneath_it() -> None:
    (command,) = JSON.decode(f'{{"id":2,"subscribe":{{"channel":"{COMPARED}","token":"x"}}}}'.encode())
    grant = Grant(COMPARED, "7")
    for allowed, opens in (({"device:a"}, False), ({"weather:berlin"}, False), (BENEATH, True)):
        assert isinstance(comparing(*allowed).begin(command, grant), Subscribe) is opens
        assert bool(comparing(*allowed).subscribe_server_side([COMPARED], {})) is opens
        by_server = comparing(*allowed).subscribe_by_server(COMPARED, SubscribeRequest(), b"")
        assert (by_server is not None) is opens
    assert comparing(*BENEATH).begin(command, Grant(COMPARED, "8")) == closes.INVALID_TOKEN


def test_whoever_made_it_a_comparison_ends_with_the_permission() -> None:
    (command,) = JSON.decode(f'{{"id":2,"subscribe":{{"channel":"{COMPARED}","token":"x"}}}}'.encode())
    one, other = comparing(*BENEATH), comparing(*BENEATH)
    one.begin(command, Grant(COMPARED, "7"))
    other.subscribe_by_server(COMPARED, SubscribeRequest(), b"")
    for session in (one, other):
        assert session.no_longer_permitted() == []
        session.permits = lambda _: False
        assert session.no_longer_permitted() == [COMPARED]
        session.lost(COMPARED)
        assert session.no_longer_permitted() == []


def test_who_may_subscribe_by_a_token_may_ask_for_a_window() -> None:
    (command,) = JSON.decode(b'{"id":2,"subscribe":{"channel":"device:a","token":"x","data":{"window":"1h"}}}')
    session = Session(Channels(), 3)
    say(session, '{"id":1,"connect":{}}')
    session.connected("7", lambda _: False)
    assert error(session.begin(command)).code == 103
    assert isinstance(session.begin(command, Grant("device:a", "7")), Subscribe)


def test_a_refresh_carries_a_token() -> None:
    steps = say(
        connected(),
        '{"id":2,"refresh":{"token":"x"}}',
        '{"id":3,"sub_refresh":{"channel":"a","token":"y"}}',
        '{"id":4,"refresh":{}}',
    )
    assert steps == [Refresh(2, "x"), SubRefresh(3, "a", "y"), closes.MALFORMED]


def test_a_command_without_a_request_or_an_unknown_one_closes() -> None:
    assert say(connected(), '{"id":2}') == [closes.MALFORMED]
    assert say(connected(), '{"id":2,"dance":{}}') == [closes.MALFORMED]


def test_an_answer_to_a_ping_is_taken_once() -> None:
    session = connected()
    session.pinged()
    assert say(session, "{}") == [Nothing()]
    assert say(session, "{}") == [closes.MALFORMED]


def test_a_ping_without_an_answer_closes() -> None:
    session = connected()
    session.pinged()
    assert session.expire() == closes.NO_PONG
    assert session.state is State.CLOSED


def test_send_is_not_available() -> None:
    assert say(connected(), '{"send":{"data":1}}') == [closes.SEND_NOT_AVAILABLE]


def test_a_subscribe_carries_its_position() -> None:
    step = say(
        connected(), '{"id":2,"subscribe":{"channel":"device:a","recover":true,"epoch":"E","offset":7,"flag":3}}'
    )
    assert step == [
        Subscribe(
            2,
            Channels().find("device:a"),
            recover=True,
            epoch="E",
            offset=7,
            reject_unrecovered=True,
            positioned=True,
            recoverable=True,
            join_leave=False,
        )
    ]


@pytest.mark.parametrize(
    ("channel", "code"),
    [
        ("", 107),
        ("nonsense", 102),
        ("chat:1", 102),
        ("device:", 107),
        ("device:a b", 107),
        ("device:é", 107),
        ("x" * 256, 107),
        ("command:a", 103),
    ],
)
def test_a_channel_that_cannot_be_read_is_refused(channel: str, code: int) -> None:
    text = orjson.dumps({"id": 2, "subscribe": {"channel": channel}}).decode()
    assert error(say(connected(), text)[0]).code == code
    text = orjson.dumps({"id": 2, "history": {"channel": channel}}).decode()
    assert error(say(connected(), text)[0]).code == code


def test_a_channel_is_subscribed_once_until_it_is_left() -> None:
    session = connected()
    subscribe = '{"id":2,"subscribe":{"channel":"readings"}}'
    first, second = say(session, subscribe, subscribe)
    assert isinstance(first, Subscribe)
    assert error(second) == codes.ALREADY_SUBSCRIBED
    assert say(session, '{"id":3,"unsubscribe":{"channel":"readings"}}') == [Unsubscribe(3, "readings")]
    assert isinstance(say(session, subscribe)[0], Subscribe)
    session.lost("readings")
    assert isinstance(say(session, subscribe)[0], Subscribe)


def test_subscriptions_are_bounded() -> None:
    session = connected(channels=1)
    steps = say(session, *(f'{{"id":2,"subscribe":{{"channel":"device:{n}"}}}}' for n in range(2)))
    assert error(steps[1]) == codes.LIMIT_EXCEEDED


@pytest.mark.parametrize(
    ("member", "code"),
    [
        ('"tf":{"key":"a"}', 107),
        ('"tf":{"key":"a","cmp":"ex"}', None),
        ('"type":1', 108),
        ('"delta":"fossil"', None),
        ('"tf":null', None),
        ('"data":{"delivery":"latest"}', None),
        ('"data":{"window":"1h"}', None),
        ('"data":{"delivry":"latest"}', 107),
    ],
)
def test_what_a_subscription_may_ask_for(member: str, code: int | None) -> None:
    (step,) = say(connected(), f'{{"id":2,"subscribe":{{"channel":"readings",{member}}}}}')
    assert (error(step).code if isinstance(step, Refused) else None) == code


def test_a_single_devices_topic_is_not_filtered() -> None:
    (step,) = say(connected(), '{"id":2,"subscribe":{"channel":"device:a","tf":{"key":"a","cmp":"ex"}}}')
    assert error(step) == codes.BAD_REQUEST


def test_an_unknown_delta_closes() -> None:
    text = '{"id":2,"subscribe":{"channel":"readings","delta":"x"}}'
    assert say(connected(), text) == [closes.MALFORMED]


def test_clients_publish_to_feeds_only() -> None:
    session = connected()
    steps = say(
        session,
        '{"id":2,"publish":{"channel":"feed:x","data":{"a": 1}}}',
        '{"id":3,"publish":{"channel":"device:x","data":1}}',
        '{"id":4,"publish":{"channel":"feed:x"}}',
    )
    assert steps[0] == Publish(2, Channels().find("feed:x"), b'{"a": 1}')
    assert [error(step).code for step in steps[1:]] == [103, 107]


def test_presence_is_not_available_on_topics() -> None:
    session = connected()
    for text in ('"presence":{"channel":"readings"}', '"presence_stats":{"channel":"readings"}'):
        assert error(say(session, f'{{"id":2,{text}}}')[0]) == codes.NOT_AVAILABLE


def test_history_and_calls_are_handed_on() -> None:
    history, call = say(
        connected(),
        '{"id":2,"history":{"channel":"device:a","limit":-1,"since":{"offset":3,"epoch":"E"},"reverse":true}}',
        '{"id":3,"rpc":{"method":"latest","data":{"device":"a"}}}',
    )
    assert isinstance(history, ReadHistory)
    assert history.request.since is not None
    assert (history.request.limit, history.request.since.offset, history.request.reverse) == (-1, 3, True)
    assert call == Call(3, "latest", b'{"device":"a"}')


def test_a_frame_holds_commands_line_by_line() -> None:
    assert [command.id for command in JSON.decode(b'{"id":1,"connect":{}}\n{"id":2,"ping":{}}\n')] == [1, 2]


@pytest.mark.parametrize(
    "frame",
    [b"", b"\n", b"[]", b"7", b"{", b'{"id":1}\n\n{"id":2}', b'{"id":-1}', b'{"id":"1"}', b"\xff", b"[" * 9_999],
)
def test_what_is_not_made_of_commands_is_malformed(frame: bytes) -> None:
    with pytest.raises(MalformedError):
        JSON.decode(frame)


@given(st.lists(st.one_of(st.binary(max_size=50), st.text(max_size=50).map(str.encode))))
def test_no_frame_raises_anything_else(frames: list[bytes]) -> None:
    session = connected()
    for frame in frames:
        try:
            commands = JSON.decode(frame)
        except MalformedError:
            continue
        for command in commands:
            assert not isinstance(session.begin(command), Connect)


@given(st.lists(st.sampled_from([*METHODS, "connect", "send", "ping", "sub_refresh", ""]), max_size=6))
def test_once_closed_it_stays_closed(methods: list[str]) -> None:
    session = Session(Channels(), 2)
    closed = False
    for method in methods:
        (command,) = JSON.decode(f'{{"id":1,"{method}":{{"channel":"readings","data":1}}}}'.encode())
        step = session.begin(command)
        assert isinstance(step, Nothing) or not closed
        closed = closed or isinstance(step, Close)
        assert (session.state is State.CLOSED) == closed


def test_pushes_are_joined_and_the_first_offset_tells_the_epoch() -> None:
    (frame,) = JSON.pushes("feed:x", Batch("E", 0, 1, [b"1", b'{"a":2}']))
    assert [orjson.loads(line) for line in frame.split(b"\n")] == [
        {"push": {"channel": "feed:x", "pub": {"data": 1, "offset": 1, "epoch": "E"}}},
        {"push": {"channel": "feed:x", "pub": {"data": {"a": 2}, "offset": 2}}},
    ]


def test_a_push_of_what_is_not_kept_has_no_offset() -> None:
    (frame,) = JSON.pushes("compare:a:berlin", Batch("", 0, 0, [b'{"a":2}']))
    assert orjson.loads(frame) == {"push": {"channel": "compare:a:berlin", "pub": {"data": {"a": 2}}}}


def test_joined_pushes_stay_below_the_bound() -> None:
    frames = JSON.pushes("feed:x", Batch("E", 0, 1, [b'"%s"' % (b"x" * 30_000)] * 7))
    assert sum(len(frame.split(b"\n")) for frame in frames) == 7
    assert all(len(frame) <= replies.FRAME_BYTES for frame in frames)


def test_what_was_recovered_moves_the_subscriber_on_from_its_own_offset() -> None:
    missed = [Batch("E", 0, 4, [b"4", b"5"])]
    result = orjson.loads(
        JSON.reply(
            2,
            "subscribe",
            replies.subscribed(
                Position("E", 5), replies.publications(missed), since=3, recovering=True, recoverable=True
            ),
        )
    )["subscribe"]
    assert result == {
        "recoverable": True,
        "positioned": True,
        "epoch": "E",
        "was_recovering": True,
        "recovered": True,
        "offset": 3,
        "publications": [{"data": 4, "offset": 4}, {"data": 5, "offset": 5}],
    }


def test_what_cannot_be_recovered_begins_at_the_top() -> None:
    result = replies.subscribed(Position("E", 5), None, since=3, recovering=True, recoverable=True)
    assert (result["offset"], "recovered" in result, result["was_recovering"]) == (5, False, True)


def test_an_error_tells_whether_to_try_again() -> None:
    assert orjson.loads(JSON.refusal(3, codes.INTERNAL)) == {
        "id": 3,
        "error": {"code": 100, "message": "internal server error", "temporary": True},
    }
    assert Command().id == 0


def server_side(session: Session, *names: str, **asked: SubscribeRequest) -> list[str] | Close:
    """The channels that the server subscribes to; `asked` for are channels whose `__` stands for a colon."""
    given = {name.replace("__", ":"): request for name, request in asked.items()}
    steps = session.subscribe_server_side(names, given)
    return steps if isinstance(steps, Close) else [step.channel.name for step in steps]


def test_a_connect_may_ask_for_channels_that_are_open_to_it() -> None:
    session = connected()
    assert server_side(session, "device:a", device__a=SubscribeRequest(), device__b=SubscribeRequest()) == [
        "device:a",
        "device:b",
    ]
    assert session.server_side == session.subscribed == {"device:a", "device:b"}


def test_what_a_connect_asks_for_is_recovered_and_filtered_as_it_says() -> None:
    session = connected()
    filtered = SubscribeRequest(recover=True, epoch="E", offset=7, tf=FilterNode(key="device", cmp="eq", val="a"))
    steps = session.subscribe_server_side([], {"readings": filtered})
    assert isinstance(steps, list)
    assert [(step.recover, step.epoch, step.offset, step.filter is not None) for step in steps] == [
        (True, "E", 7, True)
    ]


def test_what_a_connect_must_not_have_is_left_out() -> None:
    session = connected()
    assert server_side(session, command__a=SubscribeRequest(), device__b=SubscribeRequest()) == ["device:b"]


@pytest.mark.parametrize(
    "request_",
    [{"x__y": SubscribeRequest()}, {"device__": SubscribeRequest()}, {"device__a": SubscribeRequest(delta="x")}],
)
def test_a_connect_that_asks_for_what_cannot_be_is_closed(request_: dict[str, SubscribeRequest]) -> None:
    session = connected()
    assert server_side(session, **request_) == closes.MALFORMED
    assert session.state is State.CLOSED


def test_a_connect_that_asks_for_more_channels_than_allowed_is_closed() -> None:
    asked = {f"device__{number}": SubscribeRequest() for number in range(3)}
    assert server_side(connected(channels=2), **asked) == closes.TOO_MANY_CHANNELS


@pytest.mark.parametrize(("error", "code"), [(100, 3004), (103, 3507), (109, 3005), (110, 3005), (111, 3013)])
def test_who_gets_no_replies_is_closed_with_the_error_s_code(error: int, code: int) -> None:
    assert codes.close_for(Refusal(error, "x")).code == code


def test_a_backend_subscribes_a_connection_within_its_bound() -> None:
    session = connected(2, user="7")
    step = session.subscribe_by_server("feed:a", SubscribeRequest(recover=True, epoch="E", offset=3), b'{"a":1}')
    assert step is not None
    assert (step.recover, step.offset, step.positioned) == (True, 3, True)
    assert step.grant == Grant("feed:a", "7", info=b'{"a":1}')
    assert session.server_side == {"feed:a"}
    assert error(say(session, '{"id":2,"subscribe":{"channel":"feed:a"}}')[0]) is codes.ALREADY_SUBSCRIBED
    assert session.subscribe_by_server("feed:a", SubscribeRequest(), b"") is None
    assert session.subscribe_by_server("nowhere:a", SubscribeRequest(), b"") is None
    assert session.subscribe_by_server("feed:b", SubscribeRequest(), b"") is not None
    assert session.subscribe_by_server("feed:c", SubscribeRequest(), b"") is None


def test_a_backend_does_not_subscribe_who_is_not_connected() -> None:
    assert Session(Channels(), 3).subscribe_by_server("feed:a", SubscribeRequest(), b"") is None
