from __future__ import annotations

from typing import cast

from gateway.channels import Channels
from gateway.clients.centrifuge.commands import Command, ConnectRequest
from gateway.clients.centrifuge.pings import Pinged, Pings
from gateway.clients.centrifuge.session import Session
from gateway.clients.centrifuge.steps import Connect, Nothing
from gateway.sender import Sender
from services.closes import MALFORMED

CONNECT = Command(id=1, connect=ConnectRequest())


class Recorder:
    def __init__(self) -> None:
        self.pings = 0
        self.closed: list[int] = []

    def send(self, message: bytes) -> None:
        self.pings += 1

    def close(self, code: int, reason: str) -> None:
        self.closed.append(code)


def pinged() -> tuple[Session, Recorder, Pinged]:
    """A connection that got its first ping at 10 and has 3 seconds to answer."""
    session, recorder = Session(Channels(), 1), Recorder()
    one = Pinged(session, cast(Sender, recorder), b"{}", 0.0, 10.0, 3.0)
    one.tick(10.0)
    assert recorder.pings == 1
    return session, recorder, one


def test_who_answers_gets_the_next_ping() -> None:
    session, recorder, one = pinged()
    session.unanswered_pings = 0
    one.tick(19.0)
    assert recorder.pings == 1
    one.tick(20.0)
    assert (recorder.pings, recorder.closed) == (2, [])


def test_who_does_not_answer_in_time_is_closed() -> None:
    _, recorder, one = pinged()
    one.tick(12.9)
    assert recorder.closed == []
    one.tick(13.0)
    assert recorder.closed == [3012]


def test_an_answer_that_nobody_read_may_still_be_read_before_the_client_is_blamed() -> None:
    _, recorder, one = pinged()
    one.busy()
    one.tick(60.0)
    one.listening(60.0)
    one.tick(60.5)
    assert recorder.closed == []
    one.tick(63.0)
    assert recorder.closed == [3012]


def test_a_busy_connection_is_pinged_all_the_same_and_each_answer_is_taken() -> None:
    session, recorder, one = pinged()
    one.busy()
    one.tick(20.0)
    assert (recorder.pings, session.unanswered_pings, recorder.closed) == (2, 2, [])
    pong = Command()
    assert session.begin(CONNECT) == Connect(1, "", {})
    session.connected("", lambda _: True)
    assert [session.begin(pong) for _ in range(3)] == [Nothing(), Nothing(), MALFORMED]


def test_an_answer_is_not_waited_for_longer_than_until_the_next_ping() -> None:
    assert Pings(ping_s=2, pong_s=60)._pong_s == 2


def test_who_only_listens_is_pinged_and_need_not_answer() -> None:
    session, recorder = Session(Channels(), 1), Recorder()
    one = Pinged(session, cast(Sender, recorder), b"{}", 0.0, 10.0, 3.0, answered=False)
    for now in (10.0, 19.0, 20.0, 30.0):
        one.tick(now)
    assert (recorder.pings, recorder.closed) == (3, [])
