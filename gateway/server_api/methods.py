"""Each method of the server API by its name."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import msgspec
import orjson
from prometheus_client import CollectorRegistry, Counter

from gateway.channels import Channel, Channels
from gateway.clients.centrifuge import codes
from gateway.clients.centrifuge.codes import Refusal
from gateway.clients.centrifuge.commands import HistoryRequest
from gateway.clients.centrifuge.procedures import Procedures
from gateway.clients.centrifuge.questions import history_of, presence_of
from gateway.clients.centrifuge.replies import Json
from gateway.presence import Presence
from gateway.server_api import requests
from gateway.server_api.fleet import Fleet
from gateway.server_api.lookup import found
from gateway.server_api.publishing import Publishing, unavailable
from gateway.server_api.requests import MOST_COMMANDS, Members, RefusedError, refused
from services.errors import Overloaded, Unavailable, WindsockError
from services.revocations import Revocations
from services.stream import Stream

TOGETHER = 100
"""How many commands of a parallel batch are carried out at the same time."""
BATCH_S = 30.0
"""After so many seconds a batch begins no other command."""

T = TypeVar("T")

Result = dict[str, object]
Method = Callable[[Members], Awaitable[Result]]


class Methods:
    """Carries out one call after the other, or several together; every call is counted by its outcome."""

    def __init__(
        self,
        publishing: Publishing,
        fleet: Fleet,
        channels: Channels,
        presence: Presence,
        stream: Stream,
        revocations: Revocations,
        procedures: Procedures,
        history_page: int,
        into: CollectorRegistry,
    ) -> None:
        self._channels = channels
        self._presence = presence
        self._stream = stream
        self._revocations = revocations
        self._procedures = procedures
        self._history_page = history_page
        self._calls = Counter(
            "windsock_api_calls",
            "Calls of the server API, by method and by what came of them: ok, or the error's code",
            ["method", "outcome"],
            registry=into,
        )
        self._single: dict[str, Method] = {
            "publish": _taking(requests.Publish, publishing.publish),
            "broadcast": _taking(requests.Broadcast, publishing.broadcast),
            "presence": _taking(requests.Channel, self._show_presence),
            "presence_stats": _taking(requests.Channel, self._show_presence_stats),
            "history": _taking(HistoryRequest, self._history),
            "history_remove": _taking(requests.Channel, self._history_remove),
            "disconnect": _taking(requests.Disconnect, fleet.disconnect),
            "unsubscribe": _taking(requests.Unsubscribe, fleet.unsubscribe),
            "subscribe": _taking(requests.Subscribe, fleet.subscribe),
            "refresh": _taking(requests.Refresh, fleet.refresh),
            "revoke_token": _taking(requests.RevokeToken, self._revoke_token),
            "invalidate_user_tokens": _taking(requests.InvalidateUserTokens, self._revoke_user),
            "rpc": _taking(requests.Rpc, self._rpc),
            "info": _taking(requests.Nothing, fleet.info),
            "channels": _taking(requests.Pattern, fleet.channels),
        }
        self._all = self._single | {"batch": _taking(requests.Batch, self._batch)}

    def __iter__(self) -> Iterator[str]:
        """Their names."""
        return iter(self._all)

    async def call(self, name: str, members: Members) -> Result | Refusal:
        """The result of the method `name`, one of ours, or why there is none."""
        outcome = await self._outcome(self._all[name], members)
        self._calls.labels(name, str(outcome.code) if isinstance(outcome, Refusal) else "ok").inc()
        return outcome

    async def _outcome(self, method: Method, members: Members) -> Result | Refusal:
        try:
            return await method(members)
        except RefusedError as error:
            return error.error
        except Overloaded as error:
            return codes.refusal_of(error)
        except Unavailable as error:
            return unavailable(error)
        except WindsockError as error:
            return codes.refusal_of(error)

    async def _batch(self, asked: requests.Batch) -> Result:
        if len(asked.commands) > MOST_COMMANDS:
            raise refused(codes.LIMIT_EXCEEDED, f"{len(asked.commands)} commands; at most {MOST_COMMANDS} at once")
        room = asyncio.Semaphore(TOGETHER if asked.parallel else 1)
        clock = asyncio.get_running_loop().time
        ends = clock() + BATCH_S

        async def answer(command: Members) -> dict[str, object]:
            async with room:
                return await self._command(command, late=clock() > ends)

        return {"replies": await asyncio.gather(*map(answer, asked.commands))}

    async def _command(self, command: Members, *, late: bool) -> dict[str, object]:
        outcome: Result | Refusal
        name = next(iter(command), "")
        try:
            if len(command) != 1:
                raise refused(codes.BAD_REQUEST, "a command has one member, named like its method")
            if name not in self._single:
                raise RefusedError(codes.METHOD_NOT_FOUND)
            if late:
                raise refused(codes.INTERNAL, f"the batch took more than {BATCH_S:g} s")
            outcome = await self.call(name, requests.members_of(command[name]))
        except RefusedError as error:
            outcome = error.error
        return {"error": outcome.as_dict()} if isinstance(outcome, Refusal) else {name: outcome}

    async def _show_presence(self, asked: requests.Channel) -> Result:
        return await presence_of(self._presence, self._with_presence(asked), stats=False)

    async def _show_presence_stats(self, asked: requests.Channel) -> Result:
        return await presence_of(self._presence, self._with_presence(asked), stats=True)

    def _with_presence(self, asked: requests.Channel) -> Channel:
        channel = found(self._channels, asked.channel)
        if not channel.options.presence:
            raise refused(codes.NOT_AVAILABLE, "the channel has no presence")
        return channel

    def _with_history(self, name: str) -> Channel:
        channel = found(self._channels, name)
        if not channel.readable or not channel.kept:
            raise refused(codes.NOT_AVAILABLE, "the channel has no history")
        return channel

    async def _history(self, asked: HistoryRequest) -> Result:
        result = await history_of(self._stream, self._with_history(asked.channel), asked, self._history_page)
        if isinstance(result, Refusal):
            raise RefusedError(result)
        return result

    async def _history_remove(self, asked: requests.Channel) -> Result:
        await self._stream.remove_history(self._with_history(asked.channel).name)
        return {}

    async def _revoke_token(self, asked: requests.RevokeToken) -> Result:
        await self._revocations.revoke_token(asked.uid, asked.expire_at or None)
        return {}

    async def _revoke_user(self, asked: requests.InvalidateUserTokens) -> Result:
        await self._revocations.revoke_user(asked.user, asked.issued_before or None, asked.expire_at or None)
        return {}

    async def _rpc(self, asked: requests.Rpc) -> Result:
        if asked.method not in self._procedures:
            raise RefusedError(codes.METHOD_NOT_FOUND)
        result = await self._procedures.call(asked.method, bytes(asked.params), lambda _: True)
        return {"data": Json(orjson.dumps(result))}


def _taking(of: type[T], carry_out: Callable[[T], Awaitable[Result]]) -> Method:
    decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(of)

    async def method(members: Members) -> Result:
        return await carry_out(requests.as_request(decoder, members))

    return method
