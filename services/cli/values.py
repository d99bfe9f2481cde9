"""Reads what people write: values, times, `key=value` pairs. Pure."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from services import environment
from services.errors import BadRequest
from services.settings import CommonSettings

Plain = bool | int | float | str

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)
_UNIX = re.compile(r"-?\d+(\.\d+)?")
_LAST_SECONDS = 100_000_000_000
"""Larger numbers are milliseconds: as seconds they would lie beyond the year 5000."""


def parse_value(text: str) -> Plain:
    """A number, true or false, else the text itself; in double quotes it is always text.

    Raises ValueError for a number that is not finite, or an integer that does not fit in 64 bits.
    """
    word = text.strip()
    if word.lower() in ("true", "false"):
        return word.lower() == "true"
    if _NUMBER.fullmatch(word):
        number = float(word)
        if not math.isfinite(number):
            raise ValueError(f"{word} is too large")
        if not word.lstrip("+-").isdigit():
            return number
        whole = int(word)
        if not -(2**63) <= whole < 2**63:
            raise ValueError(f"{word} has more than 64 bits; in double quotes it is text")
        return whole
    if _NOT_FINITE.fullmatch(word):
        raise ValueError(f"{word} is not a finite number")
    if len(word) >= 2 and word[0] == word[-1] == '"':
        try:
            return str(json.loads(word))
        except ValueError:
            raise ValueError(f"{word} is not a quoted text") from None
    return text


def parse_time(text: str) -> int:
    """Unix milliseconds of an ISO 8601 time (UTC where it names no offset), or of Unix seconds or milliseconds.

    Raises ValueError for anything else.
    """
    word = text.strip()
    if _UNIX.fullmatch(word):
        number = float(word)
        return round(number if abs(number) >= _LAST_SECONDS else number * 1000)
    try:
        moment = datetime.fromisoformat(word)
    except ValueError:
        raise ValueError(f"{word[:64]!r} is neither an ISO 8601 nor a Unix time") from None
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def parse_pairs(words: Sequence[str], option: str) -> dict[str, str]:
    """`key=value` words as a mapping. Raises BadRequest naming `option` for others, and for a key given twice."""
    pairs: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise BadRequest(option, f"{word[:64]!r} is not of the form name=value")
        if key in pairs:
            raise BadRequest(option, f"{key[:64]!r} is given twice")
        pairs[key] = value
    return pairs


def parse_url(url: str) -> SplitResult:
    """The parts of the HTTP address of a Windsock. Raises BadRequest for what is none."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:
        host, port = "", None
    if not host or port == 0 or parts.scheme not in ("http", "https"):
        raise BadRequest("--url", f"{url!r} is not an HTTP address such as http://127.0.0.1:8080")
    return parts


def local_url(environ: Mapping[str, str]) -> str:
    """Where a Windsock with these settings is reached from this machine. Raises SettingError."""
    common = environment.load(CommonSettings, environ)
    return address(common.host, common.port)


def address(host: str, port: int) -> str:
    """The URL of what listens on `host` and `port` of this machine."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)
    return f"http://{f'[{reachable}]' if ':' in reachable else reachable}:{port}"


def is_local(url: str) -> bool:
    """Whether `url` names this machine."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
