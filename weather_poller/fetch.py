"""Asks weather services over HTTP, within their turns and budgets, bounded in time and size, without redirects.

It runs a question (`weather_poller.providers.provider`) to its end. Every failure is a FetchError, which the question
is told first: it may make do without that answer. A host is well again once a question ended without a failure of
the host's: that its first request was answered says nothing of the others.
"""

from __future__ import annotations

import asyncio
import re
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Generic, TypeVar

import httpx
import orjson
from prometheus_client import CollectorRegistry, Counter, Gauge

from services import logs
from services.errors import Unavailable
from services.settings import WeatherSettings
from weather_poller import reasons
from weather_poller.held import LostError
from weather_poller.host import Host, Window
from weather_poller.hosts import BusyError, Hosts, Service, Turn
from weather_poller.providers.provider import Answer, Ask, GarbledAnswerError, Question

T = TypeVar("T")

TAKEN = (200, 203, 304)
REFUSED = (400, 404, 414, 422)
"""Statuses that are about the place or the name that was asked for, not about the host."""
MISCONFIGURED = (401, 403)
"""Statuses that stay until somebody mends a setting: a key, a contact."""
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

    def reworded(self, reason: str) -> FetchError:
        """The same failure in words that say more."""
        return FetchError(reason, self.retry_after_s, self.status, self.wait_s)


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
                await self._step(service, run, run.ask)
            return run.result()

    async def _step(self, service: Service, run: _Run[T], ask: Ask) -> None:
        """Make one request, and tell `run` the answer, or why there is none."""
        try:
            netloc = httpx.URL(ask.url).netloc.decode("ascii")
        except httpx.InvalidURL as error:
            wait_s = self._settings.weather_retry_max_s
            run.fail(FetchError(f"its address makes no sense: {error}", wait_s=wait_s))
            return
        steps = run.steps
        try:
            async with self._hosts.turn(netloc, service) as turn:
                wait = turn.host.wait(ask.calls)
                if wait.seconds > 0:
                    left = 0.0 if wait.is_pause else min(turn.host.left().values(), default=0.0)
                    run.fail(NotAskedError(wait.why, wait.seconds, ask.calls, left))
                    return
                turn.host.spend(ask.calls)
                await turn.save()
                try:
                    answer = await self._get(ask)
                except FetchError as error:
                    self._failed(service.name, turn.host, error)
                    run.fail(error)
                else:
                    run.tell(answer)
                    self._answered(service.name, turn.host, run)
                if run.ended_well:
                    turn.host.succeeded()
                await _kept(turn, service.name)
        except BusyError as error:
            run.fail(NotAskedError(str(error), self._settings.weather_retry_s))
        except LostError as error:
            log.warning("the turn at a host was lost", provider=service.name, error=str(error))
            if run.steps == steps:
                run.fail(FetchError("the turn to ask it was lost", wait_s=self._settings.weather_retry_s))

    def _answered(self, provider: str, host: Host, run: _Run[T]) -> None:
        if run.error is None or run.knows(run.error):
            self._requests.labels(provider, "ok").inc()
            self._last_success.labels(provider).set_to_current_time()
        else:
            self._failed(provider, host, run.error)

    def _failed(self, provider: str, host: Host, error: FetchError) -> None:
        self._requests.labels(provider, "failed" if error.status is None else "refused").inc()
        if error.is_refusal:
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
            raise FetchError(reasons.of_error(error)) from None
        if status not in TAKEN:
            raise FetchError(reasons.of_status(status, body), reasons.retry_after_s(headers), status)
        try:
            parsed = None if status == 304 else orjson.loads(body)
        except orjson.JSONDecodeError:
            raise FetchError(
                f"its answer is not JSON: {reasons.plain(body)!r}" if body else "its answer is empty"
            ) from None
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


async def _kept(turn: Turn, provider: str) -> None:
    """What came of a request is good although what is known of the host cannot be kept now. Raises LostError."""
    try:
        await turn.save()
    except Unavailable as error:
        log.warning("what is known of a host is not kept", provider=provider, error=str(error))


class _Run(Generic[T]):
    """A question on its way: the request that it wants next, or its result, or the error with which it ended."""

    def __init__(self, question: Question[T]) -> None:
        self.ask: Ask | None = None
        self.error: FetchError | None = None
        self.steps = 0
        """How often it was told something."""
        self._question = question
        self._result: list[T] = []
        self._failures: list[FetchError] = []

    def start(self) -> None:
        self._go_on(lambda: next(self._question))

    def tell(self, answer: Answer) -> None:
        self._go_on(lambda: self._question.send(answer))

    def fail(self, error: FetchError) -> None:
        """Tell it of a failure, which ends it unless it goes on without the answer."""
        self._failures.append(error)
        self._go_on(lambda: self._question.throw(error))

    def knows(self, error: FetchError) -> bool:
        """Whether it was told of this error before."""
        return error in self._failures

    @property
    def ended_well(self) -> bool:
        """Whether it is over, and all that failed on the way was what was asked for, not the host."""
        faults = [*self._failures, *([self.error] if self.error is not None else [])]
        return self.ask is None and all(error.is_refusal for error in faults)

    def result(self) -> T:
        """Raises the error with which it ended."""
        if self.error is not None:
            raise self.error
        return self._result[0]

    def _go_on(self, step: Callable[[], Ask]) -> None:
        self.ask = None
        self.steps += 1
        try:
            self.ask = step()
        except StopIteration as end:
            self._result.append(end.value)
        except FetchError as error:
            self.error = error
        except GarbledAnswerError as error:
            self.error = FetchError(str(error))
            self.error.__cause__ = error
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            at = traceback.extract_tb(error.__traceback__)[-1]
            log.error("an answer was not understood", error=repr(error), at=f"{at.filename}:{at.lineno}")
            self.error = FetchError(f"its answer is not understood ({type(error).__name__})")
            self.error.__cause__ = error
