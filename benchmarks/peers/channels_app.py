"""Django Channels: a consumer that joins the group of its URL and forwards what is sent to the group.

After Channels' docs, Tutorial parts 2 and 3 ('Rewrite the consumer to be asynchronous'). The client joins its group
before the handshake is answered.
"""

from __future__ import annotations

import os
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.peers.channels_settings")


class TopicConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # Channels is not typed
    """One client on one topic."""

    async def connect(self) -> None:
        """Join the topic's group, then accept."""
        self.topic = self.scope["url_route"]["kwargs"]["topic"]
        await self.channel_layer.group_add(self.topic, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        """Leave the group."""
        await self.channel_layer.group_discard(self.topic, self.channel_name)

    async def topic_message(self, event: dict[str, Any]) -> None:
        """Forward what was sent to the group with the type `topic.message`."""
        await self.send(text_data=event["text"])


application = ProtocolTypeRouter(
    {
        "http": get_asgi_application(),
        "websocket": URLRouter([re_path(r"^ws/(?P<topic>[\w-]+)/$", TopicConsumer.as_asgi())]),
    }
)
