"""`/v1/keys`: device keys for those who administer, which is whoever knows `WINDSOCK_API_KEY`.

The text of a key is in the answer that makes it, and nowhere else: it is neither kept nor logged.
"""

from __future__ import annotations

from collections.abc import Callable

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ingest import key_wishes
from ingest.key_wishes import NewKey, Rotation
from services import device_keys
from services.api_key import ApiKey
from services.device_keys import DeviceKey
from services.errors import BadRequest, InvalidKey, NotFound
from services.key_store import KeyStore
from services.settings import IngestSettings
from services.web import read_body

BODY_BYTES = 16_384


class KeyDesk:
    """The endpoints."""

    def __init__(self, store: KeyStore, admin: ApiKey, settings: IngestSettings, now_ms: Callable[[], int]) -> None:
        self._store = store
        self._admin = admin
        self._settings = settings
        self._now_ms = now_ms

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/v1/keys", self.make, methods=["POST"]),
            Route("/v1/keys", self.all, methods=["GET"]),
            Route("/v1/keys/{id}", self.one, methods=["GET"]),
            Route("/v1/keys/{id}", self.revoke, methods=["DELETE"]),
            Route("/v1/keys/{id}/rotate", self.rotate, methods=["POST"]),
        ]

    async def make(self, request: Request) -> Response:
        """Make a key: 201, with its text."""
        self._admin.check(request)
        wish = key_wishes.read(await self._body(request), NewKey)
        try:
            key, text = device_keys.made(
                wish.scope(), self._now_ms(), name=wish.name, note=wish.note, expires=wish.expires_ms()
            )
        except BadRequest as error:
            raise InvalidKey([error.fault]) from None
        answer = self._shown(key, 201, text)
        await self._store.add(key)
        return answer

    async def all(self, request: Request) -> Response:
        """Every key, the oldest first."""
        self._admin.check(request)
        now_ms = self._now_ms()
        return _json({"keys": [key.shown(now_ms) for key in await self._store.all()]})

    async def one(self, request: Request) -> Response:
        """One key."""
        self._admin.check(request)
        key_id = _id(request)
        key = await self._store.find(key_id)
        if key is None:
            raise NotFound(f"there is no key {key_id!r}")
        return self._shown(key)

    async def rotate(self, request: Request) -> Response:
        """Give a key another secret: its text with it."""
        self._admin.check(request)
        key_id = _id(request)
        body = await self._body(request)
        wish = key_wishes.read(body, Rotation) if body else Rotation()
        key, text = await self._store.rotate(key_id, wish.overlap_ms())
        return self._shown(key, 200, text)

    async def revoke(self, request: Request) -> Response:
        """End a key, or with `?secret=previous` the secret before its newest one."""
        self._admin.check(request)
        key_id, secret = _id(request), request.query_params.get("secret", "")
        if secret not in ("", "previous"):
            raise BadRequest("secret", f"{secret[:32]!r} is not 'previous'")
        if secret:
            return self._shown(await self._store.revoke_previous(key_id))
        await self._store.revoke(key_id)
        return Response(status_code=204)

    async def _body(self, request: Request) -> bytes:
        return await read_body(request, BODY_BYTES, self._settings.body_s)

    def _shown(self, key: DeviceKey, status: int = 200, text: str = "") -> Response:
        return _json(({"key": text} if text else {}) | key.shown(self._now_ms()), status)


def _id(request: Request) -> str:
    key_id: str = request.path_params["id"]
    if not device_keys.is_id(key_id):
        raise NotFound(f"{key_id[:64]!r} is not the id of a key")
    return key_id


def _json(body: dict[str, object], status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, {"Cache-Control": "no-store"}, media_type="application/json")
