"""JSON that a backend hands over, as it stands or in Base64. Pure."""

from __future__ import annotations

import base64
import binascii

from msgspec import Raw

from gateway.clients.centrifuge import codes
from gateway.clients.centrifuge.replies import REPLY_BYTES
from gateway.server_api.requests import refused
from services.commit import free_form_entry
from services.errors import MalformedBody


def json_of(name: str, text: Raw, encoded: str) -> bytes:
    """The JSON of the member `name`, or of its Base64 twin if that is there; empty if neither is.

    It is one line. Raises RefusedError.
    """
    given = bytes(text)
    if encoded:
        name = f"b64{name}"
        try:
            given = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            raise refused(codes.BAD_REQUEST, f"{name} is not Base64") from None
        if not given:
            raise refused(codes.BAD_REQUEST, f"{name} is empty")
    if not given:
        return b""
    if len(given) > REPLY_BYTES:
        raise refused(codes.BAD_REQUEST, f"{name} has {len(given)} bytes; at most {REPLY_BYTES} are taken")
    try:
        return free_form_entry("", given).payload
    except MalformedBody as error:
        raise refused(codes.BAD_REQUEST, f"{name}: {error}") from None
