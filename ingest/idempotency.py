"""The header Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07): a request that is done once. Pure."""

from __future__ import annotations

import re
from hashlib import sha256
from itertools import chain

from services import topics
from services.errors import BadRequest
from services.lane import Post
from services.once import Once

HEADER = b"idempotency-key"
CLOUD_EVENT = b"ce-"
"""Begins the headers that are part of an event in CloudEvents' binary mode."""
_SHAPE = re.compile(rb'"([!#-\[\]-~]{1,255})"|([!#-\[\]-~]{1,255})')
"""A string of structured fields (RFC 8941, section 3.3.3), with its quotes or, as many clients send it, without."""


def once_of(post: Post, sender: str, form: str) -> Once | None:
    """The request with such a header, its body not compressed any more; None for one without.

    Keys of one `sender` do not meet those of another. Raises BadRequest.
    """
    given = post.headers.get(HEADER)
    if given is None:
        return None
    key = _SHAPE.fullmatch(given.strip())
    if key is None:
        raise BadRequest(
            "Idempotency-Key",
            'must be sent once: 1 to 255 visible ASCII characters without " and \\ (quotes around it are fine)',
        )
    attributes = sorted((name, value) for name, value in post.headers.items() if name.startswith(CLOUD_EVENT))
    digest = sha256()
    for part in (form.encode(), post.path.encode(), post.query, post.body, *chain.from_iterable(attributes)):
        digest.update(b"%d:" % len(part) + part)
    return Once(topics.request_key(sender, (key[1] or key[2]).decode("ascii")), digest.hexdigest()[:32])
