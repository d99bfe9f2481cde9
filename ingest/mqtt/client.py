"""The connection to the broker: MQTT 5, a session that outlives it, and acknowledgements when we say so.

aiomqtt acknowledges a message as soon as it has come. paho, below it, can leave that to us; aiomqtt 2.5 has no
way to say so but to reach for its paho client, which is done here alone. It also has the loop watch a socket that the
broker has closed meanwhile, which the loop reports as a bug.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from typing import Any

import aiomqtt
from aiomqtt import Message
from paho.mqtt.client import MQTTMessage
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from ingest.mqtt.broker import Broker
from services.settings import MqttSettings

ANSWER_S = 10.0
"""Longest wait for the broker's answer to connect and subscribe."""
REFUSED = 0x80
"""Reason codes from here on are errors (MQTT 5, section 2.4)."""


class SubscriptionRefusedError(Exception):
    """The broker does not let us subscribe."""


class Client(aiomqtt.Client):
    """One connection. `dropped` is told of a message of QoS 0 for which there was no room."""

    def __init__(
        self,
        broker: Broker,
        settings: MqttSettings,
        client_id: str,
        tls: ssl.SSLContext | None,
        dropped: Callable[[], None],
    ) -> None:
        self._most = settings.mqtt_in_flight
        self._dropped = dropped
        super().__init__(
            broker.host,
            broker.port,
            username=broker.user,
            password=broker.password,
            identifier=client_id,
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=False,
            keepalive=settings.mqtt_keepalive_s,
            timeout=ANSWER_S,
            tls_context=tls,
            properties=_wishes(settings),
        )
        self._client.manual_ack_set(True)

    def acknowledge(self, message: Message) -> None:
        """The message is stored: the broker may forget it."""
        self._client.ack(message.mid, message.qos)

    async def listen_to(self, filters: Sequence[str], qos: int) -> None:
        """Subscribe. Raises SubscriptionRefusedError, and MqttError."""
        options = SubscribeOptions(qos=qos, retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND)
        codes = await self.subscribe([(one, options) for one in filters])
        for one, code in zip(filters, codes, strict=True):
            if isinstance(code, ReasonCode) and code.value >= REFUSED:
                raise SubscriptionRefusedError(f"the broker refuses {one!r}: {code}")

    def _on_message(self, client: Any, userdata: Any, message: MQTTMessage) -> None:
        # Of those that are acknowledged the broker sends no more than it was told to (`_wishes`).
        if message.qos == 0 and len(self.messages) >= self._most:
            self._dropped()
        else:
            super()._on_message(client, userdata, message)

    def _on_socket_register_write(self, client: Any, userdata: Any, sock: Any) -> None:
        def write() -> None:
            try:
                client.loop_write()
            except Exception as error:
                if not self._disconnected.done():
                    self._disconnected.set_exception(error)

        def watch() -> None:
            if (number := sock.fileno()) >= 0:
                self._loop.add_writer(number, write)

        # paho calls from the thread in which it connects, too.
        self._loop.call_soon_threadsafe(watch)


def _wishes(settings: MqttSettings) -> Properties:
    """MQTT 5, section 3.1.2.11."""
    wishes = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    wishes.SessionExpiryInterval = settings.mqtt_session_s
    wishes.ReceiveMaximum = settings.mqtt_in_flight
    wishes.MaximumPacketSize = settings.mqtt_message_bytes
    return wishes
