"""The device keys that came in lately: read from Redis once, then known here until any key changes.

`watch` asks Redis twice a second whether keys changed. What is known here counts only while that was answered within
the last two seconds: so long does a revocation take at most, and when Redis is away nobody is let in on what was
known before.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakValueDictionary

import msgspec
from prometheus_client import CollectorRegistry, Counter

from ingest.admission import Bucket, Buckets
from services import device_keys, logs
from services.access import Patterns
from services.addresses import household
from services.device_keys import DeviceKey, Spoken
from services.errors import TooManyRequests, Unauthorized, Unavailable
from services.key_store import KeyStore, devices_key
from services.names import Names
from services.redis import Client
from services.settings import DeviceSettings

LOOK_S = 0.5
CONFIRMED_S = 2.0
RECHECK_S = 60.0
"""After so long a key is read again in any case: the machine's clock may have been set."""
MOST_KNOWN = 20_000
"""Most texts of keys that are known here, and as many that are known to be wrong."""
WRONG_PER_S = 10.0
"""Wrong keys a second that one address may have Redis asked about; bursts of twice that."""
ASKED_AT_ONCE = 10
"""Keys that Redis is asked about at once for one address; others wait for their turn, so that good ones of a fleet
behind one address all come in."""
WRONG = "the key is not good: unknown, revoked or expired"

log = logs.get("keys")


class Opened:
    """A key that was found good, as the rooms of this process see it: what it opens, and how much came with it."""

    def __init__(self, key: DeviceKey, settings: DeviceSettings, redis: Client, kept_s: int, now: float) -> None:
        scope = key.scope
        self.id = key.id
        self._devices = _open(scope.devices)
        self._metrics = _open(scope.metrics)
        self.opens_all = self._devices is None and self._metrics is None
        self.only_device = scope.devices[0] if len(scope.devices) == 1 and "*" not in scope.devices[0] else None
        self.bucket = Bucket(scope.readings_per_s or settings.key_readings_per_s, now)
        self.most_devices = scope.devices_max or settings.key_devices
        # Devices that are named one by one need no counting.
        counts = any("*" in one for one in scope.devices) or len(scope.devices) > self.most_devices
        self.devices = Names(redis, devices_key(key.id), self.most_devices, kept_s, time.monotonic) if counts else None

    def opens_device(self, device: str) -> bool:
        """Whether the key is for this device."""
        return self._devices is None or self._devices.match(device)

    def foreign_metric(self, metrics: Sequence[str] | Any) -> str | None:
        """The first of `metrics` that the key is not for."""
        if self._metrics is None:
            return None
        return next((one for one in metrics if not self._metrics.match(one)), None)


def _open(patterns: Sequence[str]) -> _Seen | None:
    return None if "*" in patterns else _Seen(patterns)


class _Seen:
    """Patterns, and names that were seen to match them."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = Patterns(patterns)
        self._matching: set[str] = set()

    def match(self, name: str) -> bool:
        if name in self._matching:
            return True
        if not self._patterns.match(name):
            return False
        if len(self._matching) >= 1_000:
            self._matching.clear()
        self._matching.add(name)
        return True


class Holder(msgspec.Struct):
    """Who holds a secret of a key."""

    spoken: Spoken
    opened: Opened
    state: int = 0
    """That of the ring when it was found good."""
    until: float = 0.0
    """By the ring's clock."""


