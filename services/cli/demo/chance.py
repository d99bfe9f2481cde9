"""Chance that is the same every time: numbers that depend on seed, name and moment alone. Pure."""

from __future__ import annotations

import math
import zlib

_64_BITS = 2**64 - 1


class Chance:
    """The luck of what is called `name`; another name or `seed` has another."""

    __slots__ = ("_salt",)

    def __init__(self, seed: int, name: str) -> None:
        self._salt = _mixed((seed << 32) ^ zlib.crc32(name.encode()))

    def uniform(self, number: int) -> float:
        """From 0 to below 1, another for each `number`."""
        return _mixed(self._salt ^ (number & _64_BITS)) / 2**64

    def noise(self, number: int) -> float:
        """Around 0, seldom beyond ±1, never beyond ±2: the jitter of a measurement."""
        return sum(self.uniform(number * 4 + part) for part in range(4)) - 2.0

    def drift(self, at_ms: int, period_ms: int) -> float:
        """From -1 to 1, smooth in time: it goes from one random level to the next in each `period_ms`."""
        index, within = divmod(at_ms, period_ms)
        before, after = self.uniform(index), self.uniform(index + 1)
        share = (1 - math.cos(math.pi * within / period_ms)) / 2
        return 2 * (before + (after - before) * share) - 1


def _mixed(number: int) -> int:
    """SplitMix64's finaliser (https://prng.di.unimi.it/splitmix64.c): near numbers become unlike ones."""
    number = (number + 0x9E3779B97F4A7C15) & _64_BITS
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & _64_BITS
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & _64_BITS
    return number ^ (number >> 31)
