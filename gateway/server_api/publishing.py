"""Publications of backends: stored in one append where they can be, each channel answered for itself.

Promise: what is answered with a position is stored. What skips the history is handed to who is subscribed at
that moment, and is not kept for anybody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from gateway.broker import Broker
from gateway.channels import Channel, Channels
from gateway.clients.centrifuge import codes, replies
from gateway.clients.centrifuge.codes import Refusal
from gateway.server_api.lookup import found
from gateway.server_api.requests import MOST_CHANNELS, Broadcast, Content, Publish, RefusedError, refused
from gateway.server_api.texts import json_of
from services import topics
from services.batch import Position
from services.commit import Entry
from services.errors import Unavailable
from services.writer import Writer

BROADCAST_BYTES = 16_777_216
"""Most data that one broadcast makes: its data for each of its channels."""

Outcome = dict[str, object] | Refusal


@dataclass(frozen=True, slots=True)
class _Publication:
    channel: Channel
    entry: Entry


class Publishing:
    """Publishes. `append_topics` is how many topics one append takes."""

    def __init__(self, channels: Channels, broker: Broker, writer: Writer, append_topics: int) -> None:
        self._channels = channels
        self._broker = broker
        self._writer = writer
        self._append_topics = append_topics

    async def publish(self, asked: Publish) -> dict[str, object]:
        """To one channel. Raises RefusedError, or Unavailable."""
        outcome = (await self._outcomes([asked.channel], asked))[0]
        if isinstance(outcome, Refusal):
            raise RefusedError(outcome)
        return outcome

    async def broadcast(self, asked: Broadcast) -> dict[str, object]:
        """To many channels, each answered for itself. Raises RefusedError if nothing is published anywhere."""
        if not asked.channels:
            raise refused(codes.BAD_REQUEST, "no channels")
        if len(asked.channels) > MOST_CHANNELS:
            raise refused(codes.LIMIT_EXCEEDED, f"{len(asked.channels)} channels; at most {MOST_CHANNELS} at once")
        outcomes = await self._outcomes(asked.channels, asked)
        return {
            "responses": [{"error": one.as_dict()} if isinstance(one, Refusal) else {"result": one} for one in outcomes]
        }

    async def _outcomes(self, names: Sequence[str], content: Content) -> list[Outcome]:
        data = _checked(content)
        size = len(data) + len(msgspec.json.encode(content.tags))
        if size * len(names) > BROADCAST_BYTES:
            reason = f"{size} bytes for {len(names)} channels; at most {BROADCAST_BYTES} together"
            raise refused(codes.LIMIT_EXCEEDED, reason)
        outcomes: list[Outcome] = [{}] * len(names)
        ready: dict[int, _Publication] = {}
        for number, name in enumerate(names):
            try:
                ready[number] = _prepared(found(self._channels, name), content, data)
            except RefusedError as error:
                outcomes[number] = error.error
        numbers = list(ready)
        if content.skip_history:
            await self._pass_on(ready, outcomes)
            return outcomes
        for start in range(0, len(numbers), self._append_topics):
            some = numbers[start : start + self._append_topics]
            stored = await self._store([ready[number] for number in some])
            for number, outcome in zip(some, stored, strict=True):
                outcomes[number] = outcome
        return outcomes

    async def _store(self, publications: Sequence[_Publication]) -> Sequence[Outcome]:
        try:
            appended = await self._writer.append([one.entry for one in publications])
        except Unavailable as error:
            return [unavailable(error)] * len(publications)
        return [_position(one.channel, stored.position) for one, stored in zip(publications, appended, strict=True)]

    async def _pass_on(self, ready: Mapping[int, _Publication], outcomes: list[Outcome]) -> None:
        failed: Refusal | None = None
        for number, publication in ready.items():
            if failed is None:
                try:
                    await self._broker.pass_on(publication.channel.name, publication.entry.payload)
                except Unavailable as error:
                    failed = unavailable(error)
            # Once Redis does not answer, to wait for it with each channel would take for ever.
            if failed is not None:
                outcomes[number] = failed


def unavailable(error: Unavailable) -> Refusal:
    """How a failure of Redis, or a full buffer, is told."""
    return Refusal(codes.INTERNAL.code, f"{codes.INTERNAL.message}: {error}")


def _checked(content: Content) -> bytes:
    if content.version or content.version_epoch:
        raise refused(codes.NOT_AVAILABLE, "version and version_epoch")
    if content.skip_history and content.idempotency_key:
        raise refused(codes.BAD_REQUEST, "idempotency_key needs the history that skip_history leaves out")
    data = json_of("data", content.data, content.b64data)
    if not data:
        raise refused(codes.BAD_REQUEST, "no data")
    return data


def _prepared(channel: Channel, content: Content, data: bytes) -> _Publication:
    if channel.built_in:
        if not channel.name.startswith(topics.FEED):
            raise refused(
                codes.NOT_AVAILABLE,
                "readings come through POST /v1/readings, weather and comparisons by themselves, commands through rpc",
            )
        if content.tags:
            raise refused(codes.BAD_REQUEST, "the tags of a topic's publications are the members of their data")
        if content.skip_history:
            raise refused(codes.BAD_REQUEST, "topics always keep their history")
    entry = replies.stored(Entry(channel.name, data), channel, tags=content.tags or None)
    return _Publication(channel, msgspec.structs.replace(entry, id=content.idempotency_key or None))


def _position(channel: Channel, text: str) -> dict[str, object]:
    if not channel.built_in and not channel.options.has_history:
        return {}
    position = Position.parse(text)
    return {"offset": position.offset, "epoch": position.epoch}
