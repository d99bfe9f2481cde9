"""What a metric's topic tells of a value. Pure.

A metric may be called like a member of its own messages: then that member is left out.
"""

from __future__ import annotations

from typing import Any

UNIT = "unit"


def message(metric: str, device: str, ts: int, value: Any, unit: str | None = None) -> dict[str, Any]:
    """What is told of a value at its `ts`, with its unit if it has one."""
    said = {metric: value, "device": device, "ts": ts}
    if unit and metric != UNIT:
        said[UNIT] = unit
    return said


def unit_in(said: dict[str, Any], metric: str) -> str:
    """The unit that a message tells, "" for none."""
    unit: str = said.get(UNIT, "") if metric != UNIT else ""
    return unit
