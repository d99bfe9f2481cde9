"""The documents, put together: `openapi()` and `asyncapi()`. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Any

from services.api_description import (
    commands,
    comparisons,
    formats,
    keys,
    pages,
    problems,
    readings,
    reads,
    schemas,
    security,
    server_api,
    sockets,
    status,
    streams,
)
from services.api_description.area import Area, Part
from services.api_description.sockets import Socket

AREAS = (
    readings.AREA,
    formats.AREA,
    commands.AREA,
    keys.AREA,
    reads.AREA,
    comparisons.AREA,
    streams.AREA,
    server_api.AREA,
    status.AREA,
    pages.AREA,
)
ABOUT = (
    "Devices post readings; browsers and backends get them live. Errors are problem details (RFC 9457). "
    "The WebSockets are described in `/asyncapi.json`."
)


def openapi(areas: Sequence[Area] = AREAS) -> Part:
    """The OpenAPI 3.1 document of these areas."""
    paths: dict[str, Part] = {}
    statuses: set[int] = set()
    named: dict[str, Part] = schemas.SCHEMAS | problems.SCHEMAS
    for area in areas:
        named = named | dict(area.schemas)
        for path, methods in area.paths.items():
            for method, operation in methods.items():
                paths.setdefault(path, {})[method] = {"tags": [area.name], **operation}
                statuses.update(_refusals(operation))
    return {
        "openapi": "3.1.0",
        "info": _info("Windsock", ABOUT),
        "servers": [{"url": "/"}],
        "tags": [{"name": area.name, "description": area.about} for area in areas],
        "paths": paths,
        "components": {
            "schemas": named,
            "responses": problems.responses(statuses),
            "securitySchemes": security.SCHEMES,
        },
    }


def asyncapi(described: Sequence[Socket] = sockets.SOCKETS) -> Part:
    """The AsyncAPI 3.0 document of these sockets, from the server's side: it receives what clients send."""
    found: dict[str, Any] = {
        "asyncapi": "3.0.0",
        "info": _info("Windsock: WebSockets", sockets.ABOUT),
        "defaultContentType": "application/json",
        "servers": {
            "origin": {
                "host": "{host}",
                "protocol": "ws",
                "variables": {"host": {"default": "127.0.0.1:8080", "description": "Behind TLS: protocol wss."}},
            }
        },
        "channels": {socket.name: socket.channel() for socket in described},
        "operations": {},
        "components": {"schemas": sockets.SCHEMAS},
    }
    for socket in described:
        found["operations"] |= socket.operations()
    return found


def _info(title: str, about: str) -> Part:
    return {"title": title, "version": version("windsock"), "description": about}


def _refusals(operation: Part) -> Iterable[int]:
    for status_code, response in operation["responses"].items():
        if response.get("$ref", "").startswith("#/components/responses/Problem"):
            yield int(status_code)
