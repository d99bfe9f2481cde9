"""What a metric's topic tells of a value. Pure.

A metric may be called like a member of its own messages: then that member is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

UNIT = "unit"
TAGS = "tags"


def message(
    metric: str,
    device: str,
    ts: int,
    value: Any,
    unit: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """What is told of a value at its `ts`, with its unit and its reading's tags if it has any."""
    said = {metric: value, "device": device, "ts": ts}
    if unit and metric != UNIT:
        said[UNIT] = unit
    if tags and metric != TAGS:
        said[TAGS] = tags  # subscribers may filter by them
    return said


def unit_in(said: dict[str, Any], metric: str) -> str:
    """The unit that a message tells, "" for none."""
    unit: str = said.get(UNIT, "") if metric != UNIT else ""
    return unit
