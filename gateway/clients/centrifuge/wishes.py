"""What a subscriber may ask for in the `data` of its request: how publications are delivered, and a window. Pure.

    {"delivery": "every"}               each publication (what counts without any data)
    {"delivery": "latest"}              of each device the newest, as fast as the client takes them
    {"delivery": "sample", "rate": 2}   the same, at most so many times a second
    {"window": "15m", "points": 500}    the last fifteen minutes in the result, joined to what is live

On built-in topics anything else is refused, so that no slip goes unnoticed. In namespaces `data` is the
application's own; of what is an object, `delivery` and `rate` count there too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias, TypeVar

import msgspec
import orjson
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from gateway.channels import Channel
from services import topics

MOST_WINDOW_S = 7 * 86_400
DEFAULT_POINTS = 500
DEFAULT_RATE = 1.0

T = TypeVar("T")

Mode: TypeAlias = Literal["every", "latest", "sample"]
Rate = Annotated[float, Meta(ge=0.01, le=50)]
Points = Annotated[int, Meta(ge=2, le=5_000)]

_WINDOW = re.compile(r"([0-9]{1,9})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_WITHOUT_WINDOW = (topics.FEED, topics.COMMAND, topics.COMPARE)


@dataclass(frozen=True, slots=True)
class Window:
    """So many seconds of the past, with at most so many points in a series."""

    seconds: int
    points: int = DEFAULT_POINTS


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked for."""

    delivery: Mode = "every"
    rate: float = 0.0
    """Times a second; only of a sample."""
    window: Window | None = None

    @property
    def interval_s(self) -> float:
        """Least seconds between two times that something is sent."""
        return 1 / self.rate if self.rate else 0.0

    def confirmed(self) -> dict[str, object]:
        """What the result says of the delivery."""
        rate: dict[str, object] = {"rate": int(self.rate) if self.rate.is_integer() else self.rate}
        return {"delivery": self.delivery} | (rate if self.delivery == "sample" else {})


class _Delivery(Struct):
    delivery: Mode | UnsetType = UNSET
    rate: Rate | UnsetType = UNSET
    window: Raw | UnsetType = UNSET


class _Data(Struct, forbid_unknown_fields=True):
    delivery: Mode | UnsetType = UNSET
    rate: Rate | UnsetType = UNSET
    window: str | UnsetType = UNSET
    points: Points | UnsetType = UNSET


def asked(channel: Channel, data: bytes) -> Wishes | None:
    """What `data` asks for on a channel, None if it asks for nothing. Raises ValueError with the reason."""
    if data in (b"", b"null"):
        return None
    return _of_topic(channel, data) if channel.built_in else _of_namespace(data)


def _of_topic(channel: Channel, data: bytes) -> Wishes | None:
    said = _decoded(data, _Data)
    window = None
    if said.window is not UNSET:
        if channel.name.startswith(_WITHOUT_WINDOW):
            raise ValueError(f"window: {channel.name} has no series; windows are for topics of readings")
        window = Window(_seconds(said.window), DEFAULT_POINTS if said.points is UNSET else said.points)
    elif said.points is not UNSET:
        raise ValueError("points: goes with a window only")
    if said == _Data():
        return None
    delivery, rate = _delivery(said.delivery, said.rate)
    return Wishes(delivery, rate, window)


def _of_namespace(data: bytes) -> Wishes | None:
    try:
        if not isinstance(orjson.loads(data), dict):
            return None
    except orjson.JSONDecodeError:
        return None
    said = _decoded(data, _Delivery)
    if said.window is not UNSET:
        raise ValueError("window: a namespace's channels have no series; windows are for topics of readings")
    if said == _Delivery():
        return None
    return Wishes(*_delivery(said.delivery, said.rate))


def _decoded(data: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
        raise ValueError(str(fault)) from None


def _delivery(delivery: Mode | UnsetType, rate: float | UnsetType) -> tuple[Mode, float]:
    if delivery == "sample":
        return "sample", DEFAULT_RATE if rate is UNSET else rate
    if rate is not UNSET:
        raise ValueError('rate: goes with "delivery":"sample" only')
    return "every" if delivery is UNSET else delivery, 0.0


def _seconds(window: str) -> int:
    found = _WINDOW.fullmatch(window)
    seconds = int(found[1]) * _SECONDS[found[2]] if found else 0
    if not 1 <= seconds <= MOST_WINDOW_S:
        raise ValueError(f"window: {window[:32]!r} is not a time such as 90s, 15m, 6h or 2d, up to 7d")
    return seconds
