"""JSON that clients send: parsed, and not too deep."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from services.errors import Fault, MalformedBody

DEEPEST = 64
"""Levels of arrays and objects in what others will have to read: some readers of JSON bear few more."""


def parsed(text: bytes) -> Any:
    """The value of a JSON text. Raises MalformedBody, also for one that is nested deeper than `DEEPEST`."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise MalformedBody([Fault(None, None, f"the JSON is malformed: {error}")]) from None
    if text.count(b"[") + text.count(b"{") > DEEPEST and _is_deep(value):
        raise MalformedBody([Fault(None, None, f"the JSON is nested more than {DEEPEST} deep")])
    return value


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for one in level for inner in _within(one)]
    return any(isinstance(one, dict | list) for one in level)


def _within(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
