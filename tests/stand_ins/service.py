"""What the stand-ins of weather services share: they serve JSON over real HTTP from a thread, and go wrong on demand.

In a test: `with OpenMeteo() as weather:` serves on `weather.url`; `weather.requests` tells what was asked,
`weather.next(fault, …)` makes the next answers go wrong. A refused connection is a port on which nobody listens, a
failing name one under `.invalid` (RFC 2606).
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from email.utils import formatdate
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

FAULTS = (
    *("400", "401", "404", "429", "500", "503"),
    "garbage",  # HTML
    "truncated",
    "cut",  # the connection breaks off
    "drip",
    "redirect",
    "huge",
    "html",  # good JSON that calls itself text/html
    "text",  # good JSON that calls itself text/plain
    "other shape",
    "one broken",  # of several places
)
Body = Any
Endpoint = Callable[[Request], "Body | Response"]


class StandIn:
    """A service of one host. `routes` are path patterns and what answers them; faults are told by a pattern."""

    def __init__(self, routes: Mapping[str, Endpoint], port: int = 0) -> None:
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.headers: list[Mapping[str, str]] = []
        self.retry_after: str | None = None
        self.delays: dict[str, float] = {}
        """Path pattern → seconds before an answer."""
        self.most_at_once = 0
        """How many requests were in flight at the same time, at most."""
        self.ahead_s = 0.0
        """How far its clock is ahead, in its header `Date`."""
        self._in_flight = 0
        self._faults: dict[str, deque[str]] = {path: deque() for path in routes}
        self._listener = socket.create_server(("127.0.0.1", port))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        application = Starlette(routes=[Route(path, self._answering(path, routes[path])) for path in routes])
        self._server = uvicorn.Server(
            uvicorn.Config(
                application, log_config=None, access_log=False, timeout_graceful_shutdown=1, date_header=False
            )
        )
        self._thread = threading.Thread(target=self.run, daemon=True)

    def run(self) -> None:
        """Serve until stopped."""
        asyncio.run(self._server.serve(sockets=[self._listener]))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._listener.close()

    def next(self, *faults: str, path: str = "") -> None:
        """The next answers of `path` (the first, if none is told) go wrong, one in each of these ways (see FAULTS)."""
        assert set(faults) <= set(FAULTS), faults
        self._faults[path or next(iter(self._faults))].extend(faults)

    def forgive(self, path: str) -> None:
        """No more answers of `path` go wrong."""
        self._faults[path].clear()

    def patterns(self) -> list[str]:
        """The paths that it answers."""
        return list(self._faults)

    def now_s(self) -> float:
        """The time by its own clock."""
        return time.time() + self.ahead_s

    def refusal(self, status: int, reason: str, headers: Mapping[str, str] | None = None) -> Response:
        """As the service says no."""
        return JSONResponse({"error": True, "reason": reason}, status, headers)

    def break_one(self, body: Body) -> Body:
        """`body` with one of its places broken."""
        return None

    def _answering(self, path: str, endpoint: Endpoint) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            self.requests.append((request.url.path, dict(request.query_params)))
            self.headers.append(dict(request.headers))
            self._in_flight += 1
            self.most_at_once = max(self.most_at_once, self._in_flight)
            try:
                await asyncio.sleep(self.delays.get(path, 0.0))
                body = endpoint(request)
                fault = self._faults[path].popleft() if self._faults[path] else None
                response = body if isinstance(body, Response) and fault is None else self._response(body, fault)
            finally:
                self._in_flight -= 1
            response.headers.setdefault("Date", formatdate(self.now_s(), usegmt=True))
            return response

        return answer

    def _response(self, body: Body, fault: str | None) -> Response:
        text = bytes(body.body).decode() if isinstance(body, Response) else json.dumps(body)
        match fault:
            case None:
                return JSONResponse(body)
            case "429":
                headers = {"Retry-After": self.retry_after} if self.retry_after is not None else None
                return self.refusal(
                    429, "Minutely API request limit exceeded. Please try again in one minute.", headers
                )
            case "400" | "401" | "404" | "500" | "503":
                return self.refusal(int(fault), "The stand-in was told to refuse")
            case "garbage":
                return Response("<html>not the weather</html>", media_type="text/html")
            case "truncated":
                return Response(text[: len(text) // 2], media_type="application/json")
            case "cut":
                return Response(text[:20], headers={"Content-Length": "1000"}, media_type="application/json")
            case "drip":
                return StreamingResponse(_drip(text), media_type="application/json")
            case "redirect":
                return Response(status_code=302, headers={"Location": self.url + "/v1/elsewhere"})
            case "huge":
                return Response(b'{"padding": "' + b"x" * 4_000_000 + b'"}', media_type="application/json")
            case "html" | "text":
                return Response(text, media_type=f"text/{'html' if fault == 'html' else 'plain'}")
            case "one broken":
                return JSONResponse(self.break_one(body))
            case _:
                return JSONResponse([{"temperature": 21}] * 3)


async def _drip(text: str) -> AsyncIterator[str]:
    for character in text:
        yield character
        await asyncio.sleep(0.2)


def by_hand(stand_in: StandIn, names: Sequence[str]) -> None:
    """Serve for a person who tries Windsock out; `names` are the settings to point to it."""
    print(f"The stand-in listens on {stand_in.url}; set {' and '.join(names)} to it.", flush=True)
    stand_in.run()
