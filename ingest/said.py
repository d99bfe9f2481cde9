"""What a device may say about a command. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, TypeVar

import msgspec
import orjson
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from services import json_text
from services.commands import Said
from services.errors import Fault, InvalidAnswer

NOTHING = b"null"
"""The answer of a device that has nothing to tell but that it is done."""


class _Body(Struct, forbid_unknown_fields=True):
    status: Said
    answer: Raw | UnsetType = UNSET
    error: Annotated[str, Meta(min_length=1, max_length=1_000)] | UnsetType = UNSET


class _Message(_Body, forbid_unknown_fields=True, kw_only=True):
    command: str


T = TypeVar("T", bound=_Body)


@dataclass(frozen=True, slots=True)
class Statement:
    """What was said, and the answer or the reason, as JSON."""

    said: Said
    text: bytes = b""


def decode(body: bytes) -> Statement:
    """Read what a device sent. Raises MalformedBody, or InvalidAnswer with the field and the reason."""
    return _statement(_read(body, _Body))


def decode_message(text: bytes) -> tuple[str, Statement] | None:
    """The same of a message that says itself which command it is about; None if it is about none."""
    if b'"command"' not in text or not _names_a_command(text):
        return None
    sent = _read(text, _Message)
    return sent.command, _statement(sent)


def _names_a_command(text: bytes) -> bool:
    parsed = json_text.parsed(text)
    return isinstance(parsed, dict) and "command" in parsed


def _read(body: bytes, shape: type[T]) -> T:
    json_text.parsed(body)
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.ValidationError, RecursionError) as error:
        raise InvalidAnswer([_fault(str(error))]) from None


def _statement(sent: _Body) -> Statement:
    if sent.answer is not UNSET and sent.status != "done":
        raise InvalidAnswer([Fault(None, "answer", "belongs to the status 'done' only")])
    if sent.error is not UNSET and sent.status != "failed":
        raise InvalidAnswer([Fault(None, "error", "belongs to the status 'failed' only")])
    if sent.status == "failed":
        if sent.error is UNSET:
            raise InvalidAnswer([Fault(None, "error", "is required: say why")])
        return Statement("failed", orjson.dumps(sent.error))
    if sent.status == "done":
        # A line end would end the answer's frame on its way to an SDK; between JSON's tokens a space does as well.
        text = NOTHING if sent.answer is UNSET else bytes(sent.answer)
        return Statement("done", text.replace(b"\n", b" ").replace(b"\r", b" "))
    return Statement("acknowledged")


def _fault(message: str) -> Fault:
    """Turn msgspec's message into the field's name and a reason."""
    reason, _, path = message.partition(" - at ")
    if named := re.search(r"field `([^`]*)`", reason):
        known = "missing required" in reason
        return Fault(None, named[1][:64], "is required" if known else "is not a part of an answer")
    return Fault(None, path.strip("`$.") or None, reason.replace("`", ""))
