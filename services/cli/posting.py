"""Posts readings to a Windsock over HTTP, and again while it is busy or away.

Promise: what `post` returned for is stored; readings with ids may be posted again without being stored
twice. Deliberately one request at a time, so that the order in which readings are given is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import httpx
import orjson
import stamina

from services.cli.values import is_local
from services.errors import BadRequest, ClientError, WindsockError

READINGS = "/v1/readings"
BUSY = frozenset({429, 502, 503, 504})
WAIT_MAX_S = 5.0


class RefusedError(ClientError):
    """The server refused the readings; `index` says which one if it told."""

    code = "refused"

    def __init__(
        self, reason: str, index: int | None = None, field: str | None = None, *, answered: int | None = None
    ) -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.index = index
        self.answered = answered
        """The status of the answer."""

    @property
    def too_large(self) -> bool:
        """Whether fewer readings at once may be taken."""
        return self.answered == 413


class AwayError(WindsockError):
    """The server does not answer, or has no time now."""

    code = "away"
    retryable = True

    def __init__(self, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Accepted:
    """The server's answer: all of it is stored."""

    accepted: int
    duplicates: int
    positions: tuple[str, ...]


class Poster:
    """Posts to `url`; gives up after `patience_s` seconds (None: never) with AwayError.

    `key` is a device key; empty if none is needed. `waiting(reason)` is called before each wait.
    """

    def __init__(
        self,
        url: str,
        *,
        patience_s: float | None,
        key: str = "",
        waiting: Callable[[str], None] = lambda reason: None,
        transport: httpx.BaseTransport | None = None,
        wait_initial_s: float = 0.1,
    ) -> None:
        self._url = url.rstrip("/") + READINGS
        self._patience_s = patience_s
        self._wait_initial_s = wait_initial_s
        self._headers = headers(key)
        self._waiting = waiting
        try:
            # A proxy that is set for the web must not get what is sent to one's own machine.
            self._http = httpx.Client(timeout=10.0, transport=transport, trust_env=not is_local(url))
        except (ValueError, ImportError, OSError) as error:
            raise BadRequest("HTTP_PROXY, SSL_CERT_FILE or a like variable", str(error)) from None

    def __enter__(self) -> Poster:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.close()

    def post(self, readings: Sequence[dict[str, Any]]) -> Accepted:
        """Store `readings` together. Raises RefusedError, or AwayError when patience ends."""
        body = body_of(readings)
        for attempt in stamina.retry_context(
            on=self._wait_for,
            attempts=None,
            timeout=self._patience_s,
            wait_initial=self._wait_initial_s,
            wait_max=WAIT_MAX_S,
            wait_jitter=self._wait_initial_s,
        ):
            with attempt:
                return self._once(body)
        raise AssertionError("the loop above ends by returning or raising")

    def _wait_for(self, error: Exception) -> bool | float:
        """Whether to try again; a number is the wait that the server asked for."""
        if not isinstance(error, AwayError):
            return False
        self._waiting(str(error))
        return wait_after(error)

    def _once(self, body: bytes) -> Accepted:
        with unreachable(self._url):
            answer = self._http.post(self._url, content=body, headers=self._headers)
        return accepted(self._url, answer)


def headers(key: str) -> dict[str, str]:
    """Those of a post with the device key `key`, or without one."""
    return {"content-type": "application/x-ndjson"} | ({"x-api-key": key} if key else {})


def body_of(readings: Sequence[dict[str, Any]]) -> bytes:
    """The body of a post: a reading per line."""
    return b"\n".join(orjson.dumps(reading) for reading in readings)


def wait_after(error: AwayError) -> bool | float:
    """The wait that the server asked for, in bounds; True if it asked for none."""
    return min(error.retry_after_s, WAIT_MAX_S) if error.retry_after_s else True


@contextmanager
def unreachable(url: str) -> Iterator[None]:
    """Make what httpx raises for a request to `url` a BadRequest or an AwayError."""
    try:
        yield
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise BadRequest("--url", f"{url!r} is not an HTTP address: {error}") from None
    except httpx.TransportError as error:
        reason = str(error) or type(error).__name__
        raise AwayError(f"{url} does not answer ({reason}); does Windsock run there?") from None


def accepted(url: str, answer: httpx.Response) -> Accepted:
    """What the answer to a post says. Raises AwayError or RefusedError."""
    said = answered(url, answer)
    if answer.status_code == 202 and isinstance(said.get("positions"), list):
        return Accepted(said["accepted"], said["duplicates"], tuple(said["positions"]))
    raise RefusedError(f"{url}: {_reason(said, answer)}; is this the address of a Windsock?")


def answered(url: str, answer: httpx.Response) -> dict[str, Any]:
    """The object in an answer that is none of a failure. Raises AwayError or RefusedError."""
    said = _json_object(answer)
    if answer.is_success:
        return said
    reason = _reason(said, answer)
    if answer.status_code in BUSY:
        asked = answer.headers.get("retry-after", "")
        raise AwayError(f"{url} is busy: {reason}", float(asked) if asked.isdigit() else None)
    if answer.status_code in (404, 405) or not said:
        raise RefusedError(f"{url}: {reason}; is this the address of a Windsock?", answered=answer.status_code)
    raise RefusedError(reason, said.get("index"), said.get("field"), answered=answer.status_code)


def _reason(said: dict[str, Any], answer: httpx.Response) -> str:
    return str(said.get("reason") or said.get("detail") or f"{answer.status_code} {answer.reason_phrase}")


def _json_object(answer: httpx.Response) -> dict[str, Any]:
    try:
        said = orjson.loads(answer.content)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
