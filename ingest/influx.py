"""InfluxDB's HTTP API as far as clients need it to write: `/write`, `/api/v2/write`, and what they ask before.

Lines that do not read, or that a key or a limit of names does not let in, are left out and told; the others are stored:
agents drop a batch that is refused. Statuses are such that Telegraf keeps what it may send again: it drops what version
1 answers with any 4xx, so what is worth a retry is 503 there; version 2 may also say 429. `db`, `rp`, `bucket` and
`org` are not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeGuard
from urllib.parse import parse_qs

import orjson
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ingest import bodies
from ingest.credentials import credentials_of
from ingest.formats.line_protocol import LineProtocol
from ingest.intake import Intake
from ingest.media import media_type
from ingest.queries import only
from services.commit import Appended
from services.errors import (
    BadRequest,
    Fault,
    FaultyInput,
    InvalidReadings,
    Reused,
    TooLarge,
    TooManyMetrics,
    WindsockError,
)
from services.lane import Answer, Appender, Lane, Post, Work, headers_of, refusing
from services.reading import Decoded
from services.settings import IngestSettings
from services.web import json_response, read_body

VERSION = "1.8.10"
"""Of the InfluxDB whose `/write` and `/query` this is; clients take a part of it for a number."""
ABOUT = {"X-Influxdb-Version": VERSION, "X-Influxdb-Build": "Windsock"}
PRECISIONS_V1 = ("n", "ns", "u", "us", "ms", "s", "m", "h")
PRECISIONS_V2 = ("ns", "us", "ms", "s")
TOLD = 5
"""Lines of which an answer tells what is wrong."""
STATEMENT_BYTES = 16_384
FIELDS = 100
"""Most fields of a form with a statement."""
CREATE_DATABASE = re.compile(r'CREATE\s++DATABASE\s++(?:"(?:[^"\\]|\\.)++"|\w++)(?:\s++WITH\s.*+)?', re.I | re.S)
CODES = {
    400: "invalid",
    401: "unauthorized",
    403: "forbidden",
    404: "not found",
    413: "request too large",
    415: "unsupported media type",
    422: "unprocessable entity",
    429: "too many requests",
    503: "unavailable",
}
"""What version 2 calls a status."""
STATUSES_V1 = {408: 503, 409: 400, 422: 400, 429: 503}
STATUSES_V2 = {408: 503, 409: 400, 422: 400}
"""Statuses of ours → those with which clients do what is meant. Version 2 says with 422 that a part was stored; both
say so of an Idempotency-Key of another request, which no agent sends.
"""


class Influx:
    """The endpoints. `unready` gives the reasons why nothing could be stored now."""

    def __init__(
        self,
        intake: Intake,
        writer: Appender,
        settings: IngestSettings,
        lines: LineProtocol,
        unready: Callable[[], Sequence[str]],
    ) -> None:
        self._intake = intake
        self._writer = writer
        self._settings = settings
        self._lines = lines
        self._unready = unready

    def lanes(self) -> list[Lane]:
        most, within_s = self._settings.body_bytes, self._settings.body_s
        work_v1 = partial(self._work, PRECISIONS_V1, _written_v1)
        work_v2 = partial(self._work, PRECISIONS_V2, _written_v2)
        return [
            Lane("/write", work_v1, self._writer, most, within_s, refused=_refused_v1),
            Lane("/api/v2/write", work_v2, self._writer, most, within_s, refused=_refused_v2),
        ]

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/ping", self.ping, methods=["GET", "HEAD"]),
            Route("/health", self.health, methods=["GET"]),
            Route("/query", self.query, methods=["GET", "POST"]),
        ]

    async def ping(self, _request: Request) -> Response:
        """That something is here."""
        return Response(status_code=204, headers=ABOUT)

    async def health(self, _request: Request) -> Response:
        """Whether lines could be stored now."""
        reasons = self._unready()
        message = "; ".join(reasons) or "ready for writes"
        told = {"name": "windsock", "message": message, "status": "fail" if reasons else "pass", "version": VERSION}
        return json_response(told, 503 if reasons else 200)

    async def query(self, request: Request) -> Response:
        """Version 1's way to ask; agents create their database with it before they write."""
        refusing(request, _refused_v1)
        statement = request.query_params.get("q", "")
        if request.method == "POST" and not statement:
            body = await read_body(request, STATEMENT_BYTES, self._settings.body_s)
            form = bodies.plain(headers_of(request.headers.raw), body, STATEMENT_BYTES)
            statement = _form(form).get("q", [""])[0]
        if not statement:
            raise BadRequest(None, 'missing required parameter "q"')
        if len(statement) > STATEMENT_BYTES:
            raise TooLarge(f"the statement is longer than {STATEMENT_BYTES} bytes")
        if not is_create_database(statement):
            raise BadRequest(None, "only CREATE DATABASE is understood here; read with GET /api/history")
        return json_response({"results": [{"statement_id": 0}]})

    def _work(
        self, precisions: Sequence[str], written: Callable[[Decoded, Sequence[Appended]], Answer], post: Post
    ) -> Work | Awaitable[Work]:
        media_type(post.headers)  # which does not matter, unless a page sends it
        precision = only(QueryParams(post.query), "precision", "") or "ns"
        if precision not in precisions:
            raise BadRequest("precision", f"{precision[:16]!r} is none of {', '.join(precisions)}")
        credentials = credentials_of(post.headers, post.query)
        return self._intake.take(post, credentials, self._lines.format(precision), written, skip=True)


