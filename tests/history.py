"""What is stored of a device, as a gateway tells it."""

from __future__ import annotations

from typing import Any

import httpx

from tests.processes import Windsock


def readings(gateway: Windsock, device: str) -> list[dict[str, Any]]:
    """All that is stored, the oldest first."""
    found: list[dict[str, Any]] = []
    path: str | None = f"/api/history?topic=device:{device}&order=asc&limit=1000"
    while path:
        page = httpx.get(gateway.url + path, trust_env=False).raise_for_status().json()
        found += [one["data"] for one in page["publications"]]
        path = page["next"]
    return found


def numbers(gateway: Windsock, device: str) -> list[int]:
    """The values of its metric `n`."""
    return [one["values"]["n"] for one in readings(gateway, device)]
