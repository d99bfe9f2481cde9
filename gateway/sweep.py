"""Takes devices whose state has expired off their index, page by page, every hour or so."""

from __future__ import annotations

import asyncio
import random

from services import logs
from services.errors import Unavailable
from services.stream import Stream

EVERY_S = 3_600.0
PAGE = 500

log = logs.get("sweep")


async def sweep_for_ever(stream: Stream) -> None:
    """Sweep until cancelled; gateways that started together do not sweep together."""
    while True:
        await asyncio.sleep(EVERY_S * random.uniform(0.5, 1.5))
        try:
            await sweep(stream)
        except Unavailable as error:
            log.warning("cannot sweep the index of devices", error=str(error))


async def sweep(stream: Stream) -> None:
    """Look at every device of the index once. Raises Unavailable."""
    last = ""
    while names := await stream.devices(last, "", PAGE):
        await stream.forget_devices(names)
        last = names[-1]
