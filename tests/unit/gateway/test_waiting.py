from __future__ import annotations

import asyncio

import pytest

from gateway.waiting import Gate, Inbox


async def test_what_came_is_taken_in_its_order() -> None:
    inbox: Inbox[int] = Inbox()
    assert inbox.empty()
    inbox.put_nowait(1)
    inbox.put_nowait(2)
    assert [inbox.take(), inbox.take()] == [1, 2]
    assert inbox.empty()


async def test_the_reader_is_told_of_an_arrival() -> None:
    inbox: Inbox[int] = Inbox()
    arrival = inbox.arrival()
    inbox.put_nowait(1)
    inbox.put_nowait(2)
    await arrival
    assert inbox.take() == 1


async def test_an_arrival_after_the_reader_gave_up_is_kept() -> None:
    inbox: Inbox[int] = Inbox()
    inbox.arrival().cancel()
    inbox.put_nowait(1)
    assert inbox.take() == 1


async def test_a_gate_lets_through_while_it_is_open() -> None:
    gate = Gate()
    assert gate.is_set()
    assert await gate.wait()


async def test_all_who_wait_at_a_gate_go_on_once_it_opens() -> None:
    gate = Gate()
    gate.clear()
    waiting = [asyncio.ensure_future(gate.wait()) for _ in range(3)]
    await asyncio.sleep(0)
    gate.clear()
    assert not any(one.done() for one in waiting)
    gate.set()
    assert await asyncio.gather(*waiting) == [True] * 3


async def test_who_gives_up_at_a_gate_harms_nobody() -> None:
    gate = Gate()
    gate.clear()
    gone, stays = asyncio.ensure_future(gate.wait()), asyncio.ensure_future(gate.wait())
    await asyncio.sleep(0)
    gone.cancel()
    gate.set()
    assert await stays
    with pytest.raises(asyncio.CancelledError):
        await gone


async def test_who_wakes_at_a_gate_that_closed_again_waits_on() -> None:
    gate = Gate()
    gate.clear()
    waiting = asyncio.ensure_future(gate.wait())
    await asyncio.sleep(0)
    gate.set()
    gate.clear()
    await asyncio.sleep(0)
    assert not waiting.done()
    gate.set()
    assert await waiting


async def test_a_reader_is_awaited_until_something_comes() -> None:
    inbox: Inbox[int] = Inbox()
    assert not inbox.awaited
    inbox.arrival()
    assert inbox.awaited
    inbox.put_nowait(1)
    assert not inbox.awaited
