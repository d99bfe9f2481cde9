"""`/v1/devices/{id}/commands`: how a device that speaks HTTP gets its commands and answers them.

A device is given the commands that it has not acknowledged, oldest first, as often as it asks. One that asks with
`wait` is answered as soon as there is one, and with an empty list when the time is up or the service stops. Where
devices need keys, a device's commands are for who holds a key for it.
"""

from __future__ import annotations

import asyncio
import re

from prometheus_client import CollectorRegistry, Gauge
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ingest import bodies, said
from ingest.bells import Bells
from ingest.credentials import credentials_of
from ingest.media import media_type
from ingest.queries import only
from ingest.senders import Sender, Senders
from ingest.statements import Statements
from services import topics
from services.commands import Commands
from services.errors import BadRequest, Unavailable, UnsupportedMedia
from services.lane import headers_of
from services.settings import IngestSettings
from services.web import json_response, read_body

LONGEST_S = 60
"""A wait that may be asked for; how much of it is granted is a setting."""


class CommandDesk:
    """The endpoints."""

    def __init__(
        self,
        commands: Commands,
        statements: Statements,
        bells: Bells,
        senders: Senders,
        settings: IngestSettings,
        registry: CollectorRegistry,
    ) -> None:
        self._commands = commands
        self._senders = senders
        self._statements = statements
        self._bells = bells
        self._settings = settings
        waiting = Gauge("windsock_devices_waiting", "Devices that wait for commands", registry=registry)
        waiting.set_function(lambda: bells.taken)

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/v1/devices/{device}/commands", self.fetch, methods=["GET"]),
            Route("/v1/devices/{device}/commands/{command}", self.answer, methods=["POST"]),
        ]

    async def fetch(self, request: Request) -> Response:
        """`?wait=<seconds>`: the commands that the device has not acknowledged."""
        device, wait_s = named(request.path_params["device"]), min(_wait(request), self._settings.command_wait_s)
        sender = await self._sender(request, device)
        if wait_s:
            found = await self._wait_for(request, device, wait_s, sender)
            if found:
                # The key may have been revoked meanwhile.
                await self._sender(request, device)
        else:
            found = await self._commands.pending(device)
        body = b'{"commands":[' + b",".join(found) + b"]}"
        return Response(body, headers={"Cache-Control": "no-store"}, media_type="application/json")

    async def answer(self, request: Request) -> Response:
        """Take that the device has the command, or what came of it."""
        device, command = named(request.path_params["device"]), request.path_params["command"]
        await self._sender(request, device)
        headers, most = headers_of(request.headers.raw), self._settings.command_answer_bytes
        if media_type(headers) not in ("", "application/json"):
            raise UnsupportedMedia("an answer is JSON; send Content-Type: application/json")
        body = await read_body(request, most, self._settings.body_s)
        statement = said.decode(bodies.plain(headers, body, most))
        await self._statements.take(device, command, statement)
        return json_response({"command": command, "status": statement.said})

    async def _sender(self, request: Request, device: str) -> Sender:
        headers, address = headers_of(request.headers.raw), request.client.host if request.client else ""
        return await self._senders.of_device(credentials_of(headers), address, device)

    async def _wait_for(self, request: Request, device: str, wait_s: float, sender: Sender) -> list[bytes]:
        """What is pending as soon as there is something; nothing when the time is up, or the service stops.

        A Redis that fails meanwhile is waited for; one that fails at first, or to the end, is Unavailable.
        """
        clock = asyncio.get_running_loop().time
        until = clock() + wait_s
        with self._bells.waiting(device, sender.counted_as) as bell:
            found = await self._commands.pending(device)
            gone = asyncio.create_task(_gone(request))
            gone.add_done_callback(lambda _: bell.ring())
            failed: Unavailable | None = None
            try:
                while not (found or gone.done() or self._bells.closed) and (left := until - clock()) > 0:
                    await bell.wait(left, patient=failed is None)
                    try:
                        found, failed = await self._commands.pending(device), None
                    except Unavailable as error:
                        failed = error
                if gone.done():
                    raise ClientDisconnect
            finally:
                gone.cancel()
                await asyncio.wait([gone])
        if failed is not None:
            raise failed
        return found


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def named(device: str) -> str:
    """`device`, which is the name of one. Raises BadRequest."""
    if not re.match(topics.DEVICE_PATTERN, device):
        raise BadRequest("device", f"{device[:64]!r} is not the name of a device ({topics.DEVICE_PATTERN})")
    return device


def _wait(request: Request) -> float:
    asked = only(request.query_params, "wait", "0")
    if not re.fullmatch(r"[0-9]{1,2}(\.[0-9]{1,3})?", asked) or float(asked) > LONGEST_S:
        raise BadRequest("wait", f"{asked[:32]!r} is not a number of seconds from 0 to {LONGEST_S}")
    return float(asked)
