"""What SDKs may call by `rpc`: latest values, devices, the weather of a city, commands to devices, status."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import msgspec
import orjson
from msgspec import Meta, Struct

from gateway.clients.centrifuge.replies import REPLY_BYTES
from gateway.clients.weather import MOST_ID, Cities
from gateway.commands import Commander, CommandRequest
from gateway.devices import Devices
from services import topics
from services.access import Permits
from services.errors import Ambiguous, BadRequest, Forbidden, NotFound
from services.places import NAME, is_name
from services.stream import Stream

T = TypeVar("T")
Procedure = Callable[[bytes, Permits], Awaitable[Any]]

COMMAND = "command"
SLOW = frozenset({COMMAND, "weather"})
"""Procedures that wait for somebody: a device, a poller."""


class LatestRequest(Struct, forbid_unknown_fields=True):
    """Arguments of `latest`."""

    device: str


class DevicesRequest(Struct, forbid_unknown_fields=True):
    """Arguments of `devices`; `after` is the last name of the page before."""

    prefix: Annotated[str, Meta(pattern=r"^[!-~]{0,128}\Z")] = ""
    after: Annotated[str, Meta(pattern=r"^[!-~]{0,128}\Z")] = ""
    limit: Annotated[int, Meta(ge=1)] = 100


class WeatherRequest(Struct, forbid_unknown_fields=True):
    """Arguments of `weather`; `id` is that of a candidate."""

    city: str
    id: Annotated[int, Meta(ge=1, le=MOST_ID)] | None = None


class Procedures:
    """The procedures by name."""

    def __init__(
        self, stream: Stream, cities: Cities, commander: Commander, devices: Devices, live: Callable[[], bool]
    ) -> None:
        """`live` tells whether the gateway hears Redis."""
        self._stream = stream
        self._cities = cities
        self._commander = commander
        self._all_devices = devices
        self._live = live
        self._by_name: dict[str, Procedure] = {
            "latest": self._latest,
            "devices": self._devices,
            "weather": self._weather,
            "status": self._status,
        }

    def __contains__(self, name: str) -> bool:
        return name in self._by_name or name == COMMAND

    async def call(self, name: str, arguments: bytes, permits: Permits) -> Any:
        """The result of a procedure, as JSON can show it, for a client who may use what `permits` says.

        Raises BadRequest, Forbidden, NotFound or Unavailable; a command also DeviceFailed and NoAnswer.
        """
        if name == COMMAND:
            return await self._commander.call(_decoded(arguments, CommandRequest), permits)
        return await self._by_name[name](arguments, permits)

    async def _latest(self, arguments: bytes, permits: Permits) -> Any:
        device = _decoded(arguments, LatestRequest).device
        if not permits(topics.parse(topics.DEVICE + device)):
            raise Forbidden(f"{device} is not for you")
        (latest,) = await self._stream.latest([device])
        if latest is None:
            raise NotFound(f"no reading of {device!r} is known")
        return latest.as_dict()

    async def _devices(self, arguments: bytes, permits: Permits) -> Any:
        asked = _decoded(arguments or b"{}", DevicesRequest)
        limit = min(asked.limit, self._all_devices.page_size)
        found, following = await self._all_devices.page(asked.after, asked.prefix, limit, permits)
        shown: list[Any] = []
        left = REPLY_BYTES
        for latest in found:
            one = latest.as_dict()
            left -= len(orjson.dumps(one))
            if left < 0 and shown:
                following = shown[-1]["device"]
                break
            shown.append(one)
        return {"devices": shown, "next": following}

    async def _weather(self, arguments: bytes, permits: Permits) -> Any:
        asked = _decoded(arguments, WeatherRequest)
        if not is_name(asked.city):
            raise BadRequest("city", f"is not {NAME}")
        try:
            return await self._cities.current(asked.city, asked.id, permits)
        except Ambiguous as error:
            # The protocol's errors have no room for candidates.
            return error.message()

    async def _status(self, _arguments: bytes, _permits: Permits) -> Any:
        return {"status": "live" if self._live() else "stale"}


def _decoded(arguments: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(arguments or b"null", type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest("data", str(error)) from None
