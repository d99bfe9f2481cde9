"""The live service does what its description says: schemathesis asks what the description allows, and what not.

Streams and sockets, which do not end by themselves, are left to tests of their own. What a schema allows may still be
refused: limits are settings, and not every line of text is a reading.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.specs.openapi.checks import positive_data_acceptance

from services.api_description.document import openapi
from tests.processes import Windsock

KEY = "the-key-of-the-server-api"
BACKEND = {"X-API-Key": KEY, "X-Centrifugo-Error-Mode": "transport"}
ENDLESS = ["/sse", "/connection/sse", "/connection/http_stream", "/connection/uni_sse", "/connection/uni_http_stream"]
LINES = ["application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"]

described = schemathesis.openapi.from_dict(openapi()).exclude(path=ENDLESS)


@schemathesis.serializer(*LINES)
def lines(_context: schemathesis.SerializationContext, value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    limits = {"api_key": KEY, "command_wait_s": "0.05"}
    with Windsock(tmp_path_factory.mktemp("described"), **limits) as windsock:
        yield windsock.url


@described.parametrize()
@settings(max_examples=15, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_answers_are_as_described(case: Case[Any], url: str) -> None:
    headers = BACKEND if case.path.startswith(("/api/", "/v1/keys")) else {}
    case.call_and_validate(base_url=url, headers=headers, timeout=60, excluded_checks=[positive_data_acceptance])
