"""`/ws/ingest`, put before conversations: who may connect, and how many at once.

What fails before the handshake is answered with an HTTP status and problem+json.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import nullcontext

from prometheus_client import CollectorRegistry, Counter, Gauge
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from ingest.bells import Bells
from ingest.commands import named
from ingest.credentials import named_in, preferred
from ingest.receipts import skips
from ingest.sockets.conversation import GRACE_S, Conversation, Party, Tools
from services import closes, logs
from services.admission import Origins, Seats
from services.bearer import subprotocol, tokens_of
from services.errors import BadRequest, Unauthorized, Unavailable, WindsockError
from services.lane import headers_of
from services.settings import GatewaySettings
from services.web import problem_response

PATH = "/ws/ingest"
LOOK_S = 0.5
"""Between two looks for keys that are not good any more."""

log = logs.get("device-sockets")


class DeviceSockets:
    """The endpoint, and all who are connected."""

    def __init__(
        self,
        tools: Tools,
        bells: Bells,
        gateway: GatewaySettings,
        host: str,
        registry: CollectorRegistry,
        refused: Callable[[str], None],
    ) -> None:
        """`host` is the address that is listened on; `refused` counts handshakes. Raises SettingError."""
        settings = tools.settings
        self._tools = tools
        self._bells = bells
        self._refused = refused
        self._origins = Origins(gateway.origins, host)
        self._seats = Seats(
            settings.device_sockets, settings.device_sockets_per_address, gateway.connects_per_s, time.monotonic
        )
        self._open: dict[Conversation, asyncio.Task[None]] = {}
        taken = Gauge("windsock_device_sockets", "Open WebSockets of devices", registry=registry)
        taken.set_function(lambda: self._seats.taken)
        self._closed = Counter(
            "windsock_device_sockets_closed", "WebSockets of devices that ended, by code", ["code"], registry=registry
        )

    def routes(self) -> list[BaseRoute]:
        return [WebSocketRoute(PATH + slash, self.serve) for slash in ("", "/")]

    async def serve(self, socket: WebSocket) -> None:
        """One socket, from its handshake to its end."""
        try:
            self._origins.check(socket.headers.get("origin"), socket.headers.get("host"))
            address = socket.client.host if socket.client is not None else ""
            with self._seats.one(address):
                await self._converse(socket, await self._party(socket, address))
        except WebSocketDisconnect as gone:
            self._closed.labels(str(gone.code)).inc()
        except WindsockError as error:
            self._refused(error.code)
            await socket.send_denial_response(problem_response(error))

    async def _party(self, socket: WebSocket, address: str) -> Party:
        credentials = preferred((*tokens_of(socket), *named_in(headers_of(socket.headers.raw))))
        skip, asked = skips(socket.scope["query_string"]), socket.query_params.getlist("device")
        if len(asked) > 1:
            raise BadRequest("device", "stands there more than once; a socket brings the commands of one device")
        if asked:
            device = named(asked[0])
            return Party(await self._tools.senders.of_device(credentials, address, device), device, skip)
        sender = await self._tools.senders.identified(credentials, address)
        return Party(sender, sender.only_device, skip)

    async def _converse(self, socket: WebSocket, party: Party) -> None:
        with (
            self._bells.waiting(party.device, party.sender.counted_as)
            if party.device is not None
            else nullcontext() as bell
        ):
            await socket.accept(subprotocol(socket.scope["subprotocols"]))
            conversation = Conversation(socket, self._tools, party, bell)
            task = asyncio.current_task()
            assert task is not None
            self._open[conversation] = task
            try:
                why = await conversation.run()
            finally:
                del self._open[conversation]
        code = conversation.left_with if why is closes.GONE else why.code
        self._closed.labels(str(code if code in closes.COUNTED else "other")).inc()

    async def watch(self) -> None:
        """Until cancelled, end conversations of those whose key is not good any more, also silent ones."""
        while True:
            await asyncio.sleep(LOOK_S)
            for conversation in list(self._open):
                try:
                    await self._tools.senders.check(conversation.sender)
                except Unauthorized:
                    conversation.stop(closes.INVALID_TOKEN)
                except Unavailable as error:
                    log.debug("whether keys are good is not known", error=str(error))
                    break

    async def drain(self) -> None:
        """Admit nobody any more, and end every conversation once what it was asked is answered."""
        self._seats.close()
        tasks = list(self._open.values())
        log.info("the devices are let go", sockets=len(tasks))
        for conversation in list(self._open):
            conversation.stop()
        if tasks:
            await asyncio.wait(tasks, timeout=3 * GRACE_S)
