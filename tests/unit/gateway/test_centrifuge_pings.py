from __future__ import annotations

from typing import cast

from gateway.clients.centrifuge.pings import Pulse
from gateway.clients.centrifuge.session import Session
from gateway.sender import Sender


class Recorder:
    def __init__(self) -> None:
        self.pings = 0
        self.closed: list[int] = []

    def send(self, message: bytes) -> None:
        self.pings += 1

    def close(self, code: int, reason: str) -> None:
        self.closed.append(code)


def pinged() -> tuple[Session, Recorder, Pulse]:
    """A connection that got its first ping at 10 and has 3 seconds to answer."""
    session, recorder = Session(1), Recorder()
    pulse = Pulse(session, cast(Sender, recorder), b"{}", 0.0, 10.0, 3.0)
    pulse.tick(10.0)
    assert recorder.pings == 1
    return session, recorder, pulse


def test_who_answers_gets_the_next_ping() -> None:
    session, recorder, pulse = pinged()
    session.awaits_pong = False
    pulse.tick(19.0)
    assert recorder.pings == 1
    pulse.tick(20.0)
    assert (recorder.pings, recorder.closed) == (2, [])


def test_who_does_not_answer_in_time_is_closed() -> None:
    _, recorder, pulse = pinged()
    pulse.tick(12.9)
    assert recorder.closed == []
    pulse.tick(13.0)
    assert recorder.closed == [3012]


def test_an_answer_that_nobody_read_may_still_be_read_before_the_client_is_blamed() -> None:
    _, recorder, pulse = pinged()
    pulse.busy()
    pulse.tick(60.0)
    pulse.listening(60.0)
    pulse.tick(60.5)
    assert recorder.closed == []
    pulse.tick(63.0)
    assert recorder.closed == [3012]
