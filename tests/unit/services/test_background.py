from __future__ import annotations

import asyncio

import pytest

from services.background import background


async def test_work_has_ended_when_the_context_is_left() -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    async with background(work):
        await asyncio.sleep(0)
    assert ended.is_set()


async def test_work_that_loses_its_cancellation_is_cancelled_again() -> None:
    lost = 0

    async def work() -> None:
        nonlocal lost
        while lost < 2:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                lost += 1

    async with asyncio.timeout(10):
        async with background(work):
            await asyncio.sleep(0)
    assert lost == 2


async def test_work_that_fails_ends_the_body() -> None:
    async def work() -> None:
        raise ValueError("broken")

    with pytest.raises(ExceptionGroup) as caught:
        async with background(work):
            await asyncio.sleep(60)
    assert caught.group_contains(ValueError, match="broken")
