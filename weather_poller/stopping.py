"""Ends loops that talk to Redis."""

from __future__ import annotations

import asyncio


def wanted() -> bool:
    """Whether the current task is to go on.

    A cancellation that meets a reply of Redis on its way can get lost in the client; a loop that looks here
    ends all the same, and the service with it.
    """
    task = asyncio.current_task()
    return task is None or not task.cancelling()
