"""The systems under test, by key, in the order of the tables."""

from __future__ import annotations

from benchmarks.systems import windsock
from benchmarks.systems.system import System

_ALL: tuple[System, ...] = (windsock.JSON, windsock.PROTOBUF, windsock.PLAIN)
SYSTEMS: dict[str, System] = {system.key: system for system in _ALL}