def is_create_database(statement: str) -> bool:
    """Whether it is the one statement that is understood, with a semicolon or without; in time linear in its length."""
    return CREATE_DATABASE.fullmatch(statement.strip().removesuffix(";").rstrip()) is not None


def _form(body: bytes) -> Mapping[str, Sequence[str]]:
    try:
        return parse_qs(body.decode("utf-8", "replace"), max_num_fields=FIELDS)
    except ValueError:
        raise BadRequest(None, f"the form has more than {FIELDS} fields") from None


def _written_v1(decoded: Decoded, appended: Sequence[Appended]) -> Answer:
    if not decoded.faults:
        return Answer(204, headers=ABOUT)
    return _error_v1(400, _partly(decoded.faults))


def _written_v2(decoded: Decoded, appended: Sequence[Appended]) -> Answer:
    if not decoded.faults:
        return Answer(204, headers=ABOUT)
    return _error_v2(422, _partly(decoded.faults), line=_number(decoded.faults[0]))


def _refused_v1(error: WindsockError) -> Answer:
    """Older agents look for "unable to parse" and "partial write" (so InfluxDB 1 tells its own limits); lines that are
    refused in other words they send again for ever.
    """
    told = _told(error)
    if isinstance(error, TooManyMetrics):
        told = _partly(error.faults, error.omitted)
    elif isinstance(error, InvalidReadings) and _is_of_lines(error):
        told = f"unable to parse: {told}"
    return _error_v1(_status(error, STATUSES_V1), told, error.headers())


def _refused_v2(error: WindsockError) -> Answer:
    line = _number(error.faults[0]) if _is_of_lines(error) else None
    return _error_v2(_status(error, STATUSES_V2), _told(error), error.headers(), line)


def _status(error: WindsockError, statuses: Mapping[int, int]) -> int:
    return error.status if isinstance(error, Reused) else statuses.get(error.status, error.status)


def _error_v1(status: int, told: str, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, orjson.dumps({"error": told}), headers={**ABOUT, **(headers or {})})


def _error_v2(status: int, told: str, headers: Mapping[str, str] | None = None, line: int | None = None) -> Answer:
    body: dict[str, Any] = {"code": CODES.get(status, "internal error"), "message": told}
    if line is not None:
        body["line"] = line
    return Answer(status, orjson.dumps(body), headers={**ABOUT, **(headers or {})})


def _is_of_lines(error: WindsockError) -> TypeGuard[FaultyInput]:
    return isinstance(error, FaultyInput) and error.faults[0].index is not None


def _told(error: WindsockError) -> str:
    return _lines(error.faults, error.omitted) if _is_of_lines(error) else str(error)


def _partly(faults: Sequence[Fault], omitted: int = 0) -> str:
    return f"partial write: {_lines(faults, omitted)} dropped={len(faults) + omitted}"


def _lines(faults: Sequence[Fault], omitted: int = 0) -> str:
    """What is wrong with the first of the lines."""
    said = [f"line {_number(one)}: {one.field + ': ' if one.field else ''}{one.reason}" for one in faults[:TOLD]]
    more = len(faults) + omitted - len(said)
    return "; ".join(said) + (f"; and {more} more" if more else "")


def _number(fault: Fault) -> int:
    return (fault.index or 0) + 1
