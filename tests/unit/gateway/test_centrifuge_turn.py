from __future__ import annotations

import pytest

from gateway.clients.centrifuge.turn import Turn


async def test_a_change_is_made_at_once_while_nobody_has_the_turn() -> None:
    made: list[int] = []
    Turn().make(lambda: made.append(1))
    assert made == [1]


async def test_a_change_waits_for_the_one_that_is_being_made() -> None:
    turn, made = Turn(), list[int]()
    async with turn.taken():
        turn.make(lambda: made.append(1))
        turn.make(lambda: made.append(2))
        assert made == []
    assert made == [1, 2]


async def test_a_change_is_made_even_if_that_one_fails() -> None:
    turn, made = Turn(), list[int]()

    async def fail() -> None:
        async with turn.taken():
            turn.make(lambda: made.append(1))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert made == [1]
