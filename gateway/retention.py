"""What a namespace keeps of its publications. Pure.

Streams are trimmed roughly and never below the promise; what clients are shown is exact.
"""

from __future__ import annotations

from gateway.channels import Options
from services.batch import Batch
from services.stream import Page

LEAST = (60, 100)
"""Seconds and publications that every channel keeps, so that a gap in pub/sub can be filled."""


def kept_at_least(options: Options) -> tuple[int, int]:
    """Seconds and publications that the stream of a channel keeps."""
    return max(LEAST[0], options.history_ttl_s), max(LEAST[1], options.history_size)


def within(page: Page, options: Options, now_ms: int) -> Page:
    """The part of a page that is still within the history of its namespace, at `now_ms` (Unix milliseconds)."""
    if not options.has_history:
        return Page(page.top, [], more=False)
    lowest = page.top.offset - options.history_size
    oldest_ms = now_ms - options.history_ttl_s * 1000
    batches: list[Batch] = []
    for batch in page.batches:
        if batch.stored_ms >= oldest_ms and batch.last > lowest:
            batches.append(batch.after(lowest))
    return Page(page.top, batches, page.more and len(batches) == len(page.batches))
