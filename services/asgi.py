"""Windsock as a plain ASGI application, for servers other than ours: `hypercorn services.asgi:everything`.

The same rooms with the same answers; what is lost is speed (each message is an await of its own; posts take no lane)
and what only our server bounds: connections, and the time that a request's head takes. Settings come from the
environment as always; host and port are the server's, so that `WINDSOCK_ANONYMOUS=auto` asks for tokens and
`WINDSOCK_AUTH=auto` for keys. The server must do the lifespan protocol, and one process is one service: workers share
nothing but Redis.
"""

from __future__ import annotations

import os

from starlette.types import ASGIApp, Receive, Scope, Send

from services.assembly import assembled, checked
from services.errors import StartError
from services.redis import DEFAULT_URL


class Rooms:
    """The application of some rooms, built when the server begins its lifespan."""

    def __init__(self, *names: str) -> None:
        self._names = names
        self._application: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI 3 says."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if self._application is None:
            raise RuntimeError("services.asgi needs a server with ASGI's lifespan protocol switched on")
        await self._application(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            # Who knows where the server listens: clients need a token, devices a key unless settings say otherwise.
            environ = {"WINDSOCK_HOST": "0.0.0.0", **os.environ}
            common = checked(environ, "-".join(self._names))
            async with assembled(self._names, environ, common.redis_url or DEFAULT_URL) as assembly, assembly.running():
                self._application = assembly.application
                await send({"type": "lifespan.startup.complete"})
                await receive()
                await assembly.drain()
        except StartError as error:
            await send({"type": "lifespan.startup.failed", "message": f"windsock: {error}"})
        else:
            await send({"type": "lifespan.shutdown.complete"})


gateway = Rooms("gateway")
ingest = Rooms("ingest")
everything = Rooms("ingest", "gateway", "weather")