class KeyRing:
    """All of this process. `watch` must be running for anything to be known without asking."""

    def __init__(
        self,
        store: KeyStore,
        redis: Client,
        settings: DeviceSettings,
        kept_s: int,
        registry: CollectorRegistry,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`kept_s` is how long a silent device counts for its key."""
        self._store = store
        self._redis = redis
        self._settings = settings
        self._kept_s = kept_s
        self._clock = clock
        self._version: bytes | None = None
        self._state = 0
        """Rises whenever what is known may be wrong."""
        self._confirmed_until = -math.inf
        self._holders: dict[str, Holder] = {}
        self._wrong: dict[str, int] = {}
        self._opened: dict[str, Opened] = {}
        self._asking: dict[str, asyncio.Task[DeviceKey | None]] = {}
        self._pace = Buckets(WRONG_PER_S)
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._lookups = Counter(
            "windsock_key_lookups",
            "Device keys that Redis was asked about, by what came of it",
            ["result"],
            registry=registry,
        )

    def known(self, text: str, now: float) -> Holder | None:
        """Who holds the key `text`; None if `found` must be asked. Raises Unauthorized."""
        holder = self._holders.get(text)
        if holder is not None:
            return holder if self.is_good(holder, now) else None
        if self._wrong.get(text) == self._state and now < self._confirmed_until:
            raise Unauthorized(WRONG)
        return None

    def is_good(self, holder: Holder, now: float) -> bool:
        """Whether it is known that the key is still good; if not, `check` tells."""
        return holder.state == self._state and now < self._confirmed_until and now < holder.until

    async def found(self, text: str, address: str) -> Holder:
        """Who holds the key `text`. Raises Unauthorized, Unavailable, and TooManyRequests after many wrong ones.

        What is good costs its address nothing.
        """
        spoken = device_keys.parsed(text)
        if spoken is None:
            raise Unauthorized(WRONG)
        state = self._state
        holder = self._holders.get(text)
        if holder is not None:
            try:
                await self.check(holder)
            except Unauthorized:
                self._holders.pop(text, None)
                _bounded(self._wrong)[text] = state
                raise
            return holder
        home = household(address)
        async with self._turns.setdefault(home, asyncio.Semaphore(ASKED_AT_ONCE)):
            now = self._clock()
            return self.known(text, now) or await self._new(text, spoken, self._pace.of(home, now))

    async def check(self, holder: Holder) -> None:
        """Ask whether the key is still good. Raises Unauthorized and Unavailable."""
        state = self._state
        _, until = await self._asked(holder.spoken)
        holder.state, holder.until = state, until

    async def watch(self) -> None:
        """Look for changes until cancelled."""
        while True:
            began = self._clock()
            try:
                async with asyncio.timeout(CONFIRMED_S):
                    version = await self._store.version()
            except (Unavailable, TimeoutError) as error:
                log.debug("whether keys changed is not known", error=str(error))
            else:
                if version != self._version:
                    self._version = version
                    self._state += 1
                    self._wrong.clear()
                self._confirmed_until = began + CONFIRMED_S
            await asyncio.sleep(LOOK_S)

    async def _new(self, text: str, spoken: Spoken, pace: Bucket) -> Holder:
        """Who holds a key that is not known here. One that is wrong costs a token of `pace`."""
        if wait_s := pace.wait_s(self._clock()):
            raise TooManyRequests("too many wrong keys come from this address", "keys", WRONG_PER_S, wait_s)
        pace.take(1)
        state, cost = self._state, 0
        try:
            opened, until = await self._asked(spoken)
        except Unauthorized:
            cost = 1
            _bounded(self._wrong)[text] = state
            raise
        finally:
            pace.give_back(1 - cost)
        holder = _bounded(self._holders)[text] = Holder(spoken, opened, state, until)
        return holder

    async def _asked(self, spoken: Spoken) -> tuple[Opened, float]:
        """What the key opens, and until when by our clock it need not be read again."""
        try:
            key = await self._read(spoken.id)
        except Unavailable:
            self._lookups.labels("failed").inc()
            raise
        now, now_ms = self._clock(), time.time_ns() // 1_000_000
        left_ms = key.good_until(spoken.digest, now_ms) - now_ms if key else 0
        if key is None or left_ms <= 0:
            self._lookups.labels("wrong").inc()
            if key is None:
                self._opened.pop(spoken.id, None)
            raise Unauthorized(WRONG)
        self._lookups.labels("good").inc()
        opened = self._opened.get(key.id)
        if opened is None:
            opened = Opened(key, self._settings, self._redis, self._kept_s, now)
            _bounded(self._opened)[key.id] = opened
        return opened, now + min(left_ms / 1000, RECHECK_S)

    async def _read(self, key_id: str) -> DeviceKey | None:
        """Many who ask for the same key at once are one question to Redis."""
        task = self._asking.get(key_id)
        if task is None:
            task = self._asking[key_id] = asyncio.create_task(self._store.find(key_id))

            def done(ended: asyncio.Task[DeviceKey | None]) -> None:
                del self._asking[key_id]
                if not ended.cancelled():
                    ended.exception()  # those who asked may all be gone

            task.add_done_callback(done)
        return await asyncio.shield(task)


def _bounded(known: dict[Any, Any]) -> dict[Any, Any]:
    """`known` with room for one more: the oldest goes."""
    if len(known) >= MOST_KNOWN:
        del known[next(iter(known))]
    return known
