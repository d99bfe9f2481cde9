"""ThingsBoard's HTTP API for devices: `POST /api/v1/{token}/telemetry`, answered with 200 and nothing, 400 or 401;
422 only if an Idempotency-Key was used for another request.

The token is the key of who sends. What is sent is of the device that the key is for; where nobody needs a key, the
token is the device's name.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence

import orjson

from ingest.formats import thingsboard
from ingest.formats.format import Format
from ingest.intake import Intake
from ingest.media import media_type
from ingest.senders import Sender
from services.commit import Appended
from services.errors import Forbidden, Reused, WindsockError
from services.lane import Answer, Appender, Lane, Post, Work, problem
from services.reading import Decoded
from services.settings import IngestSettings
from services.web import PROBLEM


class Telemetry:
    """The endpoint."""

    def __init__(self, intake: Intake, writer: Appender, settings: IngestSettings) -> None:
        self._intake = intake
        self._writer = writer
        self._settings = settings

    def lane(self) -> Lane:
        settings = self._settings
        path = "/api/v1/{token}/telemetry"
        return Lane(path, self.work, self._writer, settings.body_bytes, settings.body_s, refused=_refused)

    def work(self, post: Post) -> Work | Awaitable[Work]:
        """What to store of what a device sent."""
        token = post.params["token"]
        media_type(post.headers)  # which does not matter, unless a page sends it

        def form(sender: Sender) -> Format:
            return thingsboard.telemetry_of(_device(sender, token))

        return self._intake.take(post, token, form, _stored)


def _device(sender: Sender, token: str) -> str:
    if sender.holder is None:
        return token
    if sender.only_device is None:
        raise Forbidden("this key is for several devices; make one with a single device for a token of ThingsBoard's")
    return sender.only_device


def _stored(decoded: Decoded, appended: Sequence[Appended]) -> Answer:
    return Answer(200)


def _refused(error: WindsockError) -> Answer:
    """Its clients know 400 and 401, neither 409 nor 422."""
    if error.status not in (409, 422) or isinstance(error, Reused):
        return problem(error)
    return Answer(400, orjson.dumps(error.problem() | {"status": 400}), PROBLEM, error.headers())
