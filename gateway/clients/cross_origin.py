"""HTTP endpoints that pages of other origins may use: which ones, and how a browser is told (Fetch, section 3.2)."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.clients.door import Door
from services.errors import WindsockError
from services.web import problem_response

PREFLIGHT_S = 3_600
"""Seconds for which a browser need not ask again."""


class CrossOrigin:
    """An endpoint behind the list of origins. Its refusals can be read by the pages of those that are allowed."""

    def __init__(self, endpoint: ASGIApp, door: Door, methods: tuple[str, ...]) -> None:
        self._endpoint = endpoint
        self._door = door
        self._methods = methods

    def route(self, path: str) -> Route:
        """The endpoint at `path`."""
        route = Route(path, self, methods=[*self._methods, "OPTIONS"])
        # Starlette adds HEAD to GET, and nobody would end a stream that has no body.
        route.methods = {*self._methods, "OPTIONS"}
        return route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        origin = Headers(scope=scope).get("origin")
        allowed: str | None = None

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.add_vary_header("Origin")
                if allowed is not None:
                    headers["Access-Control-Allow-Origin"] = allowed
            await send(message)

        try:
            self._door.check_origin(HTTPConnection(scope))
            allowed = origin
            answer: ASGIApp = self._preflight() if scope["method"] == "OPTIONS" else self._endpoint
            await answer(scope, receive, tell)
        except WindsockError as error:
            self._door.refused_request(error.code)
            await problem_response(error)(scope, receive, tell)

    def _preflight(self) -> Response:
        headers = {
            "Access-Control-Allow-Methods": ", ".join(self._methods),
            "Access-Control-Allow-Headers": "Content-Type",
            "Access-Control-Max-Age": str(PREFLIGHT_S),
        }
        return Response(status_code=204, headers=headers)
