"""How failures are told to InfluxDB's clients: what may be sent again, and what is dropped."""

from __future__ import annotations

import json
from typing import ClassVar

import pytest

from ingest.influx import Influx, is_create_database
from services.errors import (
    BadRequest,
    ClientError,
    Fault,
    Forbidden,
    InvalidReadings,
    MalformedBody,
    OutOfScope,
    Overloaded,
    Reused,
    TooLarge,
    TooManyMetrics,
    TooSlow,
    Unauthorized,
    Unavailable,
    UnsupportedMedia,
    WindsockError,
)
from services.lane import Answer
from services.settings import IngestSettings
from tests.stand_ins.lanes import Shelf


class TooOften(ClientError):
    status: ClassVar[int] = 429

    def headers(self) -> dict[str, str]:
        return {"Retry-After": "7"}


def refusals(error: WindsockError) -> tuple[Answer, Answer]:
    """How each version tells `error`."""
    unused = None
    influx = Influx(unused, Shelf(), IngestSettings(), unused, tuple)  # type: ignore[arg-type]  # nothing is stored
    first, second = influx.lanes()
    return first.refused(error), second.refused(error)


@pytest.mark.parametrize(
    ("error", "v1", "v2", "code"),
    [
        (BadRequest("precision", "is none"), 400, 400, "invalid"),
        (MalformedBody([Fault(None, None, "is cut off")]), 400, 400, "invalid"),
        (InvalidReadings([Fault(2, "f", "is no value")]), 400, 400, "invalid"),
        (Reused("used"), 422, 422, "unprocessable entity"),
        (Unauthorized("who?"), 401, 401, "unauthorized"),
        (Forbidden("not yours"), 403, 403, "forbidden"),
        (TooSlow("too slow"), 503, 503, "unavailable"),
        (TooLarge("too large"), 413, 413, "request too large"),
        (UnsupportedMedia("br"), 415, 415, "unsupported media type"),
        (TooOften("too often"), 503, 429, "too many requests"),
        (Unavailable("Redis"), 503, 503, "unavailable"),
        (Overloaded("full"), 503, 503, "unavailable"),
        (WindsockError("a bug"), 500, 500, "internal error"),
    ],
)
def test_a_failure_has_the_status_with_which_clients_do_what_is_meant(
    error: WindsockError, v1: int, v2: int, code: str
) -> None:
    first, second = refusals(error)
    assert (first.status, second.status) == (v1, v2)
    assert json.loads(second.body)["code"] == code
    for answer in (first, second):
        assert error.headers().items() <= answer.headers.items()


def test_the_line_is_named() -> None:
    first, second = refusals(InvalidReadings([Fault(line, "f", "is no value") for line in range(2, 9)]))
    said = "; ".join(f"line {line}: f: is no value" for line in range(3, 8)) + "; and 2 more"
    assert json.loads(first.body) == {"error": f"unable to parse: {said}"}
    assert json.loads(second.body) == {"code": "invalid", "message": said, "line": 3}


def test_a_limit_is_told_as_the_limit_that_it_is() -> None:
    faults = [Fault(line, "values.x", "is new, and there are too many") for line in range(30)]
    first, second = refusals(TooManyMetrics.first_of(faults))
    assert (first.status, second.status) == (400, 400)
    told = "; ".join(f"line {line}: values.x: is new, and there are too many" for line in range(1, 6)) + "; and 25 more"
    assert json.loads(first.body) == {"error": f"partial write: {told} dropped=30"}
    assert json.loads(second.body)["message"] == told


def test_what_is_not_the_keys_to_send_is_told_without_a_word_of_parsing() -> None:
    first, second = refusals(OutOfScope([Fault(0, "device", "this key is not for b")]))
    assert (first.status, second.status) == (403, 403)
    assert json.loads(first.body) == {"error": "line 1: device: this key is not for b"}


@pytest.mark.parametrize(
    ("statement", "understood"),
    [
        ("CREATE DATABASE telegraf", True),
        (' create\tdatabase "a \\" b" ; ', True),
        ('CREATE DATABASE "a;b" WITH DURATION 1d\nREPLICATION 1;', True),
        ("CREATE DATABASE", False),
        ("CREATE DATABASE a b", False),
        ("CREATE DATABASE a; DROP DATABASE b", False),
        ("CREATE DATABASE a;;", False),
        ('CREATE DATABASE "a', False),
        ("SHOW DATABASES", False),
    ],
)
def test_one_statement_is_understood(statement: str, understood: bool) -> None:
    assert is_create_database(statement) is understood


@pytest.mark.parametrize(
    "statement", ["CREATE~", "CREATE DATABASE~", "CREATE DATABASE a~x", "CREATE DATABASE a WITH~;;~x;"]
)
def test_a_statement_is_gone_through_once(statement: str) -> None:
    # What is quadratic in its length would not end.
    is_create_database(statement.replace("~", " " * 1_000_000))
