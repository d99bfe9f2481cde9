"""A lane on any ASGI server, as a route of Starlette."""

from __future__ import annotations

import dataclasses

import httpx
import orjson
import pytest
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from services.errors import WindsockError
from services.lane import Answer, Lane, Post, Work, headers_of
from services.metrics import Refusals
from services.web import error_handlers
from tests.stand_ins.lanes import Shelf, echo


def client(lane: Lane) -> httpx.AsyncClient:
    handlers = error_handlers(Refusals(CollectorRegistry()))
    application = Starlette(routes=[lane.route()], exception_handlers=handlers)
    transport = httpx.ASGITransport(application, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://x")


async def test_a_lane_is_a_route_as_well() -> None:
    shelf = Shelf()
    async with client(echo(shelf)) as http:
        answer = await http.post("/echo?q", content=b"one", headers=[("X-Twice", "a"), ("X-Twice", "b")])
    assert (answer.status_code, answer.content, shelf.stored) == (202, b"oneqa", [b"one"])
    assert answer.headers["content-type"] == "application/json"


def test_of_a_header_that_is_said_once_all_that_was_said_is_kept() -> None:
    key = b"idempotency-key"
    assert headers_of([(key, b"a"), (b"x", b"1"), (key, b"a"), (b"x", b"2")]) == {key: b"a, a", b"x": b"1"}


async def test_a_lane_may_have_to_ask_first() -> None:
    shelf = Shelf()
    async with client(echo(shelf)) as http:
        assert (await http.post("/echo", content=b"later")).status_code == 202
    assert shelf.stored == [b"later"]


@pytest.mark.parametrize(("body", "status"), [(b"bad", 400), (b"later bad", 400), (b"x" * 101, 413)])
async def test_what_is_wrong_is_told_in_the_same_way(body: bytes, status: int) -> None:
    async with client(echo(Shelf())) as http:
        answer = await http.post("/echo", content=body)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
        assert (await http.get("/echo")).status_code == 405


async def test_a_request_above_the_bound_is_refused() -> None:
    lane = echo(Shelf(), most=1)
    handlers = error_handlers(Refusals(CollectorRegistry()))
    application = Starlette(routes=[lane.route()], exception_handlers=handlers)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://x") as http:
        with lane.in_flight.one():
            refused = await http.post("/echo", content=b"one")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert (await http.post("/echo", content=b"one")).status_code == 202


@pytest.mark.parametrize(("body", "code"), [(b"bad", "bad_request"), (b"x" * 101, "too_large"), (b"bug", "internal")])
async def test_a_lane_tells_failures_in_its_own_way(body: bytes, code: str) -> None:
    def refused(error: WindsockError) -> Answer:
        return Answer(418, error.code.encode(), "text/plain", {"X-Kind": "own"})

    async with client(dataclasses.replace(echo(Shelf()), refused=refused)) as http:
        answer = await http.post("/echo", content=body)
    assert (answer.status_code, answer.text, answer.headers["x-kind"]) == (418, code, "own")


async def test_a_lane_is_told_what_stands_for_the_parts_of_its_path() -> None:
    def work(post: Post) -> Work:
        return Work([], lambda appended: Answer(200, orjson.dumps(post.params)))

    async with client(dataclasses.replace(echo(Shelf()), path="/of/{one}/and/{other}", work=work)) as http:
        assert (await http.post("/of/a/and/b")).json() == {"one": "a", "other": "b"}


async def test_an_answer_without_content_has_no_length_either() -> None:
    def work(post: Post) -> Work:
        return Work([], lambda appended: Answer(204))

    async with client(dataclasses.replace(echo(Shelf()), work=work)) as http:
        answer = await http.post("/echo", content=b"one")
    assert (answer.status_code, dict(answer.headers)) == (204, {})
