"""How plain sockets show publications. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from gateway.freshness import Freshness, judged
from services.batch import Batch, Position


def as_stored(_topic: str, batch: Batch) -> list[bytes]:
    """Payloads as they are."""
    return batch.payloads


def with_position(_topic: str, batch: Batch) -> list[bytes]:
    """Payloads, which are JSON objects, each with the `position` to resume from behind it."""
    return [
        b'%s,"position":"%s.%d"}' % (payload[:-1], batch.epoch.encode(), offset)
        for offset, payload in enumerate(batch.payloads, batch.first)
    ]


def observation(payload: bytes, fresh: Freshness) -> dict[str, Any]:
    """A stored observation as the flat object that `/ws/weather/` sends: city, values, ts, source, age."""
    told = fresh.members()
    if fresh.reason is None:
        del told["reason"]
    return _flat(orjson.loads(payload), told)


class Observations:
    """Shows observations as they come; `now_ms` is Unix time, by which a live one tells its age."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms

    def shown(self, _topic: str, batch: Batch) -> list[bytes]:
        """Every observation of a batch as `observation` shows it; one with a mark says by itself how fresh it is."""
        return [orjson.dumps(self._shown(payload)) for payload in batch.payloads]

    def _shown(self, payload: bytes) -> dict[str, Any]:
        reading = orjson.loads(payload)
        if "stale" in reading:
            return _flat(reading, {name: reading.get(name) for name in ("stale", "age_s", "reason")})
        return observation(payload, judged(None, reading["ts"], reading.get("tags") or {}, self._now_ms()))


def _flat(reading: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    tags = dict(reading.get("tags") or {})
    return {
        "city": tags.pop("city", reading["device"]),
        **reading["values"],
        "place": reading["device"],
        "ts": reading["ts"],
        "units": reading.get("units") or {},
        **tags,
        **told,
    }


def lost(position: Position) -> bytes:
    """Says that what came before `position` can no longer be had; the socket goes on from there."""
    return orjson.dumps(
        {
            "error": {
                "code": "position_lost",
                "message": "some publications can no longer be had; what follows comes after this position",
            },
            "recovered": False,
            "position": str(position),
        }
    )
