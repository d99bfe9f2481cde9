"""Questions to the pollers for places that none of them tracks; their answers come on the gateway's own channel."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter

from gateway.mesh import Mesh
from services.errors import Ambiguous, NotFound, Overloaded, Unavailable, WindsockError
from services.places import ANSWER, Places
from services.settings import GatewaySettings

MOST_CANDIDATES = 20


class PlaceQuestions:
    """Those of one gateway. A question is awaited for `weather_timeout_s`."""

    def __init__(self, mesh: Mesh, places: Places, settings: GatewaySettings, registry: CollectorRegistry) -> None:
        self._channel = mesh.channel
        self._places = places
        self._within_s = settings.weather_timeout_s
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._asked = Counter(
            "windsock_weather_questions",
            "Questions of this gateway for places, by what came of them: ok, or the error's code",
            ["outcome"],
            registry=registry,
        )
        mesh.on(ANSWER, self._take)

    async def ask(self, city: str, geocoder_id: int | None = None) -> str:
        """The slug of a city, which is tracked and observed by then.

        Raises NotFound, Ambiguous (with all candidates), Overloaded or Unavailable.
        """
        try:
            place = await self._ask(city, geocoder_id)
        except WindsockError as error:
            self._asked.labels(error.code).inc()
            raise
        self._asked.labels("ok").inc()
        return place

    async def _ask(self, city: str, geocoder_id: int | None) -> str:
        token = uuid.uuid4().hex
        answered = self._waiting[token] = asyncio.get_running_loop().create_future()
        try:
            await self._places.request(city, self._channel, token, self._within_s, geocoder_id)
            async with asyncio.timeout(self._within_s):
                answer = await answered
        except TimeoutError:
            raise Unavailable(f"no weather for {city!r} yet; ask again in a while") from None
        finally:
            del self._waiting[token]
        error = answer.get("error")
        if isinstance(error, Mapping):
            raise _refusal(error, answer.get("candidates"))
        return str(answer.get("place"))

    def _take(self, answer: dict[str, Any]) -> None:
        waiting = self._waiting.get(str(answer.get("token")))
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)


def _refusal(error: Mapping[str, Any], candidates: Any) -> WindsockError:
    message = str(error.get("message"))
    match error.get("code"):
        case "ambiguous":
            listed = candidates if isinstance(candidates, list) else []
            return Ambiguous(message, [one for one in listed if isinstance(one, dict)][:MOST_CANDIDATES])
        case "unknown_city":
            return NotFound(message)
        case "too_many_places":
            return Overloaded(message)
    return Unavailable(message)
