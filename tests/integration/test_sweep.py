"""The index of devices on a real Redis, swept."""

from __future__ import annotations

from gateway.sweep import sweep
from services import topics
from services.redis import Client
from services.stream import Stream


async def test_devices_whose_state_expired_leave_the_index(client: Client) -> None:
    names = [f"d{number:04}" for number in range(1_200)]
    await client.zadd(topics.DEVICES_KEY, dict.fromkeys(names, 0))
    for name in names[::100]:
        await client.hset(topics.state_key(topics.DEVICE + name), "seen", "1")
    stream = Stream(client)
    await sweep(stream)
    assert await stream.devices("", "", 2_000) == names[::100]
