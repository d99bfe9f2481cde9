"""Asks weather services over HTTP, within their turns and budgets, bounded in time and size, without redirects.

It runs a question (`weather_poller.providers.provider`) to its end. Every failure is a FetchError, which the question
is told first: it may make do without that answer.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from email.utils import parsedate_to_datetime
from typing import Any, Generic, TypeVar

import httpx
import orjson
from prometheus_client import CollectorRegistry, Counter, Gauge

from services import logs
from services.settings import WeatherSettings
from weather_poller.held import LostError
from weather_poller.host import Host, Window
from weather_poller.hosts import BusyError, Hosts, Service
from weather_poller.providers.provider import Answer, Ask, GarbledAnswerError, Question

T = TypeVar("T")

TAKEN = (200, 203, 304)
REFUSED = (400, 404, 414, 422)
"""Statuses that are about the place or the name that was asked for, not about the host."""
MISCONFIGURED = (401, 403)
"""Statuses that stay until somebody mends a setting: a key, a contact."""
MOST_WORDS = 200
"""Characters of a service's own words that are told."""
SPENT: dict[str, Window] = {"minutely": "minute", "hourly": "hour", "daily": "day"}
"""How Open-Meteo names the window whose calls are used up: 'Daily API request limit exceeded.'"""

log = logs.get("fetch")


class FetchError(Exception):
    """A weather service failed: its `status`, and the wait that it asked for.

    `wait_s` is when its host may be asked again, in seconds from now.
    """

    def __init__(
        self, reason: str, retry_after_s: float | None = None, status: int | None = None, wait_s: float = 0.0
    ) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s
        self.status = status
        self.wait_s = wait_s

    @property
    def is_refusal(self) -> bool:
        """Whether the host is well, and what was asked for is at fault."""
        return self.status in REFUSED


class NotAskedError(FetchError):
    """The host must not be asked for another `wait_s` seconds; none of its calls were spent on this.

    Now it could be asked for what costs at most `calls_left`, where this would have cost `calls`.
    """

    def __init__(self, reason: str, wait_s: float, calls: float = 1.0, calls_left: float = 0.0) -> None:
        super().__init__(reason, wait_s=wait_s)
        self.calls = calls
        self.calls_left = calls_left


