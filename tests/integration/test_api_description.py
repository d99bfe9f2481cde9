"""What is described is what is served, and nothing else is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from gateway.clients.centrifuge.commands import HistoryRequest
from gateway.server_api import requests
from ingest import key_wishes
from ingest.readings import FORMATS
from services import device_keys
from services.api_description import keys, readings, server_api
from services.api_description.document import asyncapi, openapi
from services.assembly import ROOMS, Assembly, assembled
from services.web import status_routes
from tests.processes import environment
from tests.redis_server import RedisServer

WITHOUT_ROUTES = {"mqtt"}
"""Rooms that serve nothing of their own and need settings that have no default."""


@pytest.fixture
async def assembly(common_redis: RedisServer) -> AsyncIterator[Assembly]:
    async with assembled(
        [name for name in ROOMS if name not in WITHOUT_ROUTES], environment(), common_redis.url
    ) as found:
        yield found


def routes(assembly: Assembly) -> Iterator[BaseRoute]:
    yield from status_routes(assembly.shared.registry, tuple)
    yield from (lane.route() for lane in assembly.lanes)
    for room in assembly.rooms:
        yield from room.routes


async def test_every_http_route_is_described_and_every_path_is_served(assembly: Assembly) -> None:
    served = {
        (route.path, method)
        for route in routes(assembly)
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD", "OPTIONS"}
    }
    described = {(path, method.upper()) for path, methods in openapi()["paths"].items() for method in methods}
    assert described == served


async def test_every_socket_is_described_and_every_channel_is_served(assembly: Assembly) -> None:
    served = {route.path.rstrip("/") for route in routes(assembly) if isinstance(route, WebSocketRoute)}
    described = {channel["address"].rstrip("/") for channel in asyncapi()["channels"].values()}
    assert described == served


async def test_nothing_is_served_that_could_not_be_compared(assembly: Assembly) -> None:
    others = [route for route in routes(assembly) if not isinstance(route, Route | WebSocketRoute)]
    assert {route.path for route in others if isinstance(route, Mount)} == {"/docs", "/static"}
    assert len(others) == 2


def test_members_of_keys_are_those_that_are_read_and_shown() -> None:
    assert set(keys.NEW["properties"]) == set(key_wishes.NewKey.__struct_fields__)
    assert set(keys.ROTATION["properties"]) == set(key_wishes.Rotation.__struct_fields__)
    key, _ = device_keys.made(device_keys.Scope(), 0, name="n")
    assert set(keys.PUBLIC) == set(key.shown(0))


def test_every_media_type_that_is_read_is_described() -> None:
    assert {""} | set(readings.CONTENT) == set(FORMATS)


@pytest.mark.parametrize(
    ("method", "kind"),
    [
        ("publish", requests.Publish),
        ("broadcast", requests.Broadcast),
        ("presence", requests.Channel),
        ("history", HistoryRequest),
        ("disconnect", requests.Disconnect),
        ("unsubscribe", requests.Unsubscribe),
        ("subscribe", requests.Subscribe),
        ("refresh", requests.Refresh),
        ("revoke_token", requests.RevokeToken),
        ("invalidate_user_tokens", requests.InvalidateUserTokens),
        ("rpc", requests.Rpc),
        ("channels", requests.Pattern),
        ("batch", requests.Batch),
    ],
)
def test_members_of_calls_are_those_that_are_read(method: str, kind: type) -> None:
    described, required = server_api.REQUESTS[method]
    assert set(described) == set(kind.__struct_fields__)  # type: ignore[attr-defined]
    assert set(required) <= set(described)
