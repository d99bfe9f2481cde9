"""The page, and what other pages embed: our own modules and the vendor's, readable from any origin.

They say nothing that is not in the source. What they show comes over sockets, which only the pages of this site and
those that WINDSOCK_ORIGINS names may open; `/embed/origin` tells a page which it is, as a browser hides the reason why
a socket does not open.
"""

from __future__ import annotations

import hashlib
from mimetypes import guess_type
from pathlib import Path
from stat import S_ISREG

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from gateway.clients.door import Door
from gateway.page_joined import joined
from gateway.page_modules import needed
from services.errors import Forbidden
from services.web import json_response

DASHBOARD = Path(__file__).parent / "dashboard"
FRESH = {"Cache-Control": "no-cache"}
"""Asked for anew each time, and answered with 304 while the ETag is the same: a page that is opened gets the modules of
now. One that was open when the version changed may get what it loads later of the other version, or not at all: then it
says so, and is to be reloaded.
"""
SHARED = {
    **FRESH,
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}


PAGE = {
    **FRESH,
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""The page loads nothing from elsewhere, and no page of another site frames it."""


class SharedFiles(StaticFiles):
    """Files that pages of any origin may read. They are few and small: each is read once for each of its versions, and
    answered without a thread, as a page asks for many at once. Of several folders the first counts.
    """

    def __init__(self, *directories: Path) -> None:
        super().__init__(directory=directories[0])
        self.all_directories = list(directories)
        self._known: dict[str, tuple[int, Response]] = {}

    async def get_response(self, path: str, scope: Scope) -> Response:
        full, found = self.lookup_path(path)
        # The page is had at `/` alone, with its policy; joined files without the folder that they are in.
        hidden = path.endswith(".html") or path.startswith("built/")
        if found is None or not S_ISREG(found.st_mode) or hidden:
            raise HTTPException(404)
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405)
        version, response = self._known.get(full, (None, None))
        if response is None or version != found.st_mtime_ns:
            response = _answer(Path(full))
            self._known[full] = (found.st_mtime_ns, response)
        if self.is_not_modified(response.headers, Headers(scope=scope)):
            return Response(status_code=304, headers=SHARED | {"ETag": response.headers["etag"]})
        return response


def _answer(file: Path) -> Response:
    body = file.read_bytes()
    media_type = guess_type(file.name)[0] or "application/octet-stream"
    return Response(body, headers=SHARED | {"ETag": _etag(body)}, media_type=media_type)


def _etag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def routes(door: Door) -> list[BaseRoute]:
    """`/`, `/embed.js`, `/embed/origin` and `/static`."""
    built = joined(DASHBOARD)
    files = SharedFiles(built, DASHBOARD) if built else SharedFiles(DASHBOARD)
    html = (built / "index.html").read_bytes() if built else _index()
    etag = _etag(html)

    async def index(request: Request) -> Response:
        headers = PAGE | {"ETag": etag}
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(html, headers=headers, media_type="text/html")

    async def embed(request: Request) -> Response:
        return await files.get_response("embed.js", request.scope)

    async def origin(request: Request) -> Response:
        # A browser names the origin of a page in its requests to other sites, not in those to the page's own.
        page = request.headers.get("origin") or request.query_params.get("page")
        try:
            door.check_origin_of(page, request)
            allowed = True
        except Forbidden:
            allowed = False
        answer = json_response({"origin": page, "allowed": allowed})
        answer.headers.update(SHARED | {"Cache-Control": "no-store"})
        return answer

    return [
        Route("/", index),
        Route("/embed.js", embed),
        Route("/embed/origin", origin),
        Mount("/static", files),
    ]


def _index() -> bytes:
    """The page, which asks at once for all modules of its first view instead of for one after the other."""
    modules = needed(DASHBOARD, "page.js")
    links = "".join(f'  <link rel="modulepreload" href="/static/{module}">\n' for module in modules)
    return (DASHBOARD / "index.html").read_text().replace("</head>", f"{links}</head>").encode()
