"""`/connection/websocket`: JSON or Protobuf, as the client asks."""

from __future__ import annotations

from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket

from gateway.clients.centrifuge.connection import Connection
from gateway.clients.centrifuge.json_encoding import JsonEncoding
from gateway.clients.centrifuge.protobuf_encoding import ProtobufEncoding
from gateway.clients.centrifuge.replies import Encoding
from gateway.clients.centrifuge.shared import Shared

JSON_NAME = "centrifuge-json"
PROTOBUF_NAME = "centrifuge-protobuf"
JSON = JsonEncoding()
PROTOBUF = ProtobufEncoding()


class CentrifugeSockets:
    """The endpoint."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def routes(self) -> list[BaseRoute]:
        return [WebSocketRoute("/connection/websocket", self._shared.door.guarded(self._serve))]

    async def _serve(self, socket: WebSocket) -> None:
        offered = socket.scope["subprotocols"]
        query = socket.query_params if socket.scope["query_string"] else {}
        asked = {query.get("format"), query.get("cf_protocol")}
        encoding: Encoding = PROTOBUF if PROTOBUF_NAME in offered or "protobuf" in asked else JSON
        name = PROTOBUF_NAME if encoding.binary else JSON_NAME
        async with self._shared.door.open(socket, binary=encoding.binary) as client:
            await socket.accept(name if name in offered else None)
            connection = Connection(self._shared, client, encoding)
            try:
                await connection.run()
            finally:
                await connection.leave_all()
