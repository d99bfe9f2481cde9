"""`POST /v1/readings`: readings in any format that has a media type; 202 once all of them are stored."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from functools import partial

import orjson

from ingest.credentials import credentials_of
from ingest.formats import cloudevents
from ingest.formats.format import Format
from ingest.formats.json_readings import JSON, LINES
from ingest.formats.senml import SENML
from ingest.intake import Intake
from ingest.media import media_type
from ingest.receipts import receipt, skips
from services.commit import Appended
from services.errors import UnsupportedMedia
from services.lane import Answer, Appender, Headers, Lane, Post, Work
from services.reading import Decoded
from services.settings import IngestSettings

FORMATS = {
    "": JSON,
    "application/json": JSON,
    "application/x-ndjson": LINES,
    "application/ndjson": LINES,
    "application/jsonl": LINES,
    "application/x-jsonlines": LINES,
    "application/senml+json": SENML,
    cloudevents.STRUCTURED: cloudevents.EVENT,
    cloudevents.BATCH: cloudevents.EVENTS,
}
"""Media type → how the body is read. A body without a type is taken for JSON."""


class Readings:
    """The endpoint."""

    def __init__(self, intake: Intake, writer: Appender, settings: IngestSettings) -> None:
        self._intake = intake
        self._writer = writer
        self._settings = settings

    def lanes(self) -> list[Lane]:
        settings = self._settings
        return [Lane("/v1/readings", self.work, self._writer, settings.body_bytes, settings.body_s)]

    def work(self, post: Post) -> Work | Awaitable[Work]:
        """What to store of the body; the README tells the answers."""
        skip = skips(post.query)
        reply = _all_told if skip else _told
        credentials = credentials_of(post.headers)
        return self._intake.take(post, credentials, _format(post.headers), reply, skip=skip)


def _format(headers: Headers) -> Format:
    named = media_type(headers)
    if cloudevents.BINARY_HEADER in headers and named not in (cloudevents.STRUCTURED, cloudevents.BATCH):
        return cloudevents.BINARY
    try:
        return FORMATS[named]
    except KeyError:
        raise UnsupportedMedia(
            f"media type {named[:64]!r} is not read here; send Content-Type: application/json "
            "(a reading or an array), application/x-ndjson (one per line), application/senml+json or "
            f"{cloudevents.STRUCTURED}"
        ) from None


def _answer(skip: bool, decoded: Decoded, appended: Sequence[Appended]) -> Answer:
    return Answer(202, orjson.dumps(receipt(decoded, appended, skip=skip)))


_told = partial(_answer, False)
_all_told = partial(_answer, True)
