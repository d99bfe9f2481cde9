"""What every HTTP service has: health, metrics, errors as problem+json, and bodies with a bound."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.websockets import WebSocket

from services.errors import NotFound, TooLarge, TooSlow, Unavailable, WindsockError
from services.metrics import Refusals

PROBLEM = "application/problem+json"
OUR_FAULT = "this is a fault of the server; its log says more"
REFUSED = "windsock.refused"
"""In the scope of a request: how its endpoint tells failures, if not as problem details."""


def json_response(body: Any, status: int = 200, media_type: str = "application/json", **headers: str) -> Response:
    """`body` as JSON; header names are given with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(orjson.dumps(body), status, named, media_type=media_type)


def problem_response(error: WindsockError) -> Response:
    """`error` as RFC 9457 problem details."""
    return Response(orjson.dumps(error.problem()), error.status, error.headers(), media_type=PROBLEM)


def error_handlers(refusals: Refusals) -> dict[Any, Any]:
    """Starlette's `exception_handlers`: every error as problem+json (or as the endpoint wants it), and counted."""

    async def on_expected(request: Request, error: WindsockError) -> Response:
        refusals.count("request", error.code)
        refused: Callable[[WindsockError], Response] = request.scope.get(REFUSED, problem_response)
        return refused(error)

    async def on_http(request: Request, error: HTTPException) -> Response:
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "bad_request")
        headers = {"Allow": _methods(request)} if error.status_code == 405 else error.headers
        refusals.count("request", code)
        body = {"type": "about:blank", "title": error.detail, "status": error.status_code, "detail": error.detail}
        return Response(orjson.dumps(body | {"code": code}), error.status_code, headers, media_type=PROBLEM)

    async def on_gone(_request: Request, _error: ClientDisconnect) -> Response:
        refusals.count("request", "gone")
        return Response(status_code=400)  # nobody reads it

    async def on_bug(request: Request, _error: Exception) -> Response:
        # Starlette raises it again, and uvicorn logs it.
        return await on_expected(request, WindsockError(OUR_FAULT))

    return {WindsockError: on_expected, HTTPException: on_http, ClientDisconnect: on_gone, Exception: on_bug}


def _methods(request: Request) -> str:
    """What the path can be asked for: several routes may have it, and Starlette names the methods of one."""
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    found = [route for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    return ", ".join(sorted({method for route in found for method in route.methods or ()}))


async def no_such_socket(socket: WebSocket) -> None:
    """The endpoint of every WebSocket path that nobody else takes: Starlette alone would answer 403."""
    await socket.send_denial_response(problem_response(NotFound("no WebSocket is served here")))


async def read_body(request: Request, most: int, within_s: float) -> bytes:
    """The whole body; raises TooLarge as soon as it is known to have more than `most` bytes, else TooSlow."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > most:
        raise TooLarge(f"the body has {declared} bytes; at most {most} are taken")
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(within_s):
            async for part in request.stream():
                size += len(part)
                if size > most:
                    raise TooLarge(f"the body has more than {most} bytes")
                parts.append(part)
    except TimeoutError:
        raise TooSlow(f"the body was not there within {within_s:g} s") from None
    return b"".join(parts)


def status_routes(registry: CollectorRegistry, unready: Callable[[], Sequence[str]]) -> list[BaseRoute]:
    """`/healthz` (the process lives), `/readyz` (it can do its work; else 503 with reasons), `/metrics`."""

    async def healthz(_request: Request) -> Response:
        return json_response({"status": "ok"})

    async def readyz(_request: Request) -> Response:
        reasons = list(unready())
        if reasons:
            return problem_response(Unavailable("; ".join(reasons)))
        return json_response({"status": "ready"})

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]
