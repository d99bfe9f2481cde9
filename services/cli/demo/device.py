"""A made-up device: what it measures, when it sends that, how it fails, and which commands it knows. Pure.

Readings stand on a grid of times that is the same at every start, and their ids are those times: what is posted again
is known already. When a reading is sent is another matter than when it was measured: one measured while the device was
cut off is sent, late, once it is back.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.cli.demo.sky import HOUR_MS
from services.cli.values import Plain

RECENT_MS = HOUR_MS
"""So much of the past is told more closely: a page opens with lines, not with points far apart."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is posted. `ts` is the device's own clock, Unix milliseconds."""

    device: str
    ts: int
    values: Mapping[str, Plain]
    units: Mapping[str, str]
    tags: Mapping[str, str]

    def as_dict(self) -> dict[str, Any]:
        """As `POST /v1/readings` takes it."""
        said = {"device": self.device, "ts": self.ts, "id": f"demo:{self.ts}", "values": self.values}
        return said | ({"units": self.units} if self.units else {}) | ({"tags": self.tags} if self.tags else {})


class NotPossibleError(Exception):
    """A command that the device does not carry out, and why."""


Act = Callable[[Any, int], Any]
"""Carries a command out: its `args` and the moment → what the device answers. Raises NotPossibleError."""


@dataclass(frozen=True, slots=True)
class Outages:
    """A device is cut off for `length_ms` once in every `every_ms`, from `first_ms` on within each."""

    every_ms: int
    length_ms: int
    first_ms: int = 0

    def sent_at(self, at_ms: int) -> int:
        """When a reading of `at_ms` is sent: then, or as soon as the device is back."""
        into = (at_ms - self.first_ms) % self.every_ms
        return at_ms - into + self.length_ms if into < self.length_ms else at_ms


@dataclass(frozen=True, slots=True)
class Lapse:
    """A film that runs `speed` times as fast as time, from `began_ms` on; until then they go together."""

    began_ms: int
    speed: float = 1.0

    def scene_ms(self, at_ms: int) -> int:
        """The moment of the film that is shown at `at_ms`."""
        return at_ms if at_ms <= self.began_ms else self.began_ms + round((at_ms - self.began_ms) * self.speed)


@dataclass(frozen=True)
class Device:
    """One that measures every `period_ms`, and of whose past every `step_ms` is told, of the last hour every
    `recent_step_ms` (both are multiples of the period).
    """

    name: str
    measure: Callable[[int], Mapping[str, Plain]]
    units: Mapping[str, str]
    tags: Mapping[str, str]
    lapse: Lapse
    period_ms: int = 5_000
    step_ms: int = 300_000
    recent_step_ms: int = 20_000
    outages: Outages | None = None
    dies_ms: int | None = None
    clock_ahead_ms: int = 0
    tag: Callable[[int], Mapping[str, str]] | None = None
    """Tags that change."""
    commands: Mapping[str, Act] = field(default_factory=dict)

    def reading(self, at_ms: int) -> Reading:
        """What it measures at `at_ms`."""
        scene_ms = self.lapse.scene_ms(at_ms)
        tags = self.tags if self.tag is None else {**self.tags, **self.tag(scene_ms)}
        return Reading(self.name, at_ms + self.clock_ahead_ms, self.measure(scene_ms), self.units, tags)

    def due(self, after_ms: int, until_ms: int) -> list[Reading]:
        """What it sends after `after_ms` and up to `until_ms`, oldest first."""
        return [self.reading(at_ms) for at_ms in self._due_times(after_ms, until_ms)]

    def past(self, after_ms: int, until_ms: int) -> list[Reading]:
        """What it would have measured after `after_ms` and up to `until_ms`, in steps."""
        recent_ms = max(after_ms, until_ms - RECENT_MS)
        distant = self._grid(after_ms, recent_ms, self.step_ms)
        recent = self._grid(recent_ms, until_ms, self.recent_step_ms)
        return [self.reading(at_ms) for at_ms in (*distant, *recent)]

    def carry_out(self, name: str, args: Any, at_ms: int) -> Any:
        """Its answer to a command at `at_ms`. Raises NotPossibleError."""
        act = self.commands.get(name)
        if act is None:
            raise NotPossibleError(f"I know no {name[:64]!r}, only {', '.join(sorted(self.commands))}")
        return act(args, self.lapse.scene_ms(at_ms))

    def _due_times(self, after_ms: int, until_ms: int) -> list[int]:
        end_ms = until_ms if self.dies_ms is None else min(until_ms, self.dies_ms)
        if self.outages is None:
            return list(self._grid(after_ms, end_ms, self.period_ms))
        from_ms = after_ms - self.outages.length_ms
        times = self._grid(from_ms, end_ms, self.period_ms)
        return [at_ms for at_ms in times if after_ms < self.outages.sent_at(at_ms) <= until_ms]

    def _grid(self, after_ms: int, until_ms: int, step_ms: int) -> range:
        # Devices do not all measure in the same moment.
        phase_ms = zlib.crc32(self.name.encode()) % self.period_ms
        first_ms = after_ms + step_ms - (after_ms - phase_ms) % step_ms
        return range(first_ms, until_ms + 1, step_ms)


def number(args: Any, name: str, low: float, high: float, default: float) -> float:
    """The number `name` of a command's `args`. Raises NotPossibleError if it is none from `low` to `high`."""
    given = args.get(name, default) if isinstance(args, Mapping) else default if args is None else None
    if isinstance(given, bool) or not isinstance(given, int | float) or not low <= given <= high:
        raise NotPossibleError(f"{name} must be a number from {low:g} to {high:g}")
    return given


def switch(args: Any, name: str = "on") -> bool:
    """The boolean `name` of a command's `args`, true if it is left out. Raises NotPossibleError."""
    given = args.get(name, True) if isinstance(args, Mapping) else True if args is None else None
    if not isinstance(given, bool):
        raise NotPossibleError(f"{name} must be true or false")
    return given
