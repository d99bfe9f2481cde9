"""The header Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07): a request that is done once. Pure."""

from __future__ import annotations

import re
from hashlib import sha256

from services import topics
from services.errors import BadRequest
from services.lane import Headers
from services.once import Once

HEADER = b"idempotency-key"
_SHAPE = re.compile(rb'"([!#-\[\]-~]{1,255})"|([!#-\[\]-~]{1,255})')
"""A string of structured fields (RFC 8941, section 3.3.3), with its quotes or, as many clients send it, without."""


def once_of(headers: Headers, sender: str, *said: bytes) -> Once | None:
    """The request that has such a header; None for one without. `said` is what it asks for.

    Keys of one `sender` do not meet those of another. Raises BadRequest.
    """
    given = headers.get(HEADER)
    if given is None:
        return None
    key = _SHAPE.fullmatch(given.strip())
    if key is None:
        raise BadRequest("Idempotency-Key", 'is not 1 to 255 visible ASCII characters without " and \\')
    digest = sha256()
    for part in said:
        digest.update(b"%d:" % len(part) + part)
    return Once(topics.request_key(sender, (key[1] or key[2]).decode("ascii")), digest.hexdigest()[:32])
