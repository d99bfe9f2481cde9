"""What a format is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.lane import Post
from services.reading import Decoded, Limits


@dataclass(frozen=True, slots=True)
class Format:
    """`decode(post, limits, now_ms)` reads a request whose body is not compressed any more; `name` is for counters.

    It raises what `services.reading.decode` raises, and BadRequest for a parameter.
    """

    name: str
    decode: Callable[[Post, Limits, int], Decoded]
    typed: bool = False
    """Whether good readings are decoded in compiled code, however many there are."""
