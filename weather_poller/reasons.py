"""Why a request to a weather service failed, in words for people, and the pause that it asks for. Pure."""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import orjson

MOST_WORDS = 200
"""Characters of a service's own words that are told."""


def _causes(error: BaseException) -> Iterator[BaseException]:
    at: BaseException | None = error
    for _ in range(10):
        if at is None:
            return
        yield at
        at = at.__cause__ or at.__context__


def of_error(error: Exception) -> str:
    """What went wrong below HTTP, for people."""
    for cause in _causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return f"its certificate is not trusted: {cause.verify_message}"
            case socket.gaierror():
                return f"its name cannot be looked up ({cause.strerror})"
            case ConnectionRefusedError():
                return "it refuses connections"
            case ConnectionResetError() | httpx.RemoteProtocolError() | httpx.ReadError():
                return f"the connection broke off ({str(error) or type(error).__name__})"
    return f"it cannot be reached ({type(error).__name__}: {error})"


def of_status(status: int, body: bytes) -> str:
    """What an answer with this status says: the words of a JSON problem, or the beginning of another body."""
    if 300 <= status < 400:
        return f"status {status}: it redirects, which is not followed"
    words = None
    try:
        told: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        words = body
    else:
        if isinstance(told, dict):
            words = next((told[name] for name in ("reason", "message", "detail", "title") if told.get(name)), None)
    return f"status {status}: {plain(words)}" if words else f"status {status}"


def plain(words: object) -> str:
    """Text that is safe to show, in one line, cut short."""
    text = words.decode(errors="replace") if isinstance(words, bytes) else str(words)
    return " ".join("".join(c if c.isprintable() else " " for c in text[: 2 * MOST_WORDS]).split())[:MOST_WORDS]


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """`Retry-After` as seconds from now, whether it is a number or a date; None for anything else."""
    told = headers.get("retry-after", "")
    if re.fullmatch(r"[0-9]{1,9}", told):
        return float(told)
    try:
        # By the service's own clock, if it tells it.
        now = parsedate_to_datetime(headers["date"]).timestamp() if "date" in headers else time.time()
        return max(0.0, parsedate_to_datetime(told).timestamp() - now)
    except (ValueError, OverflowError):
        return None
