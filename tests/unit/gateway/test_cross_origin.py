from __future__ import annotations

import httpx
import pytest
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.responses import Response

from gateway.clients.cross_origin import CrossOrigin
from gateway.clients.door import Door
from gateway.sender import Joiner
from services.errors import NotFound
from services.metrics import Refusals
from services.settings import GatewaySettings

PAGE = {"Origin": "https://page.example"}
OTHER = {"Origin": "https://other.example"}


def client(origins: str = "https://page.example") -> httpx.AsyncClient:
    door = Door(GatewaySettings(origins=origins), Refusals(CollectorRegistry()), Joiner(), "127.0.0.1")

    async def missing(*_: object) -> None:
        raise NotFound("nothing here")

    routes = [
        CrossOrigin(Response("hi"), door, ("GET", "POST")).route("/hi"),
        CrossOrigin(missing, door, ("POST",)).route("/missing"),
    ]
    return httpx.AsyncClient(transport=httpx.ASGITransport(Starlette(routes=routes)), base_url="http://gateway")


async def test_a_page_that_is_listed_may_read_the_answer() -> None:
    answer = await client().post("/hi", headers=PAGE)
    assert (answer.status_code, answer.text) == (200, "hi")
    assert answer.headers["access-control-allow-origin"] == PAGE["Origin"]
    assert answer.headers["vary"] == "Origin"


async def test_it_may_also_read_why_it_was_refused() -> None:
    answer = await client().post("/missing", headers=PAGE)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.headers["access-control-allow-origin"] == PAGE["Origin"]


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
async def test_another_page_is_refused(method: str) -> None:
    answer = await client().request(method, "/hi", headers=OTHER)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert "access-control-allow-origin" not in answer.headers


async def test_programs_have_no_origin() -> None:
    assert (await client().get("/hi")).status_code == 200


async def test_where_any_page_may_read_it_is_told_so_by_name() -> None:
    answer = await client("*").get("/hi", headers=OTHER)
    assert answer.headers["access-control-allow-origin"] == OTHER["Origin"]


async def test_a_preflight_tells_what_may_be_sent() -> None:
    answer = await client().options("/hi", headers=PAGE | {"Access-Control-Request-Method": "POST"})
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-methods"] == "GET, POST"
    assert answer.headers["access-control-allow-headers"] == "Content-Type"


async def test_there_is_no_head() -> None:
    assert (await client().head("/hi")).status_code == 405
