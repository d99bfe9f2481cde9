"""`POST /api/<method>`: who asks, what, and the answer, as HTTP."""

from __future__ import annotations

from functools import partial

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.clients.centrifuge.codes import Refusal
from gateway.clients.centrifuge.json_encoding import shown
from gateway.server_api import requests
from gateway.server_api.methods import Methods
from services.api_key import ApiKey
from services.settings import IngestSettings
from services.web import read_body

STATUSES = {100: 500, 102: 404, 104: 404, 112: 416}
"""HTTP status of an error's code where the caller wants one; all others are 400."""


class ServerApi:
    """The endpoints. Bodies are bounded like those of readings."""

    def __init__(self, key: ApiKey, methods: Methods, bounds: IngestSettings) -> None:
        self._key = key
        self._methods = methods
        self._bounds = bounds

    def routes(self) -> list[BaseRoute]:
        return [Route(f"/api/{name}", partial(self._serve, name), methods=["POST"]) for name in self._methods]

    async def _serve(self, name: str, request: Request) -> Response:
        self._key.check(request)
        body = await read_body(request, self._bounds.body_bytes, self._bounds.body_s)
        outcome = await self._methods.call(name, requests.read(body))
        if not isinstance(outcome, Refusal):
            # As in the protocol of Centrifugo, a batch's replies stand where other results have a member of their own.
            return _json(outcome if name == "batch" else {"result": outcome})
        if request.headers.get("x-centrifugo-error-mode", "").lower() == "transport":
            return _json(outcome.as_dict(), STATUSES.get(outcome.code, 400))
        return _json({"error": outcome.as_dict()})


def _json(body: dict[str, object], status: int = 200) -> Response:
    return Response(orjson.dumps(body, default=shown), status, media_type="application/json")
