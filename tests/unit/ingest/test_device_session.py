from __future__ import annotations

import json

from ingest.sockets import session
from ingest.sockets.session import Repeats, Session
from services.commit import Appended
from services.errors import Fault, InvalidReadings, TooManyRequests, Unavailable
from services.reading import Decoded, Limits, decode


def test_answers_go_out_in_the_order_of_the_messages_whatever_is_known_first() -> None:
    one = Session(8)
    first, second = one.begin(), one.begin()
    assert (first.number, second.number) == (1, 2)
    second.answer = b"2"
    assert one.next() is None
    first.answer = b"1"
    assert one.next() == b"1"
    assert one.next() == b"1"
    one.sent()
    assert one.next() == b"2"
    one.sent()
    assert one.next() is None
    assert one.empty


def test_a_message_is_in_flight_until_its_answer_is_sent() -> None:
    one = Session(2)
    turn = one.begin()
    assert not one.full
    one.begin()
    assert one.full
    turn.answer = b"1"
    assert one.full
    one.sent()
    assert not one.full


def test_what_is_stored_is_told_with_positions() -> None:
    decoded = decode(b'[{"device":"a","values":{"n":1}},{"device":"a","values":{"n":2}}]', "json", Limits(), 10**12)
    appended = [Appended("E.1"), Appended("E.1", True)]
    assert json.loads(session.stored(Session(1).begin(), decoded, appended, skip=False)) == {
        "ack": 1,
        "accepted": 2,
        "duplicates": 1,
        "positions": ["E.1", "E.1"],
    }


def test_readings_that_were_left_out_are_told() -> None:
    decoded = Decoded([None], [Fault(0, "values", "is required")])
    told = json.loads(session.stored(Session(1).begin(), decoded, [], skip=True))
    assert told["positions"] == [None]
    assert told["rejected"] == [{"index": 0, "field": "values", "reason": "is required"}]


def test_a_refusal_names_the_message_and_what_was_wrong() -> None:
    one = Session(2)
    one.begin()
    told = json.loads(session.refused(one.begin(), InvalidReadings([Fault(3, "ts", "is wrong")])))
    assert told["message"] == 2
    assert told["error"] == {
        "code": "invalid_reading",
        "message": "reading 3: ts: is wrong",
        "index": 3,
        "field": "ts",
        "reason": "is wrong",
        "retryable": False,
    }


def test_what_may_be_sent_again_is_said_to_be_so() -> None:
    told = json.loads(session.refused(Session(1).begin(), Unavailable("Redis is away", 2)))
    assert told["error"]["code"] == "unavailable"
    assert told["error"]["retryable"] is True
    assert told["error"]["retry_after"] == 2


def test_what_came_too_fast_is_told_when_to_come_again() -> None:
    told = json.loads(session.refused(Session(1).begin(), TooManyRequests("too fast", "key", 50.0, 8.2)))
    assert (told["error"]["retryable"], told["error"]["retry_after"], told["message"]) == (True, 9, 1)


def test_a_command_is_sent_at_once_and_again_until_it_is_acknowledged() -> None:
    repeats = Repeats(10)
    assert repeats.due([b"a"], 0) == [b"a"]
    assert repeats.due([b"a", b"b"], 4) == [b"b"]
    assert repeats.wait_s(4, 50) == 6
    assert repeats.due([b"a", b"b"], 10) == [b"a"]
    assert repeats.due([b"b"], 11) == []
    assert repeats.due([], 12) == []
    assert repeats.wait_s(12, 50) == 50
