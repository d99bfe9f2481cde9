"""WebSockets on their way to their endpoints; everything else is Starlette's.

Starlette takes a WebSocket through seven coroutines (middleware, router, route, handlers of exceptions) that stay for
as long as it is open: 5 KB of each connection, and a fifth of what a connect costs (benchmark "connections"). None of
them has anything to do for our sockets, whose endpoints answer every error themselves.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence

from starlette.routing import BaseRoute, Match, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket


class Sockets:
    """An ASGI application (version 3): `application` with its routes for WebSockets taken straight."""

    def __init__(self, application: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        """The last of the routes must take any path."""
        self._application = application
        self._routes = [route for route in routes if isinstance(route, WebSocketRoute)]
        self._fixed = {route.path: route for route in reversed(self._routes) if not route.param_convertors}

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        # Not a coroutine function: its frame would stay as well.
        if scope["type"] != "websocket":
            return self._application(scope, receive, send)
        route = self._route(scope)
        answered: Awaitable[None] = route.endpoint(WebSocket(scope, receive, send))
        return answered

    def _route(self, scope: Scope) -> WebSocketRoute:
        route = self._fixed.get(scope["path"])
        if route is not None:
            scope["path_params"] = {}
            return route
        for route in self._routes:
            match, child = route.matches(scope)
            if match is Match.FULL:
                scope.update(child)
                return route
        raise LookupError(scope["path"])
