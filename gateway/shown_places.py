"""Places with weather as the read API shows them: where they are, who wants them, how fresh they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from gateway import freshness
from services import topics, weather_status
from services.access import Permits
from services.errors import NotFound
from services.places import GATEWAY, POLLER, Place, Places
from services.redis import Client
from services.stream import Stream
from services.weather_status import WeatherStatus


class ShownPlaces:
    """Reads them; `now_ms` is Unix time. Redis failures are raised as Unavailable."""

    def __init__(self, redis: Client, stream: Stream, places: Places, now_ms: Callable[[], int]) -> None:
        self._redis = redis
        self._stream = stream
        self._places = places
        self._now_ms = now_ms

    async def all(self, permits: Permits) -> list[dict[str, Any]]:
        """The places that are tracked and whose topics a client may use, by name."""
        tracked = [place for place in await self._places.tracked() if permits(topics.WEATHER + place.place)]
        statuses = await weather_status.read(self._redis, [place.place for place in tracked])
        listeners, now_ms = await self._places.listeners(), self._now_ms()
        return [
            _shown(place, listeners.get(place.place, ()), None if status is None else status.shown(now_ms))
            for place, status in zip(tracked, statuses, strict=True)
        ]

    async def one(self, slug: str) -> dict[str, Any]:
        """One place, whether it is tracked now or only known, with its latest values. Raises NotFound."""
        (place,) = await self._places.get([slug])
        if place is None:
            raise NotFound(f"no place {slug!r} is known")
        topic = topics.WEATHER + slug
        status: WeatherStatus | None
        (status,) = await weather_status.read(self._redis, [slug])
        position, latest = await self._stream.latest_at(topic)
        listeners, now_ms = await self._places.listeners(), self._now_ms()
        told = None if status is None else status.shown(now_ms)
        if latest is not None:
            told = freshness.shown(slug, status, latest.ts, latest.tags, now_ms)
        return _shown(place, listeners.get(slug, ()), told) | {
            "position": str(position),
            "latest": None if latest is None else latest.as_dict(),
        }


def _shown(place: Place, listeners: Sequence[str], status: dict[str, Any] | None) -> dict[str, Any]:
    gateways = sum(who.startswith(GATEWAY) for who in listeners)
    members: dict[str, Any] = msgspec.to_builtins(place)
    return members | {
        "topic": topics.WEATHER + place.place,
        "wanted_by": {"settings": place.pinned, "gateways": gateways, "poller": POLLER in listeners},
        "status": status,
    }
