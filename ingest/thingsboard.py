"""ThingsBoard's HTTP API for devices: `POST /api/v1/{token}/telemetry`, answered with 200 and nothing, 400 or 401.

The token is the key of who sends. What is sent is of the device that the key is for; where nobody needs a key, the
token is the device's name.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ingest.formats import thingsboard
from ingest.formats.format import Format
from ingest.intake import Intake
from ingest.media import media_type
from ingest.senders import Sender
from services.commit import Appended
from services.errors import Forbidden, WindsockError
from services.lane import Answer, Appender, Post, Work, headers_of, problem, refusing
from services.reading import Decoded
from services.settings import IngestSettings
from services.web import read_body


class Telemetry:
    """The endpoint."""

    def __init__(self, intake: Intake, writer: Appender, settings: IngestSettings) -> None:
        self._intake = intake
        self._writer = writer
        self._settings = settings

    def routes(self) -> list[BaseRoute]:
        return [Route("/api/v1/{token}/telemetry", self.take, methods=["POST"])]

    async def take(self, request: Request) -> Response:
        """Store what a device sent."""
        refusing(request, _refused)
        token: str = request.path_params["token"]
        headers = headers_of(request.headers.raw)
        media_type(headers)  # which does not matter, unless a page sends it
        body = await read_body(request, self._settings.body_bytes, self._settings.body_s)
        address = request.client.host if request.client else ""

        def form(sender: Sender) -> Format:
            return thingsboard.telemetry_of(_device(sender, token))

        work = self._intake.take(Post(b"", headers, body, address, request.url.path), token, form, _stored)
        if not isinstance(work, Work):
            work = await work
        return work.answer(await self._writer.append(work.entries, work.once)).response()


def _device(sender: Sender, token: str) -> str:
    if sender.holder is None:
        return token
    if sender.only_device is None:
        raise Forbidden("this key is for several devices; make one with a single device for a token of ThingsBoard's")
    return sender.only_device


def _stored(decoded: Decoded, appended: Sequence[Appended]) -> Answer:
    return Answer(200)


def _refused(error: WindsockError) -> Answer:
    """Its clients know 400 and 401, not 422."""
    answer = problem(error)
    return Answer(400, answer.body, answer.media_type, answer.headers) if answer.status == 422 else answer
