"""Django's settings for the Channels peers: no debugging, no database, and the channel layer of Redis.

After Channels' docs, 'Channel Layers' and 'Deploying', and Django's 'Deployment checklist'. CHANNELS_LAYER names the
layer's class, REDIS_URL the server. After channels_redis' README, its core layer refuses messages above `capacity`, by
default 100: that is raised, so that under load messages come late before they are lost.
"""

from __future__ import annotations

import os
from typing import Any

CORE = "channels_redis.core.RedisChannelLayer"
PUBSUB = "channels_redis.pubsub.RedisPubSubChannelLayer"


def options(layer: str, redis_url: str) -> dict[str, Any]:
    """The options of a layer, the same for who serves and who publishes."""
    # redis-py's own bound, 100, refuses a client that comes while as many others join.
    hosts = {"hosts": [{"address": redis_url, "max_connections": 2_000}]}
    return hosts | {"capacity": 1_500} if layer == CORE else hosts


DEBUG = False
SECRET_KEY = "benchmark"
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["channels"]
ASGI_APPLICATION = "benchmarks.peers.channels_app.application"
USE_TZ = True
_LAYER = os.environ.get("CHANNELS_LAYER", CORE)
CHANNEL_LAYERS = {"default": {"BACKEND": _LAYER, "CONFIG": options(_LAYER, os.environ.get("REDIS_URL", ""))}}
