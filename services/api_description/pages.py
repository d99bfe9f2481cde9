"""The page, and what describes the API."""

from __future__ import annotations

from services.api_description.area import Area, answer, json, media, nullable, obj, operation, parameter, text

PAGE = media("text/html", text())
SCRIPT = media("text/javascript", text())
DOCUMENT = json(obj({}))
ORIGIN = json(
    obj(
        {
            "origin": nullable(text("As the browser named it (RFC 6454).")),
            "allowed": {"type": "boolean", "description": "Whether that page may open sockets here."},
        },
        ["origin", "allowed"],
    )
)

AREA = Area(
    "Pages",
    "For people, and this description for programs.",
    {
        "/": {"get": operation("showPage", "Devices and weather, live", {200: answer("The page.", PAGE)})},
        "/docs/": {"get": operation("showDocs", "This description, readable", {200: answer("The page.", PAGE)})},
        "/embed.js": {
            "get": operation("embed", "Elements with live values, for any page", {200: answer("A module.", SCRIPT)})
        },
        "/embed/origin": {
            "get": operation(
                "showOrigin",
                "Whether a page may open sockets",
                {200: answer("Who asks.", ORIGIN)},
                parameters=[
                    parameter("query", "page", "The asking page's origin, where its browser does not name it.", text())
                ],
            )
        },
        "/openapi.json": {
            "get": operation("describeHttp", "OpenAPI 3.1", {200: answer("What is asked over HTTP.", DOCUMENT)})
        },
        "/asyncapi.json": {
            "get": operation("describeSockets", "AsyncAPI 3.0", {200: answer("The WebSockets.", DOCUMENT)})
        },
    },
)
