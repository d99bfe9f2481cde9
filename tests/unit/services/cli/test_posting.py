from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
import stamina

from services.cli.posting import Accepted, AwayError, Poster, RefusedError
from services.errors import BadRequest

URL = "http://windsock.example"
STORED = httpx.Response(202, json={"accepted": 1, "duplicates": 0, "positions": ["abc.1"]})
READING = {"device": "a", "values": {"t": 1}}


class Answers:
    """Answers requests with what it was given, in order, and remembers the requests."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self._answers: Iterator[httpx.Response | Exception] = iter(answers)
        self.requests: list[httpx.Request] = []
        self.waits: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def poster(self, patience_s: float | None = None) -> Poster:
        transport = httpx.MockTransport(self)
        return Poster(
            URL + "/", patience_s=patience_s, waiting=self.waits.append, transport=transport, wait_initial_s=0.001
        )


def test_readings_go_out_one_per_line() -> None:
    answers = Answers(STORED)
    with answers.poster() as poster:
        assert poster.post([READING, READING]) == Accepted(1, 0, ("abc.1",))
    request = answers.requests[0]
    assert (request.method, str(request.url)) == ("POST", URL + "/v1/readings")
    assert request.headers["content-type"] == "application/x-ndjson"
    assert request.content == b'{"device":"a","values":{"t":1}}\n{"device":"a","values":{"t":1}}'


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ConnectError("refused"),
        httpx.ReadError("reset"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("cut"),
        httpx.Response(503, json={"detail": "Redis does not answer"}),
        httpx.Response(502, text="<html>"),
        httpx.Response(429, json={}),
    ],
)
def test_the_same_is_posted_again_while_the_server_is_busy_or_away(failure: httpx.Response | Exception) -> None:
    answers = Answers(failure, failure, STORED)
    with answers.poster() as poster:
        assert poster.post([READING]).accepted == 1
    assert len(answers.requests) == 3
    assert {request.content for request in answers.requests} == {answers.requests[0].content}
    assert len(answers.waits) == 2


def test_patience_ends_with_what_was_wrong() -> None:
    answers = Answers(*[httpx.ConnectError("refused")] * 1_000)
    with answers.poster(patience_s=0.05) as poster, pytest.raises(AwayError, match=r"does not answer \(refused\)"):
        poster.post([READING])


def test_a_wait_that_the_server_asks_for_is_kept() -> None:
    waits: list[float] = []
    stamina.instrumentation.set_on_retry_hooks([lambda details: waits.append(details.wait_for)])
    try:
        with Answers(httpx.Response(503, headers={"retry-after": "1"}), STORED).poster() as poster:
            poster.post([READING])
    finally:
        stamina.instrumentation.set_on_retry_hooks(None)
    assert waits == [1.0]


def test_a_refusal_names_field_and_reason_and_which_reading() -> None:
    problem = {"index": 1, "field": "values.t", "reason": "is empty", "detail": "reading 1: values.t: is empty"}
    answers = Answers(httpx.Response(422, json=problem))
    with answers.poster() as poster, pytest.raises(RefusedError, match=r"^values\.t: is empty$") as caught:
        poster.post([READING, READING])
    assert (caught.value.index, caught.value.too_large, len(answers.requests)) == (1, False, 1)


def test_a_refusal_for_size_is_told_apart() -> None:
    answers = Answers(httpx.Response(413, json={"detail": "too many"}))
    with answers.poster() as poster, pytest.raises(RefusedError) as caught:
        poster.post([READING])
    assert caught.value.too_large


@pytest.mark.parametrize("answer", [httpx.Response(200, text="<html>"), httpx.Response(404, json={"detail": "?"})])
def test_another_kind_of_server_is_recognised(answer: httpx.Response) -> None:
    with Answers(answer).poster() as poster, pytest.raises(RefusedError, match="the address of a Windsock"):
        poster.post([READING])


@pytest.mark.parametrize("url", ["ftp://x", "nonsense", "http://[::1"])
def test_what_is_no_http_address_is_refused_at_once(url: str) -> None:
    with pytest.raises(BadRequest, match=r"^--url: "), Poster(url, patience_s=None) as poster:
        poster.post([READING])
