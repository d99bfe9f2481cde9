"""The key of those who administer: of the server API, and of device keys. Pure."""

from __future__ import annotations

import hmac

from starlette.requests import Request

from services.errors import Unauthorized
from services.settings import ApiSettings

SCHEMES = ("apikey", "bearer")


class ApiKey:
    """The key of the settings, and the one before it."""

    def __init__(self, settings: ApiSettings) -> None:
        keys = (settings.api_key, settings.api_previous_key) if settings.api_key else ()
        self._keys = [key.encode() for key in keys if key]

    def check(self, request: Request) -> None:
        """Raise Unauthorized unless the request names a key, in a time that tells nothing of it."""
        if not self._keys:
            raise Unauthorized("this is off; WINDSOCK_API_KEY switches it on", SCHEMES[0])
        given = _given(request)
        if not given:
            raise Unauthorized("no key: name it in the header X-API-Key", SCHEMES[0])
        if True not in [hmac.compare_digest(given, key) for key in self._keys]:
            raise Unauthorized("the key is wrong", SCHEMES[0])


def _given(request: Request) -> bytes:
    header = request.headers.get("x-api-key", "")
    scheme, _, named = request.headers.get("authorization", "").partition(" ")
    if not header and scheme.lower() in SCHEMES:
        header = named.strip()
    # Starlette reads headers as Latin-1, and the query as UTF-8.
    return header.encode("latin-1") if header else request.query_params.get("api_key", "").encode()
