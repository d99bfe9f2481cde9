"""What the demo's devices say to a Windsock over HTTP, each request once. Who asks decides whether to ask again.

Raises AwayError for what is worth another try, RefusedError for what is not.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

import httpx

from services.cli import posting
from services.cli.demo.device import Device, Reading
from services.cli.posting import READINGS, Accepted, RefusedError
from services.cli.values import is_local
from services.errors import BadRequest

WAIT_S = 30
"""How long a device asks to wait for a command."""
REQUEST_S = 15.0
PAGES = 100
"""Most pages of devices that are read."""


class Link:
    """Talks to the Windsock at `url`; `key` is a device key, `token` a client's, each empty if none is needed."""

    def __init__(
        self, url: str, *, key: str = "", token: str = "", transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._url = url.rstrip("/")
        self._headers = posting.headers(key)
        self._key_headers = {"x-api-key": key} if key else {}
        self._token_headers = {"authorization": f"Bearer {token}"} if token else {}
        try:
            # A proxy that is set for the web must not get what is sent to one's own machine.
            self._http = httpx.AsyncClient(timeout=REQUEST_S, transport=transport, trust_env=not is_local(url))
        except (ValueError, ImportError, OSError, ssl.SSLError) as error:
            raise BadRequest("HTTP_PROXY, SSL_CERT_FILE or a like variable", str(error)) from None

    async def __aenter__(self) -> Link:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def post(self, readings: Sequence[Reading]) -> Accepted:
        """Store `readings` together; those that are stored already are counted as duplicates."""
        body = posting.body_of([reading.as_dict() for reading in readings])
        with posting.unreachable(self._url):
            answer = await self._http.post(self._url + READINGS, content=body, headers=self._headers)
        return posting.accepted(self._url, answer)

    async def commands(self, device: str) -> list[dict[str, Any]]:
        """Commands for `device`, as soon as there is one; none when the wait is over."""
        with posting.unreachable(self._url):
            answer = await self._http.get(
                f"{self._url}/v1/devices/{device}/commands",
                params={"wait": WAIT_S},
                headers=self._key_headers,
                timeout=httpx.Timeout(REQUEST_S, read=WAIT_S + REQUEST_S),
            )
        found = posting.answered(self._url, answer).get("commands", [])
        return [command for command in found if isinstance(command, dict)]

    async def say(self, device: str, command: str, statement: Mapping[str, Any]) -> bool:
        """Tell what became of a command; False if nobody wants to know any more."""
        with posting.unreachable(self._url):
            answer = await self._http.post(
                f"{self._url}/v1/devices/{device}/commands/{command}", json=statement, headers=self._key_headers
            )
        if answer.status_code in (404, 409):
            return False
        posting.answered(self._url, answer)
        return True

    async def newest(self, devices: Sequence[Device]) -> dict[str, int] | None:
        """Until when readings of `devices` are stored, by their clocks; None if that may not be seen here."""
        names = sorted(device.name for device in devices)
        found: dict[str, int] = {}
        # What a name begins with stands before it.
        path: str | None = f"/api/devices?after={names[0][:-1]}"
        for _ in range(PAGES):
            with posting.unreachable(self._url):
                answer = await self._http.get(f"{self._url}{path}", headers=self._token_headers)
            try:
                page = posting.answered(self._url, answer)
            except RefusedError:
                return None
            shown = page.get("devices") or []
            found |= {one["device"]: one["ts"] for one in shown}
            path = page.get("next")
            if not path or shown[-1]["device"] >= names[-1]:
                break
        return {name: found[name] for name in names if name in found}
