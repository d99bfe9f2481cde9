"""`POST /v1/readings`: one reading, an array, or one per line; 202 once all of them are stored."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import orjson
from prometheus_client import CollectorRegistry, Counter
from starlette.datastructures import QueryParams

from ingest.media import media_type
from services.commit import Appended, entry_of
from services.errors import BadRequest, InvalidReadings, UnsupportedMedia
from services.lane import Answer, Headers, Lane, Post, Work
from services.reading import Decoded, Limits, Shape, decode
from services.settings import IngestSettings
from services.writer import Writer

SHAPES: dict[str, Shape] = {
    "": "json",
    "application/json": "json",
    "application/x-ndjson": "lines",
    "application/ndjson": "lines",
    "application/jsonl": "lines",
    "application/x-jsonlines": "lines",
}
"""Media type → how the body is cut into readings. A body without a type is taken for JSON."""


class ReadingsIntake:
    """The endpoint and its counters."""

    def __init__(
        self, writer: Writer, settings: IngestSettings, *, group_topics: bool, registry: CollectorRegistry
    ) -> None:
        self._writer = writer
        self._settings = settings
        self._limits = Limits(settings.batch_readings, settings.reading_metrics, settings.ts_ahead_s)
        self._group_topics = group_topics
        results = Counter(
            "windsock_ingest_readings", "Readings by what became of them", ["format", "result"], registry=registry
        )
        shapes = set(SHAPES.values())
        self._stored = {shape: results.labels(shape, "stored") for shape in shapes}
        self._refused = {shape: results.labels(shape, "refused") for shape in shapes}

    def lanes(self) -> list[Lane]:
        settings = self._settings
        return [Lane("/v1/readings", self.work, self._writer, settings.body_bytes, settings.body_s)]

    def work(self, post: Post) -> Work:
        """What to store of the body; the README tells the answers."""
        skip = _on_error(post.query) == "skip"
        shape = _shape(post.headers)
        decoded = decode(post.body, shape, self._limits, time.time_ns() // 1_000_000)
        refused = len(decoded.faults)
        if refused:
            self._refused[shape].inc(refused if skip else len(decoded.readings))
        if not skip:
            decoded.all_or_raise()
        elif refused == len(decoded.readings):
            raise InvalidReadings(decoded.faults[:20], omitted=max(0, refused - 20))
        group_topics = self._group_topics
        entries = [entry_of(reading, group_topics=group_topics) for reading in decoded.readings if reading is not None]

        def answer(appended: Sequence[Appended]) -> Answer:
            self._stored[shape].inc(len(appended))
            return Answer(202, orjson.dumps(_receipt(decoded, appended, skip=skip)))

        return Work(entries, answer)


def _on_error(query: bytes) -> str:
    choice = QueryParams(query).get("on_error", "fail") if query else "fail"
    if choice not in ("fail", "skip"):
        raise BadRequest("on_error", f"{choice[:32]!r} is neither 'fail' nor 'skip'")
    return choice


def _shape(headers: Headers) -> Shape:
    named = media_type(headers)
    try:
        return SHAPES[named]
    except KeyError:
        raise UnsupportedMedia(
            f"media type {named[:64]!r} is not read here; send Content-Type: application/json "
            "(a reading or an array) or application/x-ndjson (one per line)"
        ) from None


def _receipt(decoded: Decoded, appended: Sequence[Appended], *, skip: bool) -> dict[str, Any]:
    """How many were taken, and where each went: `positions[i]` belongs to reading i, null if refused."""
    stored = iter(appended)
    body: dict[str, Any] = {
        "accepted": len(appended),
        "duplicates": sum(one.duplicate for one in appended),
        "positions": [None if reading is None else next(stored).position for reading in decoded.readings],
    }
    if skip:
        body["rejected"] = [fault.as_dict() for fault in decoded.faults]
    return body
