"""The page, and what describes the API."""

from __future__ import annotations

from services.api_description.area import Area, answer, json, media, obj, operation, text

PAGE = media("text/html", text())
DOCUMENT = json(obj({}))

AREA = Area(
    "Pages",
    "For people, and this description for programs.",
    {
        "/": {"get": operation("showPage", "Devices and weather, live", {200: answer("The page.", PAGE)})},
        "/docs/": {"get": operation("showDocs", "This description, readable", {200: answer("The page.", PAGE)})},
        "/openapi.json": {
            "get": operation("describeHttp", "OpenAPI 3.1", {200: answer("What is asked over HTTP.", DOCUMENT)})
        },
        "/asyncapi.json": {
            "get": operation("describeSockets", "AsyncAPI 3.0", {200: answer("The WebSockets.", DOCUMENT)})
        },
    },
)
