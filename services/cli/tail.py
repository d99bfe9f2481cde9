"""`windsock tail`: prints a topic's publications as they come, one JSON line each.

Promises: messages are printed as the server sent them; where the topic's socket tells positions, a lost
connection is taken up again where it broke, without loss or repetition.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import quote

import orjson
import stamina
import typer
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from services import topics
from services.cli.output import note
from services.cli.posting import BUSY
from services.cli.send import Url
from services.cli.values import is_local, parse_url
from services.errors import BadRequest, ClientError, Unavailable

MESSAGE_BYTES = 16 * 1_048_576
STEADY_S = 5.0
"""A connection that lasted so long was a good one: the next try is made at once."""


@dataclass(frozen=True, slots=True)
class Source:
    """The socket of a topic: its path, what to say first, and whether it resumes from a position."""

    path: str
    opening: bytes | None = None
    resumes: bool = False

    def address(self, url: str, since: str) -> str:
        """The socket's URL on the Windsock at the HTTP address `url`."""
        query = f"?status=1&since={quote(since)}" if self.resumes else ""
        parts = parse_url(url)
        return f"ws{parts.scheme[4:]}://{parts.netloc}{parts.path.rstrip('/')}{self.path}{query}"


def source_of(topic: str) -> Source:
    """Where the publications of `topic` are pushed. Raises BadRequest for what is no such topic."""
    namespace, _, name = topics.parse(topic).partition(":")
    match namespace:
        case "readings":
            return Source("/ws/sensor/", resumes=True)
        case "device" | "metric":
            return Source(f"/ws/{namespace}/{quote(name)}/", resumes=True)
        case "weather":
            return Source("/ws/weather/", opening=orjson.dumps({"city": name}))
        case "compare":
            compared = topics.compared(topic)
            path = f"/ws/compare/{quote(compared.device)}/{quote(compared.place)}/"
            return Source(f"{path}?metric={quote(compared.metric)}")
        case "feed":
            return Source(f"/ws/feed/{quote(name)}/")
    raise BadRequest("topic", f"{topic} is not pushed: a command is for its device alone")


def tail(
    topic: Annotated[
        str,
        typer.Argument(
            help="device:<id>, metric:<name>, readings, weather:<place>, feed:<name> or "
            "compare:<device>:<place>[/<metric>].",
            metavar="TOPIC",
        ),
    ],
    url: Url = "",
    since: Annotated[
        str, typer.Option(help="Begin after this position instead of now.", metavar="POSITION", show_default=False)
    ] = "",
    token: Annotated[str, typer.Option(help="Token, where one is needed.", metavar="TOKEN", show_default=False)] = "",
) -> None:
    """Print a topic's publications live, one JSON line each, until Ctrl-C."""
    source = source_of(topic)
    if since and not source.resumes:
        raise BadRequest("--since", f"{topic} has no positions to begin from")
    try:
        asyncio.run(_Tail(source, url, since, token).run())
    except KeyboardInterrupt:
        return
    except _UnreadError:
        raise BrokenPipeError from None


class _LostError(Exception):
    """The connection is gone, or could not be made now."""


class _UnreadError(Exception):
    """Nobody reads what is printed any more."""


class _Tail:
    def __init__(self, source: Source, url: str, since: str, token: str) -> None:
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._source = source
        self._url = url
        self._since = since

    async def run(self) -> None:
        """Connect, print, and again."""
        while True:
            async for attempt in stamina.retry_context(on=_LostError, attempts=None, timeout=None, wait_max=10.0):
                with attempt:
                    await self._once()

    async def _once(self) -> None:
        """One connection; returns if it was a good one, else raises _LostError."""
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            address = self._source.address(self._url, self._since)
            proxy: Literal[True] | None = None if is_local(self._url) else True
            async with connect(
                address, max_size=MESSAGE_BYTES, proxy=proxy, additional_headers=self._headers
            ) as socket:
                began = clock()
                if self._source.opening is not None:
                    await socket.send(self._source.opening, text=True)
                async for message in socket:
                    self._print(message)
                reason = _closing(socket.close_code, socket.close_reason)
        except InvalidStatus as error:
            reason = _refusal(error)
        except InvalidURI as error:
            raise BadRequest("--url", str(error)) from None
        except ConnectionClosed as error:
            reason = str(error)
        except (OSError, TimeoutError, InvalidHandshake) as error:
            reason = str(error) or type(error).__name__
        note(f"{self._url}: {reason}; connecting again")
        if clock() - began < STEADY_S:
            raise _LostError

    def _print(self, message: str | bytes) -> None:
        line = message if isinstance(message, str) else message.decode("utf-8", "replace")
        shown = True
        if self._source.resumes:
            position, shown = look_into(line)
            self._since = position or self._since
        if shown:
            try:
                sys.stdout.write(line + "\n")
                sys.stdout.flush()
            except BrokenPipeError:
                raise _UnreadError from None
            except OSError as error:
                raise ClientError(f"cannot print: {error.strerror or error}") from None


def look_into(message: str) -> tuple[str | None, bool]:
    """The position that a message tells to resume from, and whether it is more than the connection's status."""
    try:
        said = orjson.loads(message)
    except ValueError:
        return None, True
    if not isinstance(said, dict):
        return None, True
    position = said.get("position")
    return position if isinstance(position, str) else None, "status" not in said or "device" in said


def _closing(code: int | None, reason: str | None) -> str:
    return f"the server closed the connection ({code}{' ' + reason if reason else ''})"


def _refusal(error: InvalidStatus) -> str:
    """Why the server did not open the socket. Raises ClientError if it never will."""
    status = error.response.status_code
    try:
        said = orjson.loads(error.response.body or b"")
        reason = f"{status} {said['detail']}"
    except (ValueError, TypeError, KeyError):
        reason = f"{status} {error.response.reason_phrase}"
    if status in BUSY or status >= 500:
        return str(Unavailable(reason))
    raise ClientError(f"the server refuses the topic: {reason}")
