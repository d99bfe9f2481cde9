from __future__ import annotations

import asyncio
from typing import cast

import pytest

from gateway.clients.centrifuge import codes
from gateway.clients.centrifuge.answers import Answers
from gateway.clients.centrifuge.calls import Calls
from gateway.clients.centrifuge.codes import Refusal
from gateway.clients.centrifuge.procedures import COMMAND
from gateway.clients.centrifuge.steps import Call
from services.errors import Unavailable
from tests.waiting import until


class Recorder:
    def __init__(self) -> None:
        self.refused: list[tuple[int, Refusal]] = []

    def refuse(self, number: int, error: Refusal) -> None:
        self.refused.append((number, error))


class Slow:
    """Procedures that end when they are told to."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.ended: list[int] = []
        self.error: Exception | None = None
        self.may_end = asyncio.Event()

    async def call(self, step: Call) -> None:
        self.begun.append(step.id)
        try:
            await self.may_end.wait()
            if self.error is not None:
                raise self.error
        finally:
            self.ended.append(step.id)


def calls(slow: Slow, most: int = 2) -> tuple[Calls, Recorder]:
    recorder = Recorder()
    return Calls(slow.call, cast(Answers, recorder), most), recorder


async def test_a_quick_call_is_carried_out_in_its_turn() -> None:
    slow = Slow()
    slow.may_end.set()
    await calls(slow)[0].take(Call(1, "latest", b""))
    assert slow.ended == [1]


async def test_slow_calls_run_beside_each_other_up_to_the_bound() -> None:
    slow = Slow()
    some, recorder = calls(slow)
    for number in (1, 2, 3):
        await some.take(Call(number, COMMAND, b""))
    await until(lambda: slow.begun == [1, 2], "they do not begin")
    assert recorder.refused == [(3, codes.LIMIT_EXCEEDED)]
    slow.may_end.set()
    await until(lambda: slow.ended == [1, 2], "they do not end")
    await some.take(Call(4, COMMAND, b""))
    await until(lambda: slow.ended == [1, 2, 4], "there is no place again")


async def test_they_end_with_the_connection() -> None:
    slow = Slow()
    some, recorder = calls(slow)
    await some.take(Call(1, COMMAND, b""))
    await until(lambda: slow.begun == [1], "it does not begin")
    await some.end()
    assert slow.ended == [1]
    assert recorder.refused == []


@pytest.mark.parametrize("error", [Unavailable("no Redis"), ValueError("a fault of ours")])
async def test_a_slow_call_that_fails_is_answered(error: Exception) -> None:
    slow = Slow()
    slow.error = error
    slow.may_end.set()
    some, recorder = calls(slow)
    await some.take(Call(1, COMMAND, b""))
    await until(lambda: recorder.refused == [(1, codes.INTERNAL)], "it is not answered")
