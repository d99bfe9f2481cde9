"""The page, and what other pages embed: our own modules and the vendor's, readable from any origin.

They say nothing that is not in the source. What they show comes over sockets, which only the pages of this site and
those that WINDSOCK_ORIGINS names may open; `/embed/origin` tells a page which it is, as a browser hides the reason why
a socket does not open.
"""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from gateway.clients.door import Door
from services.errors import Forbidden
from services.web import json_response

DASHBOARD = Path(__file__).parent / "dashboard"
FRESH = {"Cache-Control": "no-cache"}
"""Asked for anew each time, and answered with 304 while the ETag is the same: modules of two versions never meet."""
SHARED = {
    **FRESH,
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}


class SharedFiles(StaticFiles):
    """Files that pages of any origin may read."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(SHARED)
        return response


def routes(door: Door) -> list[BaseRoute]:
    """`/`, `/embed.js`, `/embed/origin` and `/static`."""
    files = SharedFiles(directory=DASHBOARD)

    async def index(_request: Request) -> Response:
        return FileResponse(DASHBOARD / "index.html", headers=FRESH)

    async def embed(request: Request) -> Response:
        return await files.get_response("embed.js", request.scope)

    async def origin(request: Request) -> Response:
        try:
            door.check_origin(request)
            allowed = True
        except Forbidden:
            allowed = False
        answer = json_response({"origin": request.headers.get("origin"), "allowed": allowed})
        answer.headers.update(SHARED | {"Cache-Control": "no-store"})
        return answer

    return [
        Route("/", index),
        Route("/embed.js", embed),
        Route("/embed/origin", origin),
        Mount("/static", files),
    ]
