"""What is told about readings that were taken, and what is done with wrong ones beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.datastructures import QueryParams

from ingest.queries import only
from services.commit import Appended
from services.errors import BadRequest
from services.reading import Decoded


def skips(query: bytes) -> bool:
    """`?on_error=skip`: whether wrong readings are left out instead of refusing all. Raises BadRequest."""
    choice = only(QueryParams(query), "on_error", "fail") if query else "fail"
    if choice not in ("fail", "skip"):
        raise BadRequest("on_error", f"{choice[:32]!r} is neither 'fail' nor 'skip'")
    return choice == "skip"


def receipt(decoded: Decoded, appended: Sequence[Appended], *, skip: bool) -> dict[str, Any]:
    """How many were taken, and where each went: `positions[i]` belongs to reading i, null if refused."""
    stored = iter(appended)
    body: dict[str, Any] = {
        "accepted": len(appended),
        "duplicates": sum(one.duplicate for one in appended),
        "positions": [None if reading is None else next(stored).position for reading in decoded.readings],
    }
    if skip:
        body["rejected"] = [fault.as_dict() for fault in decoded.faults]
    return body
