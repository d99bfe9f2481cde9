"""A short way for requests that come by the ten thousand a second: posts whose readings are to be stored.

What a lane does with a request is pure: it says which entries to append and, once they are stored, what to answer.
`services.http_wire` asks it as soon as a request is there, without Starlette, ASGI messages or a task, which took
more than half of the time of a single reading (`make bench`, scenario "intake"). `route` does the same on any ASGI
server, and for the requests that the wire leaves to it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.commit import Appended, Entry
from services.errors import WindsockError
from services.in_flight import InFlight
from services.once import Once
from services.web import PROBLEM, REFUSED, read_body
from services.writer import Settle

Headers = Mapping[bytes, bytes]
"""Names in lower case; of a header that was sent twice, the first, or all of SAID_ONCE."""
SAID_ONCE = frozenset((b"idempotency-key",))
"""Headers that must not be sent twice: their values are put together (RFC 9110, section 5.3), which is none of them."""


class Post(msgspec.Struct, gc=False):
    """A request that is there as a whole."""

    query: bytes
    headers: Headers
    body: bytes
    address: str = ""
    """Where it came from."""
    path: str = ""
    params: Mapping[str, str] = {}
    """What stands for the `{…}` of its lane's path."""


class Answer(msgspec.Struct, gc=False):
    """What is answered. With the status 204 there is neither a body nor its type."""

    status: int
    body: bytes = b""
    media_type: str = "application/json"
    headers: Mapping[str, str] = {}

    def response(self) -> Response:
        """The same for Starlette."""
        media_type = None if self.status == 204 else self.media_type
        return Response(self.body, self.status, dict(self.headers), media_type=media_type)


Refused = Callable[[WindsockError], Answer]
"""How a failure is told to the clients of a path."""


def problem(error: WindsockError) -> Answer:
    """As RFC 9457 problem details."""
    return Answer(error.status, orjson.dumps(error.problem()), PROBLEM, error.headers())


def refusing(request: Request, refused: Refused) -> None:
    """From now on, tell every failure of this request in this way."""
    request.scope[REFUSED] = lambda error: refused(error).response()


class Work(msgspec.Struct, gc=False):
    """What a request asks for: `entries` to append together (with `once`, once), and how to answer where they went."""

    entries: Sequence[Entry]
    answer: Callable[[Sequence[Appended]], Answer]
    once: Once | None = None


def headers_of(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The headers of a request as ASGI has them."""
    headers: dict[bytes, bytes] = {}
    for name, value in raw:
        if name not in headers:
            headers[name] = value
        elif name in SAID_ONCE:
            headers[name] += b", " + value
    return headers


class Appender(Protocol):
    """What stores entries: the process's writer."""

    async def append(self, entries: Sequence[Entry], once: Once | None = None) -> list[Appended]: ...
    def submit(self, entries: Sequence[Entry], settle: Settle, once: Once | None = None) -> None: ...


@dataclass(frozen=True, slots=True)
class Lane:
    """Posts to `path`. `work` raises a WindsockError for a request that it refuses; what it has to ask, it awaits.

    A path with `{…}` in it is a route only: the wire knows exact paths.
    """

    path: str
    work: Callable[[Post], Work | Awaitable[Work]]
    writer: Appender
    body_bytes: int
    body_s: float
    in_flight: InFlight = field(default_factory=InFlight)
    """While their bodies come, and until they are answered; lanes may share a bound."""
    refused: Refused = problem

    async def endpoint(self, request: Request) -> Response:
        """The lane's work as an endpoint of Starlette."""
        refusing(request, self.refused)
        with self.in_flight.one():
            return await self._answered(request)

    async def _answered(self, request: Request) -> Response:
        body = await read_body(request, self.body_bytes, self.body_s)
        address = request.client.host if request.client else ""
        query, headers = request.scope["query_string"], headers_of(request.scope["headers"])
        work = self.work(Post(query, headers, body, address, request.url.path, request.path_params))
        if not isinstance(work, Work):
            work = await work
        return work.answer(await self.writer.append(work.entries, work.once)).response()

    def route(self) -> Route:
        """The lane as a route of Starlette."""
        return Route(self.path, self.endpoint, methods=["POST"])
