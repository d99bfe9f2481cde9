"""Who may use the server API: whoever knows its key. Pure."""

from __future__ import annotations

import hmac

from starlette.requests import Request

from services.errors import Unauthorized
from services.settings import ApiSettings

SCHEME = "apikey "


class Keys:
    """The key of the settings, and the one before it."""

    def __init__(self, settings: ApiSettings) -> None:
        keys = (settings.api_key, settings.api_previous_key) if settings.api_key else ()
        self._keys = [key.encode() for key in keys if key]

    def check(self, request: Request) -> None:
        """Raise Unauthorized unless the request names a key, in a time that tells nothing of it."""
        if not self._keys:
            raise Unauthorized("the server API is off; WINDSOCK_API_KEY switches it on", SCHEME.strip())
        given = _given(request)
        if not given:
            raise Unauthorized("no key: name it in the header X-API-Key", SCHEME.strip())
        if True not in [hmac.compare_digest(given, key) for key in self._keys]:
            raise Unauthorized("the key is wrong", SCHEME.strip())


def _given(request: Request) -> bytes:
    header = request.headers.get("x-api-key", "")
    authorization = request.headers.get("authorization", "")
    if not header and authorization[: len(SCHEME)].lower() == SCHEME:
        header = authorization[len(SCHEME) :].strip()
    # Starlette reads headers as Latin-1, and the query as UTF-8.
    return header.encode("latin-1") if header else request.query_params.get("api_key", "").encode()
