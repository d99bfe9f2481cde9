"""`GET /api/compare`: what a device reports beside the weather of a place, now."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.comparison import Comparison, named
from gateway.identities import Identities
from gateway.interest import Interest
from gateway.live_comparisons import Sides
from services import topics
from services.errors import BadRequest, NotFound, Unavailable
from services.places import Places
from services.stream import Stream
from services.topics import Compared
from services.web import json_response

PLACE_CHARACTERS = 100


class CompareApi:
    """The endpoint."""

    def __init__(
        self,
        stream: Stream,
        sides: Sides,
        places: Places,
        identities: Identities,
        interest: Interest,
        now_ms: Callable[[], int],
    ) -> None:
        self._stream = stream
        self._sides = sides
        self._places = places
        self._identities = identities
        self._interest = interest
        self._now_ms = now_ms

    def routes(self) -> list[BaseRoute]:
        return [Route("/api/compare", self.compare)]

    async def compare(self, request: Request) -> Response:
        """`?device=&metric=&place=`: value, outside value and difference; `place` is a slug, or a name that is known.

        Who asks is interested in the place: it is polled for as long as somebody does.
        """
        query = request.query_params
        device = _name(topics.DEVICE, "device", query.get("device", ""))
        metric = _name(topics.METRIC, "metric", query.get("metric") or topics.COMPARED_METRIC)
        city = query.get("place", "").strip()
        if not 0 < len(city) <= PLACE_CHARACTERS:
            raise BadRequest("place", f"must be the name of a place, of 1 to {PLACE_CHARACTERS} characters")
        identity = await self._identities.of(request)
        admit = self._identities.access.admit
        admit(identity, topics.DEVICE + device)
        place = await self._places.lookup(city)
        slug = place.place if place is not None else topics.slug(city)
        admit(identity, topics.WEATHER + slug)
        if place is None and not await self._is_kept(slug):
            raise NotFound(
                f"no place {city!r} is known; name it in WINDSOCK_PLACES, or ask for its weather once: "
                'send {"city": …} to /ws/weather/, or call weather by rpc'
            )
        await self._check_device(device, metric)
        with suppress(Unavailable):  # it may be read all the same
            await self._interest.once(slug)
        compared = Compared(device, slug, metric)
        comparison = Comparison(compared)
        await self._sides.into(comparison, compared)
        return json_response(comparison.shown(self._now_ms()))

    async def _is_kept(self, slug: str) -> bool:
        """Whether there are observations of a place that is registered no more."""
        return bool(slug) and (await self._stream.position(topics.WEATHER + slug)).offset > 0

    async def _check_device(self, device: str, metric: str) -> None:
        (latest,) = await self._stream.latest([device])
        if latest is None:
            raise NotFound(f"no reading of {device!r} is known")
        if metric not in latest.values:
            raise NotFound(f"{device} does not report {metric!r}; it reports {named(latest.values)}")


def _name(prefix: str, field: str, given: str) -> str:
    """`given` if it is the name of a device or metric. Raises BadRequest."""
    try:
        topics.parse(prefix + given)
    except BadRequest as error:
        raise BadRequest(field, error.fault.reason) from None
    return given
