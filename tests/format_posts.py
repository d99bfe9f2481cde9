"""Requests for tests of formats."""

from __future__ import annotations

import json
from typing import Any

from services.errors import Fault
from services.lane import Post
from services.reading import Decoded

NOW = 1_760_000_000_000


def post(body: Any, **headers: str) -> Post:
    """A request with `body`, which is JSON unless it is bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return Post(b"", named, content)


def told(decoded: Decoded) -> list[dict[str, Any]]:
    """The readings that were taken, as they are stored."""
    return [json.loads(reading.payload()) for reading in decoded.readings if reading is not None]


def blamed(decoded: Decoded) -> list[tuple[int | None, str | None]]:
    """Where the faults are."""
    return [(fault.index, fault.field) for fault in decoded.faults]


def only(faults: list[Fault]) -> Fault:
    """The one fault that there is."""
    (fault,) = faults
    return fault
