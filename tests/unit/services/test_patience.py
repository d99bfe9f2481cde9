from __future__ import annotations

import asyncio

from services.patience import NEVER, Patience


class Guest:
    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.late = asyncio.Event()

    def overdue(self) -> None:
        self.late.set()


async def test_who_is_overdue_is_told_once_and_others_are_not() -> None:
    now = asyncio.get_running_loop().time()
    patience = Patience(0.04)
    late, early, gone = Guest(now + 0.02), Guest(NEVER), Guest(now)
    for guest in (late, early, gone):
        patience.begin(guest)
    patience.end(gone)
    async with asyncio.timeout(5):
        await late.late.wait()
    assert late.deadline == NEVER
    assert not early.late.is_set()
    assert not gone.late.is_set()


async def test_who_comes_after_all_have_gone_is_looked_after_too() -> None:
    patience = Patience(0.01)
    now = asyncio.get_running_loop().time()
    for _ in range(2):
        guest = Guest(now)
        patience.begin(guest)
        async with asyncio.timeout(5):
            await guest.late.wait()
        patience.end(guest)
        await asyncio.sleep(0.01)  # the timer sees that nobody is left
