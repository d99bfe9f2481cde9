"""A plain Starlette endpoint for readings: checked, appended to the device's stream and published, each awaited.

As redis-py's documentation of its asyncio client shows it (https://redis.readthedocs.io/en/stable/examples/asyncio_examples.html).
"""

from __future__ import annotations

import os

import orjson
from redis.asyncio import BlockingConnectionPool, Redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

# A request that finds all connections in use waits for one, as the documentation advises.
redis = Redis(connection_pool=BlockingConnectionPool.from_url(os.environ["REDIS_URL"], max_connections=64))


async def post(request: Request) -> Response:
    """Store one reading; 202 once Redis has it."""
    reading = orjson.loads(await request.body())
    if not isinstance(reading.get("device"), str) or not isinstance(reading.get("values"), dict):
        return Response(b'{"detail":"device and values are required"}', 422, media_type="application/json")
    topic, payload = f"device:{reading['device']}", orjson.dumps(reading)
    await redis.xadd(topic, {"d": payload}, maxlen=10_000, approximate=True)
    await redis.publish(topic, payload)
    return Response(b'{"accepted":1}', 202, media_type="application/json")


app = Starlette(routes=[Route("/v1/readings", post, methods=["POST"])])
