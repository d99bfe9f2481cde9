"""The read API: devices, one device, history. Every answer is a page with a bound."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import msgspec
import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway import device_time
from gateway.device_time import Asked, Cursor, DeviceTime
from gateway.devices import Devices
from gateway.identities import Identities
from services import topics
from services.access import Permits
from services.batch import Batch, Position
from services.errors import BadRequest, NotFound, PositionLost
from services.places import Places
from services.settings import GatewaySettings
from services.stream import END, Bound, Page, Stream
from services.web import json_response


class ReadApi:
    """The endpoints under `/api/`."""

    def __init__(
        self, stream: Stream, devices: Devices, places: Places, identities: Identities, settings: GatewaySettings
    ) -> None:
        self._stream = stream
        self._device_time = DeviceTime(stream, settings)
        self._devices = devices
        self._identities = identities
        self._places = places
        self._settings = settings

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/api/devices", self.devices),
            Route("/api/devices/{device}", self.device),
            Route("/api/history", self.history),
            Route("/api/places", self.places),
        ]

    async def devices(self, request: Request) -> Response:
        """`?prefix=&after=&limit=`: devices by name with their latest values; `next` leads to the next page."""
        prefix, after = (request.query_params.get(name, "") for name in ("prefix", "after"))
        for name, value in (("prefix", prefix), ("after", after)):
            if not re.fullmatch(r"[!-~]{0,128}", value):
                raise BadRequest(name, "must be at most 128 visible ASCII characters")
        limit = _limit(request, self._devices.page_size)
        found, last = await self._devices.page(after, prefix, limit, await self._permits(request))
        following = None
        if last is not None:
            following = "/api/devices?" + urlencode({"prefix": prefix, "after": last, "limit": limit})
        return json_response({"devices": [latest.as_dict() for latest in found], "next": following})

    async def device(self, request: Request) -> Response:
        """One device: latest values, and the position of its topic."""
        device = request.path_params["device"]
        topic = topics.parse(topics.DEVICE + device)
        await self._permits(request, topic)
        latest = (await self._stream.latest([device]))[0]
        if latest is None:
            raise NotFound(f"no reading of {device!r} is known")
        position = await self._stream.position(topic)
        return json_response(latest.as_dict() | {"topic": topic, "position": str(position)})

    async def history(self, request: Request) -> Response:
        """`?topic=&since=&until=&limit=&order=`: a page of a topic's publications.

        `since` and `until` are positions (after, before) or times of storage (from, before): Unix
        milliseconds or RFC 3339. `order` is `desc` (newest first, the default) or `asc`. `missed` tells how
        many publications after the position `since` can no longer be had (newest first: on the last page).
        `order=ts` and `order=ts-desc` are another question: see `_by_device_time`.
        """
        query = request.query_params
        topic = topics.stored(query.get("topic", ""))
        await self._permits(request, topic)
        order = query.get("order", "desc")
        if order not in ("asc", "desc", "ts", "ts-desc"):
            raise BadRequest("order", f"{order[:32]!r} is none of 'asc', 'desc', 'ts', 'ts-desc'")
        limit = _limit(request, self._settings.history_page)
        if order.startswith("ts"):
            return await self._by_device_time(request, topic, order, limit)
        since, until = _edge(query.get("since"), "since"), _edge(query.get("until"), "until")
        start = since if order == "asc" else until
        page = await self._stream.read(topic, "up" if order == "asc" else "down", _bound(start), limit)
        if isinstance(since, Position) and since.epoch == page.top.epoch and since.offset > page.top.offset:
            raise PositionLost(f"since={since}: the topic has only come to {page.top}")
        for name, edge in (("since", since), ("until", until)):
            if isinstance(edge, Position) and edge != Position("", 0) and edge.epoch != page.top.epoch:
                raise PositionLost(f"{name}={edge}: the topic's epoch is {page.top.epoch or 'not begun'} now")
        rows, ended = _rows(page, order, since, until)
        following = None
        if rows and page.more and not ended:
            ahead = {"topic": topic, "order": order, "limit": limit}
            ahead |= {name: given for name in ("since", "until") if (given := query.get(name))}
            ahead["since" if order == "asc" else "until"] = str(rows[-1]["position"])
            following = "/api/history?" + urlencode(ahead)
        return json_response(
            {
                "topic": topic,
                "epoch": page.top.epoch,
                "order": order,
                "publications": rows,
                "missed": _missed(page, order, since, until),
                "next": following,
            }
        )

    async def _by_device_time(self, request: Request, topic: str, order: str, limit: int) -> Response:
        """The topic's publications by their own `ts`, of which `since` (from) and `until` (before) are moments.

        `as_of` is the position up to which the topic is shown, `after` the place in the answer where a page begins;
        `truncated` tells that older publications are kept which were not looked at.
        """
        query = request.query_params
        device_time.check_topic(topic)
        as_of = Position.parse(query["as_of"], "as_of") if query.get("as_of") else None
        after = Cursor.parse(query["after"]) if query.get("after") else None
        if after is not None and as_of is None:
            raise BadRequest("after", "needs as_of, as in `next` of the answer before")
        since, until = _moment(query.get("since"), "since"), _moment(query.get("until"), "until")
        page = await self._device_time.read(Asked(topic, order == "ts-desc", limit, since, until, after, as_of))
        following = None
        if page.more:
            ahead = {"topic": topic, "order": order, "limit": limit}
            ahead |= {name: given for name in ("since", "until") if (given := query.get(name))}
            ahead |= {"as_of": str(page.as_of), "after": str(page.rows[-1].cursor)}
            following = "/api/history?" + urlencode(ahead)
        return json_response(
            {
                "topic": topic,
                "epoch": page.as_of.epoch,
                "order": order,
                "as_of": str(page.as_of),
                "publications": [_shown(page.as_of.epoch, row.offset, row.stored_ms, row.payload) for row in page.rows],
                "truncated": page.truncated,
                "next": following,
            }
        )

    async def places(self, request: Request) -> Response:
        """The places with weather: those of the settings, and those that somebody follows."""
        permits = await self._permits(request)
        tracked = [place for place in await self._places.tracked() if permits(topics.WEATHER + place.place)]
        return json_response({"places": [msgspec.to_builtins(place) for place in tracked]})

    async def _permits(self, request: Request, topic: str | None = None) -> Permits:
        """What the client may see. Raises Unauthorized or Forbidden if not `topic`, or nothing at all."""
        identity = await self._identities.of(request)
        self._identities.access.admit(identity, topic)
        return self._identities.access.of(identity)


Edge = Position | int | None


def _limit(request: Request, most: int) -> int:
    given = request.query_params.get("limit", str(min(100, most)))
    if not re.fullmatch(r"[0-9]{1,9}", given) or not 1 <= int(given) <= most:
        raise BadRequest("limit", f"{given[:32]!r} is not a number from 1 to {most}")
    return int(given)


def _edge(given: str | None, field: str) -> Edge:
    if not given:
        return None
    if re.fullmatch(r"[A-Za-z]*\.[0-9]+", given):
        return Position.parse(given, field)
    return _moment(given, field, "no position, ")


def _moment(given: str | None, field: str, neither: str = "") -> int | None:
    """Unix milliseconds, or RFC 3339."""
    if not given:
        return None
    if re.fullmatch(r"[0-9]{1,15}", given):
        return int(given)
    try:
        # A '+' of the offset arrives as a space when it was not percent-encoded.
        moment = msgspec.convert(given.replace(" ", "+"), datetime)
    except msgspec.ValidationError:
        raise BadRequest(
            field, f"{given[:64]!r} is {neither}no Unix time in milliseconds and no RFC 3339 time"
        ) from None
    if moment.tzinfo is None:
        raise BadRequest(field, f"{given[:64]!r} has no time zone; end it with Z or an offset")
    return max(0, round(moment.timestamp() * 1000))


def _bound(edge: Edge) -> Bound:
    if edge is None:
        return END
    return ("offset", edge.offset) if isinstance(edge, Position) else ("time", edge)


def _rows(page: Page, order: str, since: Edge, until: Edge) -> tuple[list[dict[str, Any]], bool]:
    """The page's publications inside both edges, and whether the far edge was reached."""
    rows: list[dict[str, Any]] = []
    ended = False
    for batch in page.batches:
        for offset, payload in enumerate(batch.payloads, batch.first):
            if _inside(batch, offset, since, until):
                rows.append(_shown(batch.epoch, offset, batch.stored_ms, payload))
            else:
                ended = True
    return (rows if order == "asc" else rows[::-1]), ended


def _shown(epoch: str, offset: int, stored_ms: int, payload: bytes) -> dict[str, Any]:
    return {
        "offset": offset,
        "position": f"{epoch}.{offset}",
        "stored": stored_ms,
        "data": orjson.Fragment(payload),
    }


def _missed(page: Page, order: str, since: Edge, until: Edge) -> int:
    if not isinstance(since, Position) or (order == "desc" and page.more):
        return 0
    following = page.top.offset + 1
    if order == "desc" and isinstance(until, Position):
        following = min(following, until.offset)
    first = page.batches[0].first if page.batches else following
    return max(0, first - since.offset - 1)


def _inside(batch: Batch, offset: int, since: Edge, until: Edge) -> bool:
    if isinstance(since, Position):
        if offset <= since.offset:
            return False
    elif since is not None and batch.stored_ms < since:
        return False
    if isinstance(until, Position):
        return offset < until.offset
    return until is None or batch.stored_ms < until
