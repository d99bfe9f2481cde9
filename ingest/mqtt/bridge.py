"""From the broker to Redis: messages are acknowledged to the broker once they are stored, and only then.

What is there is stored together, in the order in which it came. While Redis does not store it, nothing is
acknowledged and nothing more is taken; the broker keeps it. A message that is no reading would come again for ever, so
it is counted, told in the log and acknowledged.

Promise: a message of QoS 1 is stored at least once, whatever is killed. It comes again if its acknowledgement was
lost, and is then stored again unless its readings have ids.
"""

from __future__ import annotations

import asyncio
import random
import ssl
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import NoReturn

from aiomqtt import Message, MqttCodeError, MqttError
from paho.mqtt.reasoncodes import ReasonCode

from ingest.intake import Intake
from ingest.mqtt.broker import Broker
from ingest.mqtt.client import Client, SubscriptionRefusedError
from ingest.mqtt.payloads import Payloads
from ingest.mqtt.report import BridgeReport
from ingest.mqtt.templates import Template
from ingest.senders import Sender, Senders
from services import logs, topics
from services.errors import BadRequest, FaultyInput, InvalidReadings, StartError, Unauthorized, WindsockError
from services.once import Once
from services.reading import Decoded, Limits
from services.settings import MqttSettings

FORM = "mqtt"
"""What the counters of readings call ours."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
NOT_OURS = frozenset({0x85, 0x86, 0x87, 0x8A, 0x8C})
"""Client id, user or password, permission, banned, method (MQTT 5, section 3.2.2.2): trying again does not help."""
FAILURES = (MqttError, SubscriptionRefusedError, OSError, ValueError)
"""How a connection can fail; paho raises some of them from its callbacks."""
GRACE_S = 5.0
"""What a stopping bridge gives what it is storing."""

log = logs.get("mqtt")


def pause_s(failures: int) -> float:
    """How long to wait after so many failures: at random, up to twice as long each time."""
    return random.uniform(0, min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(failures, 10)))


class Bridge:
    """Runs until cancelled; `unready` says what hinders it."""

    def __init__(
        self,
        broker: Broker,
        templates: Sequence[Template],
        payloads: Payloads,
        client_id: str,
        settings: MqttSettings,
        tls: ssl.SSLContext | None,
        intake: Intake,
        senders: Senders,
        limits: Limits,
        report: BridgeReport,
    ) -> None:
        self._broker = broker
        self._templates = templates
        self._payloads = payloads
        self._client_id = client_id
        self._settings = settings
        self._tls = tls
        self._intake = intake
        self._senders = senders
        self._limits = limits
        self._report = report
        self._away: str | None = "not connected yet"
        self._unstored: str | None = None
        self._storing = asyncio.Lock()

    def unready(self) -> Sequence[str]:
        """Why nothing is taken now."""
        away = [f"the broker {self._broker.shown}: {self._away}"] if self._away else []
        return [*away, *([f"nothing is stored: {self._unstored}"] if self._unstored else [])]

    async def drain(self) -> None:
        """Take nothing more; what is being stored is acknowledged first."""
        try:
            async with asyncio.timeout(GRACE_S):
                await self._storing.acquire()
        except TimeoutError:
            log.warning("what is not stored yet will come again")

    async def check(self) -> None:
        """Raise StartError if the broker is there and does not let us in, or subscribe."""
        try:
            async with self._client() as client:
                await client.listen_to(self._filters(), self._settings.mqtt_qos)
        except FAILURES as error:
            if _is_final(error):
                raise StartError(
                    f"the broker {self._broker.shown} does not let us in: {_reason(error)}; "
                    "mend WINDSOCK_MQTT_URL, WINDSOCK_MQTT_CLIENT_ID or the broker's permissions"
                ) from None

    async def run(self) -> None:
        """Take messages, over one connection after the other."""
        failures = 0
        while True:
            began = time.monotonic()
            try:
                async with self._client() as client:
                    await client.listen_to(self._filters(), self._settings.mqtt_qos)
                    self._away = None
                    self._report.connected.set(1)
                    self._report.connections.inc()
                    log.info("subscribed", broker=self._broker.shown, filters=self._filters(), client=self._client_id)
                    # With a key that is not good, this is known before the first message comes.
                    await self._patiently(self._sender)
                    await self._take(client)
            except FAILURES as error:
                self._away = reason = _reason(error)
            finally:
                self._report.connected.set(0)
            if time.monotonic() - began > LONGEST_PAUSE_S:
                failures = 0
            wait_s = pause_s(failures)
            failures += 1
            log.warning("no connection to the broker", broker=self._broker.shown, reason=reason, again_in_s=wait_s)
            await asyncio.sleep(wait_s)

    def _client(self) -> Client:
        return Client(self._broker, self._settings, self._client_id, self._tls, self._dropped)

    def _filters(self) -> list[str]:
        group = self._settings.mqtt_group
        shared = f"$share/{group}/" if group else ""
        return [shared + template.filter for template in self._templates]

    def _dropped(self) -> None:
        self._report.count("dropped")
        self._report.lost("a message of QoS 0 is dropped: too many wait (WINDSOCK_MQTT_IN_FLIGHT)")

    async def _take(self, client: Client) -> NoReturn:
        messages = client.messages
        while True:
            batch = [await anext(messages)]
            while len(messages) and len(batch) < self._settings.mqtt_in_flight:
                batch.append(await anext(messages))
            async with self._storing:
                await self._store(batch)
                for message in batch:
                    if message.qos:
                        client.acknowledge(message)

    async def _store(self, batch: Sequence[Message]) -> None:
        """Until all that can be stored is stored."""
        read = [(message, decoded) for message in batch if (decoded := self._read(message)) is not None]
        if read:
            await self._store_read(read)

    def _read(self, message: Message) -> Decoded | None:
        """What is good in a message; None if nothing is."""
        topic = str(message.topic)
        try:
            decoded = self._decoded(topic, message.payload)
        except WindsockError as error:
            self._refuse(message, error)
            return None
        if decoded.faults and not self._tell(message, decoded):
            return None
        return decoded

    def _tell(self, message: Message, decoded: Decoded) -> bool:
        """Tell which of its readings are refused; whether others are left."""
        wrong = InvalidReadings.first_of(decoded.faults)
        if not any(decoded.readings):
            self._refuse(message, wrong)
            return False
        self._report.lost("readings of a message are refused", topic=str(message.topic)[:200], reason=wrong.in_full())
        return True

    def _decoded(self, topic: str, payload: bytes) -> Decoded:
        for template in self._templates:
            if (place := template.place(topic)) is not None:
                now_ms, ids = time.time_ns() // 1_000_000, self._settings.mqtt_ids
                return self._payloads.read(template.payload, place, topic, payload, self._limits, now_ms, ids=ids)
        raise BadRequest("topic", "no template of WINDSOCK_MQTT_TOPICS is of this topic")

    async def _store_read(self, read: Sequence[tuple[Message, Decoded]]) -> None:
        together = Decoded([reading for _, decoded in read for reading in decoded.readings])
        try:
            await self._patiently(partial(self._take_in, together, _fresh_once()))
        except WindsockError as error:
            if len(read) == 1:
                self._refuse(read[0][0], error)
                return
            # None of them is to be stored, or they are too much at once: which, only each alone can tell.
            for one in read:
                await self._store_read([one])
        else:
            self._report.count("stored", sum(self._is_left(*one) for one in _divided(together, read)))

    def _is_left(self, message: Message, decoded: Decoded) -> bool:
        """Whether of a message anything was stored; tells what was not."""
        return not decoded.faults or self._tell(message, decoded)

    async def _take_in(self, decoded: Decoded, once: Once) -> None:
        await self._intake.store(await self._sender(), decoded, FORM, skip=True, once=once)

    async def _sender(self) -> Sender:
        key = self._settings.mqtt_key or None
        try:
            return await self._senders.identified(key, "")
        except Unauthorized as error:
            reason = str(error) if key else "is not set, and devices need keys (WINDSOCK_AUTH)"
            raise Unauthorized(f"WINDSOCK_MQTT_KEY: {reason}") from None

    async def _patiently(self, do: Callable[[], Awaitable[object]]) -> None:
        """Do it, again and again while that may help. Raises what will never be done."""
        failures = 0
        while True:
            try:
                await do()
            except WindsockError as error:
                # A key can be mended, and a limit of so many a second is none for ever.
                if not (error.retryable or error.status == 429 or isinstance(error, Unauthorized)):
                    self._unstored = None
                    raise
                self._unstored = str(error)
                wait_s = pause_s(failures)
                failures += 1
                log.warning("nothing is stored", reason=str(error), again_in_s=wait_s)
                await asyncio.sleep(wait_s)
            else:
                self._unstored = None
                return

    def _refuse(self, message: Message, error: WindsockError) -> None:
        self._report.count("refused")
        reason = error.in_full() if isinstance(error, FaultyInput) else str(error)
        self._report.lost("a message is refused", topic=str(message.topic)[:200], reason=reason)


def _divided(together: Decoded, read: Sequence[tuple[Message, Decoded]]) -> Iterator[tuple[Message, Decoded]]:
    """What is left of each message, with the faults of what is not any more."""
    faults, start = deque(together.faults), 0
    for message, decoded in read:
        end = start + len(decoded.readings)
        left = Decoded(together.readings[start:end], places=decoded.places)
        while faults and (number := faults[0].index) is not None and number < end:
            left.faults.append(replace(faults.popleft(), index=left.place(number - start)))
        yield message, left
        start = end


def _fresh_once() -> Once:
    """For a batch: an answer of Redis may be lost after it has stored."""
    return Once(topics.request_key("mqtt", uuid.uuid4().hex), "-")


def _reason(error: Exception) -> str:
    # aiomqtt says that it was disconnected, and why in the cause.
    known = error.__cause__ or error
    return str(known) or type(known).__name__


def _is_final(error: Exception) -> bool:
    if isinstance(error, MqttCodeError):
        return isinstance(error.rc, ReasonCode) and error.rc.value in NOT_OURS
    return isinstance(error, SubscriptionRefusedError)
