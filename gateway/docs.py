"""The description of the API: two documents for programs, and a page that shows them to people.

The page is ours alone and loads nothing from elsewhere, which its Content-Security-Policy also says.
"""

from __future__ import annotations

from pathlib import Path

import orjson
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from services.api_description.area import Part
from services.api_description.document import asyncapi, openapi

PAGE = Path(__file__).parent / "docs_page"
HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def routes() -> list[BaseRoute]:
    """`/openapi.json`, `/asyncapi.json`, and the page at `/docs/`."""

    async def page(_request: Request) -> Response:
        return FileResponse(PAGE / "index.html", headers=HEADERS)

    return [
        _document("/openapi.json", openapi()),
        _document("/asyncapi.json", asyncapi()),
        Route("/docs/", page),
        Mount("/docs", StaticFiles(directory=PAGE)),
    ]


def _document(path: str, document: Part) -> Route:
    text = orjson.dumps(document)
    # Pages of other origins may read it: it says nothing that is not in the source.
    headers = {"Cache-Control": "no-cache", "Access-Control-Allow-Origin": "*"}

    async def endpoint(_request: Request) -> Response:
        return Response(text, headers=headers, media_type="application/json")

    return Route(path, endpoint)
