"""The fetcher of the old poller; goes with it."""

from __future__ import annotations

import asyncio
import re
import time
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import orjson
from prometheus_client import CollectorRegistry, Counter, Gauge

from services.settings import WeatherSettings
from weather_poller.fetch import FetchError


class Fetcher:
    """Gets JSON. Every failure is a FetchError."""

    def __init__(self, client: httpx.AsyncClient, settings: WeatherSettings, registry: CollectorRegistry) -> None:
        self._client = client
        self._settings = settings
        self._one_at_a_time = asyncio.Lock()
        self._requests = Counter(
            "windsock_weather_requests", "Requests to weather services", ["provider", "result"], registry=registry
        )
        self._last_success = Gauge(
            "windsock_weather_last_success_timestamp_seconds",
            "When a weather service last answered",
            ["provider"],
            registry=registry,
        )

    async def json(self, provider: str, url: str, parameters: dict[str, str]) -> Any:
        """The parsed body of a 200 answer."""
        async with self._one_at_a_time:
            try:
                async with asyncio.timeout(self._settings.weather_request_s):
                    body = await self._get(url, parameters)
                answer = orjson.loads(body)
            except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError, OverflowError, OSError) as error:
                self._requests.labels(provider, "failed").inc()
                raise FetchError(f"{type(error).__name__}: {error}") from None
            except FetchError:
                self._requests.labels(provider, "refused").inc()
                raise
        self._requests.labels(provider, "ok").inc()
        self._last_success.labels(provider).set_to_current_time()
        return answer

    async def _get(self, url: str, parameters: dict[str, str]) -> bytes:
        headers = {"Accept-Encoding": "identity"}
        async with self._client.stream("GET", url, params=parameters, headers=headers) as response:
            body = b""
            # Raw: a small compressed answer could unpack to any size before it is counted.
            async for part in response.aiter_raw():
                body += part
                if len(body) > self._settings.weather_body_bytes:
                    raise FetchError(f"the answer has more than {self._settings.weather_body_bytes} bytes")
        if response.status_code != 200:
            raise FetchError(
                f"status {response.status_code}: {body[:200].decode(errors='replace')}",
                _seconds(response.headers.get("retry-after", "")),
                response.status_code,
            )
        return body


def _seconds(retry_after: str) -> float | None:
    """`Retry-After` as seconds from now, whether it is a number or a date; None for anything else."""
    if re.fullmatch(r"[0-9]{1,9}", retry_after):
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
