"""Device keys in Redis: one hash, id → key, beside a number that changes with every change of them.

Who keeps a copy of a key compares that number (`ingest.key_ring`). Redis failures are raised as Unavailable.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import Any

import msgspec

from services import device_keys
from services.device_keys import DeviceKey
from services.errors import Conflict, NotFound, Unavailable
from services.redis import Client, answered

KEYS = "windsock:{keys}"
VERSION = "windsock:{keys}:version"

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(DeviceKey).decode


def devices_key(key_id: str) -> str:
    """Sorted set of the devices that a key posts for (`services.names`)."""
    return f"windsock:{{keys}}:devices:{key_id}"


class KeyStore:
    """All keys of a Windsock, at most `most`."""

    def __init__(self, redis: Client, most: int, now_ms: Callable[[], int]) -> None:
        self._redis = redis
        self._most = most
        self._now_ms = now_ms
        self._put = redis.register_script(files("services").joinpath("lua/key_put.lua").read_text())

    async def version(self) -> bytes:
        """What changes with every change."""
        async with answered():
            found: Any = await self._redis.get(VERSION)
        return found or b""

    async def find(self, key_id: str) -> DeviceKey | None:
        """The key with this id, expired or not."""
        async with answered():
            found: Any = await self._redis.hget(KEYS, key_id)
        return _read(found) if found else None

    async def all(self) -> list[DeviceKey]:
        """Every key, the oldest first."""
        async with answered():
            found: Any = await self._redis.hgetall(KEYS)
        return sorted(map(_read, found.values()), key=lambda key: (key.created, key.id))

    async def add(self, key: DeviceKey) -> None:
        """Keep a new key. When there is no room, those that have expired go; then raises Conflict."""
        if await self._stored(key, b""):
            return
        for old in await self.all():
            if not old.live(self._now_ms()):
                await self._drop(old.id)
        if not await self._stored(key, b""):
            raise Conflict(f"there are {self._most} keys already (WINDSOCK_KEYS_MAX); revoke those that nobody needs")

    async def rotate(self, key_id: str, overlap_ms: int | None) -> tuple[DeviceKey, str]:
        """Give a key one more secret; the key, and its text with the new one. Raises NotFound and Conflict."""
        digest, text = device_keys.fresh_secret(key_id)
        key = await self._change(key_id, lambda key: key.rotated(digest, self._now_ms(), overlap_ms))
        return key, text

    async def revoke_previous(self, key_id: str) -> DeviceKey:
        """End the secret before the newest one. Raises NotFound and Conflict."""
        return await self._change(key_id, lambda key: key.newest_only(self._now_ms()))

    async def revoke(self, key_id: str) -> None:
        """End a key. Raises NotFound."""
        if not await self._drop(key_id):
            raise _not_found(key_id)

    async def _change(self, key_id: str, change: Callable[[DeviceKey], DeviceKey]) -> DeviceKey:
        async with answered():
            found: Any = await self._redis.hget(KEYS, key_id)
        if not found:
            raise _not_found(key_id)
        changed = change(_read(found))
        if not await self._stored(changed, found):
            raise Conflict("somebody else changed the key at the same time; look at it, and try again")
        return changed

    async def _stored(self, key: DeviceKey, instead_of: bytes) -> bool:
        async with answered():
            return bool(await self._put(keys=[KEYS, VERSION], args=[key.id, instead_of, _encode(key), self._most]))

    async def _drop(self, key_id: str) -> bool:
        async with answered():
            pipeline = self._redis.pipeline(transaction=True)
            pipeline.hdel(KEYS, key_id)
            pipeline.unlink(devices_key(key_id))
            pipeline.incr(VERSION)
            dropped, *_ = await pipeline.execute()
        return bool(dropped)


def _read(found: bytes) -> DeviceKey:
    try:
        return _decode(found)
    except msgspec.MsgspecError as error:
        raise Unavailable(f"a device key in Redis cannot be read ({error})") from None


def _not_found(key_id: str) -> NotFound:
    return NotFound(f"there is no key {key_id[:64]!r}")
