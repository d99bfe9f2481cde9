"""Names of other systems as names of devices and metrics. Pure.

What our names cannot hold is replaced so that it can be read, and so that names stay apart where that is possible: an
ASCII character becomes `_`, any other `u` and its code point in hexadecimal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

LONGEST = 256
"""Longer names are too long for us in any case, and are not worth remembering."""
RESERVED = ("device", "ts", "position")

_not_in_devices = re.compile(r"[^A-Za-z0-9._:~-]")
_not_in_metrics = re.compile(r"[^A-Za-z0-9_.-]")


def device_name(text: str) -> str:
    """`text` as the name of a device; what comes before its first letter or digit is left out."""
    return _device(text) if len(text) <= LONGEST else text


def metric_name(text: str) -> str:
    """`text` as the name of a metric; `_` comes before one that begins otherwise than with a letter, or is reserved."""
    return _metric(text) if len(text) <= LONGEST else text


def metrics_of(values: Mapping[str, Any], most: int) -> dict[str, Any] | str:
    """`values` under the names of their metrics, or why that cannot be; `most` may there be."""
    if len(values) > most:
        return f"has {len(values)} values; at most {most} are taken"
    named = {metric_name(name): value for name, value in values.items()}
    return named if len(named) == len(values) else "has two names that are the same metric"


@lru_cache(20_000)
def _device(text: str) -> str:
    return _not_in_devices.sub(_stand_in, text).lstrip("._:~-")


@lru_cache(20_000)
def _metric(text: str) -> str:
    name = _not_in_metrics.sub(_stand_in, text)
    begins_well = name[:1].isalpha() or name.startswith("_")
    return name if begins_well and name not in RESERVED else "_" + name


def _stand_in(found: re.Match[str]) -> str:
    character = found[0]
    return "_" if character.isascii() else f"u{ord(character):04X}"
