"""Tags filters: which publications of a topic one subscriber wants. Pure.

A filter is a tree: `and`, `or`, `not` over nodes, and leaves that compare one tag. Tags of a reading are its
values by metric, its own tags and `device`, on a metric's topic also the value's unit; of other JSON objects
their plain members. Of one name a plain member goes before an own tag, and that before a value; only a unit
gives way to an own tag that is called so. All are text, as in the protocol; lt, lte, gt and gte compare as
numbers. A tag that is missing matches only neq, nin and nex.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import msgspec
import orjson

from gateway.clients.centrifuge.commands import FilterNode
from gateway.hub import Delivery
from services.batch import Batch
from services.metric_message import UNIT

Tags: TypeAlias = dict[str, str]
Matches: TypeAlias = Callable[[Tags], bool]

MOST_NODES = 100
DEEPEST = 10
MOST_BYTES = 8_192

_LEAVES: dict[str, Callable[[str | None, FilterNode], bool]] = {
    "eq": lambda tag, node: tag == node.val,
    "neq": lambda tag, node: tag != node.val,
    "ex": lambda tag, node: tag is not None,
    "nex": lambda tag, node: tag is None,
    "sw": lambda tag, node: tag is not None and tag.startswith(node.val),
    "ew": lambda tag, node: tag is not None and tag.endswith(node.val),
    "ct": lambda tag, node: tag is not None and node.val in tag,
}
_NUMBERS: dict[str, Callable[[float, float], bool]] = {
    "lt": lambda tag, bound: tag < bound,
    "lte": lambda tag, bound: tag <= bound,
    "gt": lambda tag, bound: tag > bound,
    "gte": lambda tag, bound: tag >= bound,
}


class Filter:
    """A filter that was found well-formed."""

    def __init__(self, node: FilterNode) -> None:
        """Raises ValueError for a tree that is not a filter, or too large a one."""
        self.text = msgspec.json.encode(node)
        """The same for the same filter."""
        if len(self.text) > MOST_BYTES:
            raise ValueError(f"a filter has at most {MOST_BYTES} bytes")
        self._left = MOST_NODES
        self.matches = self._compiled(node, DEEPEST)

    def _compiled(self, node: FilterNode, deeper: int) -> Matches:
        self._left -= 1
        if not deeper or self._left < 0:
            raise ValueError(f"a filter has at most {MOST_NODES} nodes, {DEEPEST} deep")
        nodes = [self._compiled(one, deeper - 1) for one in node.nodes]
        match node.op:
            case "and" if nodes:
                return lambda tags: all(matches(tags) for matches in nodes)
            case "or" if nodes:
                return lambda tags: any(matches(tags) for matches in nodes)
            case "not" if len(nodes) == 1:
                return lambda tags: not nodes[0](tags)
            case "" if node.key and not nodes:
                return _leaf(node)
        raise ValueError("a node is neither and, or, not over nodes nor a comparison of a key")

    def wanted(self, delivery: Delivery) -> list[Batch]:
        """The publications that match, as batches of neighbours."""
        return list(_runs(delivery.batch, [self.matches(tags) for tags in delivery.cached(tags_of)]))


def _leaf(node: FilterNode) -> Matches:
    if node.cmp in _NUMBERS:
        compare, bound = _NUMBERS[node.cmp], _number(node.val)
        if bound is None:
            raise ValueError(f"{node.cmp} compares with a number")
        return lambda tags: (tag := _number(tags.get(node.key))) is not None and compare(tag, bound)
    if node.cmp in ("in", "nin"):
        if not node.vals:
            raise ValueError(f"{node.cmp} compares with vals")
        values, inside = frozenset(node.vals), node.cmp == "in"
        return lambda tags: (tags.get(node.key) in values) is inside
    try:
        holds = _LEAVES[node.cmp]
    except KeyError:
        raise ValueError("a comparison that the protocol does not know") from None
    return lambda tags: holds(tags.get(node.key), node)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def tags_of(batch: Batch) -> list[Tags]:
    """The tags of each publication."""
    return [_tags(payload) for payload in batch.payloads]


def _tags(payload: bytes) -> Tags:
    try:
        said: Any = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return {}  # not ours, and no reason to stop the others
    if not isinstance(said, dict):
        return {}
    values, own = said.get("values"), said.get("tags")
    unit = said.get(UNIT)
    members: dict[str, Any] = dict(values) if isinstance(values, dict) else {}
    if isinstance(unit, str):  # else it is the value of a metric that is called so
        members[UNIT] = unit
    members |= own if isinstance(own, dict) else {}
    known = ("values", "tags", "units", UNIT) if isinstance(unit, str) else ("values", "tags", "units")
    members |= {name: value for name, value in said.items() if name not in known}
    return {name: text for name, value in members.items() if (text := _text(value)) is not None}


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None


def _runs(batch: Batch, wanted: list[bool]) -> Iterator[Batch]:
    start: int | None = None
    for offset, is_wanted in enumerate([*wanted, False], batch.first):
        if is_wanted and start is None:
            start = offset
        elif not is_wanted and start is not None:
            yield batch.before(offset).after(start - 1)
            start = None
