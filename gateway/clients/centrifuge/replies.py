"""What SDKs get, as JSON. Pure. Members that are empty are left out, as the SDKs expect."""

from __future__ import annotations

from typing import Any

import orjson

from gateway.clients.centrifuge.codes import Refusal
from services.batch import Batch, Position

PING = b"{}"
RECOVERED_BYTES = 524_288
"""Most that one subscribe reply recovers; the rest follows as pushes."""
FRAME_BYTES = 65_536
"""Pushes are joined up to this size: SDKs refuse frames of 1 MiB and more."""


def reply(command_id: int, method: str, result: dict[str, Any]) -> bytes:
    """The answer to a command; an empty result stands there all the same."""
    return orjson.dumps({"id": command_id, method: result})


def refusal(command_id: int, error: Refusal) -> bytes:
    """The answer to a command that is refused."""
    return orjson.dumps({"id": command_id, "error": error.as_dict()})


def publications(batches: list[Batch]) -> list[dict[str, Any]]:
    """Publications as a subscribe or history result lists them."""
    return [
        _publication(batch.epoch, offset, payload)
        for batch in batches
        for offset, payload in enumerate(batch.payloads, batch.first)
    ]


def _publication(epoch: str, offset: int, payload: bytes) -> dict[str, Any]:
    shown: dict[str, Any] = {"data": orjson.Fragment(payload), "offset": offset}
    return shown | {"epoch": epoch} if offset == 1 else shown


def pushes(topic: str, batch: Batch) -> list[bytes]:
    """Frames of pushes for the publications of a batch; the same for all subscribers."""
    channel = orjson.dumps(topic)
    frames: list[bytes] = []
    lines: list[bytes] = []
    size = 0
    for offset, payload in enumerate(batch.payloads, batch.first):
        # The first offset tells the epoch to who subscribed before there was one.
        epoch = b',"epoch":"%s"' % batch.epoch.encode() if offset == 1 else b""
        line = b'{"push":{"channel":%s,"pub":{"data":%s,"offset":%d%s}}}' % (channel, payload, offset, epoch)
        if lines and size + len(line) > FRAME_BYTES:
            frames.append(b"\n".join(lines))
            lines, size = [], 0
        lines.append(line)
        size += len(line) + 1
    frames.append(b"\n".join(lines))
    return frames


def unsubscribed(topic: str, code: int, reason: str) -> bytes:
    """Tells that the server ended a subscription."""
    return orjson.dumps({"push": {"channel": topic, "unsubscribe": {"code": code, "reason": reason}}})


def subscribed(top: Position, missed: list[Batch] | None, *, since: int, recovering: bool) -> dict[str, Any]:
    """The result of a subscribe. `missed` is what came after `since`, None if that cannot be had.

    What was recovered moves the subscriber from `since` on; otherwise it begins at the top.
    """
    result: dict[str, Any] = {"recoverable": True, "positioned": True}
    if top.epoch:
        result["epoch"] = top.epoch
    if recovering:
        result["was_recovering"] = True
    if recovering and missed is not None:
        result["recovered"] = True
        if missed:
            result["publications"] = publications(missed)
        return result | ({"offset": since} if since else {})
    return result | ({"offset": top.offset} if top.offset else {})