class Fetcher:
    """Runs questions to weather services. `hosts` says when each may be asked."""

    def __init__(
        self, client: httpx.AsyncClient, hosts: Hosts, settings: WeatherSettings, registry: CollectorRegistry
    ) -> None:
        self._client = client
        self._hosts = hosts
        self._settings = settings
        self._requests = Counter(
            "windsock_weather_requests", "Requests to weather services", ["provider", "result"], registry=registry
        )
        self._last_success = Gauge(
            "windsock_weather_last_success_timestamp_seconds",
            "When a weather service last answered",
            ["provider"],
            registry=registry,
        )

    async def ask(self, service: Service, question: Question[T]) -> T:
        """What a question to `service` (a Provider, or the geocoder) finds out.

        Raises FetchError, NotAskedError among them, if the question cannot do without an answer, and Unavailable
        if Redis cannot be used.
        """
        with closing(question):
            run = _Run(question)
            run.start()
            while run.ask is not None:
                failure = await self._step(service, run, run.ask)
                if failure is not None:
                    run.fail(failure)
            return run.result()

    async def _step(self, service: Service, run: _Run[T], ask: Ask) -> FetchError | None:
        """Make one request and tell `run` the answer, or return why there is none."""
        told = False
        try:
            netloc = httpx.URL(ask.url).netloc.decode("ascii")
        except httpx.InvalidURL as error:
            return FetchError(f"its address makes no sense: {error}", wait_s=self._settings.weather_retry_max_s)
        try:
            async with self._hosts.turn(netloc, service) as turn:
                wait = turn.host.wait(ask.calls)
                if wait.seconds > 0:
                    left = 0.0 if wait.is_pause else min(turn.host.left().values(), default=0.0)
                    return NotAskedError(wait.why, wait.seconds, ask.calls, left)
                turn.host.spend(ask.calls)
                await turn.save()
                try:
                    answer = await self._get(ask)
                    told = True
                    run.tell(answer)
                except FetchError as error:
                    self._failed(service.name, turn.host, error)
                    await turn.save()
                    return error
                self._succeeded(service.name, turn.host)
                await turn.save()
        except BusyError as error:
            return NotAskedError(str(error), self._settings.weather_retry_s)
        except LostError as error:
            if not told:
                return FetchError(f"the turn to ask it was lost ({error})", wait_s=self._settings.weather_retry_s)
            log.warning("what is known of a host could not be kept", error=str(error))
        return None

    def _succeeded(self, provider: str, host: Host) -> None:
        host.succeeded()
        self._requests.labels(provider, "ok").inc()
        self._last_success.labels(provider).set_to_current_time()

    def _failed(self, provider: str, host: Host, error: FetchError) -> None:
        self._requests.labels(provider, "failed" if error.status is None else "refused").inc()
        if error.is_refusal:
            host.succeeded()
            return
        spent = re.match(r"(\w+) .*limit exceeded", str(error).partition(": ")[2]) if error.status == 429 else None
        error.wait_s = host.failed(
            str(error),
            error.retry_after_s,
            spent=SPENT.get(spent[1].lower()) if spent else None,
            misconfigured=error.status in MISCONFIGURED,
        )

    async def _get(self, ask: Ask) -> Answer:
        """The answer to one request. Raises FetchError."""
        within_s = self._settings.weather_request_s
        try:
            async with asyncio.timeout(within_s):
                status, headers, body = await self._exchange(ask)
        except (TimeoutError, httpx.TimeoutException):
            raise FetchError(f"no whole answer within {within_s:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
            raise FetchError(_words(error)) from None
        if status not in TAKEN:
            raise FetchError(_refusal(status, headers, body), _retry_after_s(headers), status)
        try:
            parsed = None if status == 304 else orjson.loads(body)
        except orjson.JSONDecodeError:
            raise FetchError(f"its answer is not JSON: {_plain(body)!r}" if body else "its answer is empty") from None
        return Answer(status, headers, parsed, time.time_ns() // 1_000_000)

    async def _exchange(self, ask: Ask) -> tuple[int, Mapping[str, str], bytes]:
        headers = {**ask.headers, "Accept-Encoding": "identity"}
        most = self._settings.weather_body_bytes
        # None would keep the query of `url`; an empty mapping takes it off.
        parameters = ask.parameters or None
        async with self._client.stream("GET", ask.url, params=parameters, headers=headers) as response:
            if response.headers.get("content-encoding", "identity") != "identity":
                raise FetchError("its answer is compressed, which was not asked for")
            body = b""
            # Raw: a small compressed answer could unpack to any size before it is counted.
            async for part in response.aiter_raw():
                body += part
                if len(body) > most:
                    raise FetchError(f"its answer has more than {most} bytes")
            return response.status_code, {name.lower(): value for name, value in response.headers.items()}, body


class _Run(Generic[T]):
    """A question on its way: the request that it wants next, or its result."""

    def __init__(self, question: Question[T]) -> None:
        self.ask: Ask | None = None
        self._question = question
        self._result: list[T] = []

    def start(self) -> None:
        self._go_on(lambda: next(self._question))

    def tell(self, answer: Answer) -> None:
        """Raises FetchError if the answer makes no sense."""
        self._go_on(lambda: self._question.send(answer))

    def fail(self, error: FetchError) -> None:
        """Raises it, unless the question goes on without the answer."""
        self._go_on(lambda: self._question.throw(error))

    def result(self) -> T:
        return self._result[0]

    def _go_on(self, step: Callable[[], Ask]) -> None:
        self.ask = None
        try:
            self.ask = step()
        except StopIteration as end:
            self._result.append(end.value)
        except GarbledAnswerError as error:
            raise FetchError(str(error)) from error
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            log.exception("an answer that the translation does not understand")
            raise FetchError(f"its answer is not understood ({type(error).__name__})") from error


def _causes(error: BaseException) -> Iterator[BaseException]:
    at: BaseException | None = error
    for _ in range(10):
        if at is None:
            return
        yield at
        at = at.__cause__ or at.__context__


def _words(error: Exception) -> str:
    """What went wrong below HTTP, for people."""
    for cause in _causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return f"its certificate is not trusted: {cause.verify_message}"
            case socket.gaierror():
                return f"its name cannot be looked up ({cause.strerror})"
            case ConnectionRefusedError():
                return "it refuses connections"
            case ConnectionResetError() | httpx.RemoteProtocolError() | httpx.ReadError():
                return f"the connection broke off ({error or type(error).__name__})"
    return f"it cannot be reached ({type(error).__name__}: {error})"


def _refusal(status: int, headers: Mapping[str, str], body: bytes) -> str:
    if 300 <= status < 400:
        return f"status {status}: it redirects, which is not followed"
    words = None
    try:
        told: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        words = body
    else:
        if isinstance(told, dict):
            words = next((told[name] for name in ("reason", "message", "detail", "title") if told.get(name)), None)
    return f"status {status}: {_plain(words)}" if words else f"status {status}"


def _plain(words: object) -> str:
    text = words.decode(errors="replace") if isinstance(words, bytes) else str(words)
    return " ".join("".join(c if c.isprintable() else " " for c in text[: 2 * MOST_WORDS]).split())[:MOST_WORDS]


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """`Retry-After` as seconds from now, whether it is a number or a date; None for anything else."""
    told = headers.get("retry-after", "")
    if re.fullmatch(r"[0-9]{1,9}", told):
        return float(told)
    try:
        # By the service's own clock, if it tells it.
        now = parsedate_to_datetime(headers["date"]).timestamp() if "date" in headers else time.time()
        return max(0.0, parsedate_to_datetime(told).timestamp() - now)
    except (ValueError, OverflowError):
        return None
