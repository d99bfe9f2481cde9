"""How plain sockets show publications. Pure."""

from __future__ import annotations

from typing import Any

import orjson

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


def observation(payload: bytes) -> dict[str, Any]:
    """A stored observation as the flat object that `/ws/weather/` sends: city, values, ts, source."""
    reading = orjson.loads(payload)
    tags = dict(reading.get("tags") or {})
    return {
        "city": tags.pop("city", reading["device"]),
        **reading["values"],
        "place": reading["device"],
        "ts": reading["ts"],
        "units": reading.get("units") or {},
        **tags,
    }


def observations(_topic: str, batch: Batch) -> list[bytes]:
    """Every observation of a batch as `observation` shows it."""
    return [orjson.dumps(observation(payload)) for payload in batch.payloads]


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
