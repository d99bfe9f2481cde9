"""What gateways say to each other, and what is said to them, through Redis pub/sub.

A message is JSON of one kind, for one gateway or for all. A question goes to all: its answers are complete once
as many came as Redis says it was delivered to. Promise: what is handed over arrives while pub/sub is heard; whoever
must not miss anything looks again `on_heard`, for pub/sub loses what is said while it is away.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from gateway.broker import Broker
from services import logs
from services.errors import Unavailable
from services.redis import Client, answered

ALL = "windsock:gateways"
"""The channel that every gateway hears."""
NODE = "windsock:gateway:"
"""With its name behind it, a gateway's own channel."""
ANSWER = "answer"
ANSWERS_WITHIN_S = 3.0
MOST_ANSWERS = 1_000
"""Most answers that may wait to be sent; a gateway that hears nothing else has no use for more."""


class _Message(Struct, frozen=True):
    kind: str
    body: Any = None
    question: str = ""
    asker: str = ""


_message = msgspec.json.Decoder(_Message)
_encoded = msgspec.json.encode

Take = Callable[[Any], Any]
"""Takes a message's body, at once; what it returns answers a question."""

log = logs.get("mesh")


class Mesh:
    """Messages of one gateway. `run` must be running for questions to be answered."""

    def __init__(self, redis: Client, broker: Broker) -> None:
        self._redis = redis
        self._broker = broker
        self.node = uuid.uuid4().hex
        self.channel = NODE + self.node
        self._takes: dict[str, Take] = {}
        self._heard: list[Callable[[], None]] = []
        self._waiting: dict[str, asyncio.Queue[Any]] = {}
        self._answers: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(MOST_ANSWERS)
        broker.listen(self.channel, self._take)
        broker.listen(ALL, self._take, self._on_heard)

    def on(self, kind: str, take: Take) -> None:
        """`take` gets the body of each message of this kind."""
        self._takes[kind] = take

    def on_heard(self, look: Callable[[], None]) -> None:
        """Call `look` whenever messages to all are heard (again)."""
        self._heard.append(look)

    async def tell(self, node: str, kind: str, body: Any) -> bool:
        """Tell one gateway; False if there is none of that name. Raises Unavailable."""
        async with answered():
            heard: int = await self._redis.publish(NODE + node, _encoded(_Message(kind, body)))
        return heard > 0

    async def ask(self, node: str, kind: str, body: Any) -> Any:
        """Ask one gateway; its answer, or None if there is none of that name. Raises Unavailable if it is silent."""
        found = await self._ask(NODE + node, kind, body)
        return found[0] if found else None

    async def ask_all(self, kind: str, body: Any) -> list[Any]:
        """Ask every gateway, this one too; its answers. Raises Unavailable if one does not answer in time."""
        return await self._ask(ALL, kind, body)

    async def _ask(self, channel: str, kind: str, body: Any) -> list[Any]:
        question = uuid.uuid4().hex
        answers = self._waiting[question] = asyncio.Queue()
        try:
            pipeline = self._redis.pipeline(transaction=True)
            # What PUBLISH returns would also count those who listen to all channels of a pattern.
            pipeline.pubsub_numsub(channel)
            pipeline.publish(channel, _encoded(_Message(kind, body, question, self.node)))
            async with answered():
                ((_, count),), _ = await pipeline.execute()
            async with asyncio.timeout(ANSWERS_WITHIN_S):
                return [await answers.get() for _ in range(count)]
        except TimeoutError:
            raise Unavailable("not every gateway answers") from None
        finally:
            del self._waiting[question]

    async def run(self) -> None:
        """Send answers until cancelled."""
        while True:
            node, answer = await self._answers.get()
            try:
                async with answered():
                    await self._redis.publish(NODE + node, answer)
            except Unavailable as error:
                log.warning("cannot answer another gateway", error=str(error))

    def _on_heard(self) -> None:
        for look in self._heard:
            look()

    def _take(self, data: bytes) -> None:
        try:
            message = _message.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            log.error("not a message between gateways", error=str(error))
            return
        if message.kind == ANSWER:
            if (waiting := self._waiting.get(message.question)) is not None:
                waiting.put_nowait(message.body)
        elif (take := self._takes.get(message.kind)) is None:
            log.warning("a message of a kind that is not known here", kind=message.kind[:64])
        else:
            answer = take(message.body)
            if message.question:
                self._answer(message, answer)

    def _answer(self, question: _Message, body: Any) -> None:
        try:
            self._answers.put_nowait((question.asker, _encoded(_Message(ANSWER, body, question.question))))
        except asyncio.QueueFull:
            log.error("too many questions of other gateways; one is not answered")
