from __future__ import annotations

from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.types import Message
from starlette.websockets import WebSocket

from services.sockets import Sockets

Reached = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def reached() -> Reached:
    return []


@pytest.fixture
def application(reached: Reached) -> Sockets:
    def endpoint(name: str) -> Any:
        async def reach(socket: WebSocket) -> None:
            reached.append((name, socket.path_params))

        return reach

    async def page(_request: Request) -> PlainTextResponse:
        return PlainTextResponse("a page")

    routes = [
        WebSocketRoute("/fixed", endpoint("fixed")),
        Route("/page", page),
        WebSocketRoute("/one/{name}", endpoint("one")),
        WebSocketRoute("/{path:path}", endpoint("elsewhere")),
    ]
    return Sockets(Starlette(routes=routes), routes)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/fixed", ("fixed", {})),
        ("/one/a b", ("one", {"name": "a b"})),
        ("/page", ("elsewhere", {"path": "page"})),
        ("/", ("elsewhere", {"path": ""})),
    ],
)
async def test_a_socket_reaches_the_endpoint_of_its_path(
    application: Sockets, reached: Reached, path: str, found: tuple[str, dict[str, Any]]
) -> None:
    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(_message: Message) -> None:
        raise AssertionError("nothing is sent")

    await application({"type": "websocket", "path": path, "headers": []}, receive, send)
    assert reached == [found]


async def test_requests_are_answered_by_the_application(application: Sockets) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(application),
        base_url="http://gateway",
    ) as http:
        assert (await http.get("/page")).text == "a page"
        assert (await http.get("/fixed")).status_code == 404
