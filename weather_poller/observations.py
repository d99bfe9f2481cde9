"""Appends observations, and tells the state of their places, in one step that only the holder of the lease can take.

Promises: who lost the lease writes nothing, however late it wakes up; the observations and states of one call are
stored together or not at all; an observation is stored once.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from prometheus_client import CollectorRegistry, Counter
from redis.exceptions import ResponseError, WatchError

from services import topics
from services.batch import fresh_epoch
from services.commit import Commit, entry_of
from services.places import KNOWN_S
from services.reading import Reading
from services.redis import Client, answered, text
from services.settings import StreamSettings
from services.trimming import Trimming
from services.weather_status import WeatherStatus, encoded, status_key
from weather_poller.held import Held, LostError


class Observations:
    """Writes on behalf of who holds `lease`."""

    def __init__(self, redis: Client, lease: Held, settings: StreamSettings, registry: CollectorRegistry) -> None:
        self._redis = redis
        self._lease = lease
        self._settings = settings
        self._append = files("services").joinpath("lua/append.lua").read_text()
        self._trimming = Trimming(redis)
        self._stored = Counter("windsock_weather_observations", "Observations appended", registry=registry)

    async def write(self, readings: Sequence[Reading], states: Sequence[WeatherStatus]) -> None:
        """Append `readings`, of each place from the oldest on, and set `states`, if the lease is still held.

        Raises LostError: nothing is written; Unavailable: it is not known whether it is.
        """
        entries = [entry_of(reading, topic=topics.WEATHER + reading.device, group_topics=False) for reading in readings]
        async with answered():
            while True:
                # There is little to append, and rarely: every topic is kept up each time.
                commit = Commit(entries, self._settings, lambda _: True)
                known = await self._store(commit, states)
                if not known:
                    break
                entries = [entry for number, entry in enumerate(entries) if number not in known]
        self._stored.inc(len(entries))

    async def _store(self, commit: Commit, states: Sequence[WeatherStatus]) -> frozenset[int]:
        """The numbers of the entries that were stored before; then nothing is appended yet."""
        while True:
            try:
                return await self._step(commit, states)
            except WatchError:
                continue  # it was renewed, or it is lost: look again
            except ResponseError as error:
                if not await self._trimming.made_room(error, commit):
                    raise

    async def _step(self, commit: Commit, states: Sequence[WeatherStatus]) -> frozenset[int]:
        async with self._redis.pipeline(transaction=True) as pipeline:
            await pipeline.watch(self._lease.key)
            holder = await pipeline.get(self._lease.key)
            if holder is None or text(holder) != self._lease.value:
                raise LostError(f"{self._lease.key} was lost")
            pipeline.multi()  # type: ignore[no-untyped-call]
            if len(commit):
                keys, args = commit.arguments(fresh_epoch())
                # Not by its digest: were that forgotten, only this would fail of the whole transaction.
                pipeline.eval(self._append, len(keys), *keys, *args)
            for state in states:
                pipeline.set(status_key(state.place), encoded(state), ex=KNOWN_S)
            replies = await pipeline.execute()
        known = commit.known(replies[0]) if len(commit) else None
        return frozenset(known.positions) if known else frozenset()
