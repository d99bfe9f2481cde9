from __future__ import annotations

import asyncio
from functools import partial

from gateway.jobs import Jobs
from services.background import background
from tests.waiting import until


async def test_jobs_run_together_up_to_a_bound() -> None:
    jobs, began, may_end = Jobs(together=2), list[int](), asyncio.Event()

    async def job(number: int) -> None:
        began.append(number)
        await may_end.wait()

    async with background(jobs.run):
        for number in range(3):
            assert jobs.start(partial(job, number))
        await until(lambda: began == [0, 1], "they do not begin")
        may_end.set()
        await until(lambda: began == [0, 1, 2], "the third does not begin")


async def test_too_many_are_left_out() -> None:
    jobs = Jobs(most_waiting=1)
    assert jobs.start(asyncio.Event().wait)  # type: ignore[arg-type]
    assert not jobs.start(asyncio.Event().wait)  # type: ignore[arg-type]
