"""What all ways to post readings have in common."""

from __future__ import annotations

from services.api_description.area import parameter, text

COMPRESSED = "May be compressed: `Content-Encoding: gzip`, `deflate` or `zstd`."
IDEMPOTENCY_KEY = parameter(
    "header",
    "Idempotency-Key",
    "Makes the request one that is done once: sent again with the same key, it is answered as it was the first time. "
    "With another request the key is refused (`idempotency_key_reused`).",
    text(
        "A structured field's string; its quotes may be left out.",
        pattern=r'^("[!#-\[\]-~]{1,255}"|[!#-\[\]-~]{1,255})$',
    ),
)
