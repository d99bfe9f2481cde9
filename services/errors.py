"""The error tree: every failure a person or a client can meet, as data.

    WindsockError
    ├── ClientError             the request is at fault; repeating it will not help
    │   ├── FaultyInput              with every fault that was found
    │   │   ├── MalformedBody   400  not JSON at all
    │   │   ├── InvalidReadings 422  JSON, but not readings
    │   │   │   └── TooManyMetrics   new metrics for which there is no room
    │   │   ├── InvalidAnswer   422  JSON, but not what a device may say about a command
    │   │   ├── InvalidKey      422  JSON, but not what a device key may be
    │   │   └── OutOfScope      403  readings that are not the key's to send
    │   │       └── TooManyDevices   more devices than the key may have
    │   ├── BadRequest          400  a parameter is wrong
    │   ├── Unauthorized        401  who is it?
    │   ├── Forbidden           403
    │   ├── NotFound            404
    │   ├── Conflict            409  it contradicts what was said before
    │   ├── Ambiguous           409  several places are called so; with those that may be meant
    │   ├── Reused          422  a key that was used for another request
    │   ├── PositionLost        410  the position's epoch or history is gone
    │   ├── TooSlow             408
    │   ├── TooLarge            413
    │   ├── UnsupportedMedia    415
    │   └── HeadTooLarge        431
    ├── TooManyRequests         429  sooner than a limit allows; retryable, with a time to wait
    ├── Unavailable             503  ours; retryable, with a time to wait
    │   └── Overloaded          503  a bounded buffer is full
    ├── DeviceFailed        502  a device could not carry a command out
    ├── NoAnswer            504  a device did not answer in time
    └── StartError              cannot start: what is wrong and how to mend it
        └── SettingError        a setting that does not parse

`code` is stable and meant for programs; the message is for people. Renderings: `problem()` is
RFC 9457 problem details (HTTP), `message()` the `{"error": …}` object of the plain sockets.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

FAULTS_TOLD = 20
"""Faults of one request that an answer names."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with the input: which element, which field of it, and why."""

    index: int | None
    field: str | None
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """How an answer shows it."""
        return {"index": self.index, "field": self.field, "reason": self.reason}

    def __str__(self) -> str:
        where = "" if self.index is None else f"reading {self.index}: "
        return where + (f"{self.field}: " if self.field else "") + self.reason


class WindsockError(Exception):
    """Base of all expected failures."""

    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Internal error"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    about: Mapping[str, Any] = {}
    """What a client asked about, told beside the error."""

    def problem(self) -> dict[str, Any]:
        """The members of an `application/problem+json` body (RFC 9457)."""
        return {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": str(self),
            "code": self.code,
        }

    def message(self) -> dict[str, Any]:
        """What a plain WebSocket client is sent."""
        return {"error": {"code": self.code, "message": str(self)}, **self.about}

    def headers(self) -> dict[str, str]:
        """HTTP headers that belong to the answer."""
        return {}


class ClientError(WindsockError):
    """The request is at fault."""

    code = "bad_request"
    title = "Bad request"
    status = 400


class BadRequest(ClientError):
    """A query parameter or path is wrong."""

    def __init__(self, field: str | None, reason: str) -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.fault = Fault(None, field, reason)

    def problem(self) -> dict[str, Any]:
        return super().problem() | self.fault.as_dict()

    def message(self) -> dict[str, Any]:
        return _with_fault(super().message(), self.fault)


class FaultyInput(ClientError):
    """Input that was read and found wrong, with every fault (the first stands on top)."""

    def __init__(self, faults: Sequence[Fault], omitted: int = 0) -> None:
        self.faults = tuple(faults)
        self.omitted = omitted
        super().__init__(str(self.faults[0]))

    @classmethod
    def first_of(cls, faults: Sequence[Fault]) -> Self:
        """With as many of `faults` as are told."""
        return cls(faults[:FAULTS_TOLD], max(0, len(faults) - FAULTS_TOLD))

    def problem(self) -> dict[str, Any]:
        return super().problem() | self.faults[0].as_dict() | self._all()

    def message(self) -> dict[str, Any]:
        message = _with_fault(super().message(), self.faults[0])
        if len(self.faults) > 1:
            message["error"] |= self._all()
        return message

    def in_full(self) -> str:
        """Every fault that is told, in one line."""
        more = f"; and {self.omitted} more" if self.omitted else ""
        return "; ".join(map(str, self.faults)) + more

    def _all(self) -> dict[str, Any]:
        omitted = {"errors_omitted": self.omitted} if self.omitted else {}
        return {"errors": [fault.as_dict() for fault in self.faults]} | omitted


def _with_fault(message: dict[str, Any], fault: Fault) -> dict[str, Any]:
    message["error"] |= {key: value for key, value in fault.as_dict().items() if value is not None}
    return message


class MalformedBody(FaultyInput):
    """The body is not JSON."""

    code = "malformed"
    title = "Malformed body"
    status = 400


class InvalidReadings(FaultyInput):
    """JSON, but not (all) readings."""

    code = "invalid_reading"
    title = "Invalid reading"
    status = 422


class Unauthorized(ClientError):
    """It is not known who asks: no token, or none that can be believed."""

    code = "unauthorized"
    title = "Unauthorized"
    status = 401

    def __init__(self, reason: str, scheme: str = "Bearer") -> None:
        """`scheme` is how one can say who one is (RFC 9110, section 11.1; RFC 6750)."""
        super().__init__(reason)
        self.scheme = scheme

    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": self.scheme}


class InvalidAnswer(FaultyInput):
    """JSON, but not what a device may say about a command."""

    code = "invalid_answer"
    title = "Invalid answer"
    status = 422


class InvalidKey(FaultyInput):
    """JSON, but not what a device key may be."""

    code = "invalid_key"
    title = "Invalid key"
    status = 422


class TooManyMetrics(InvalidReadings):
    """Readings with new metrics, when there are as many as there may be."""

    code = "too_many_metrics"
    title = "Too many metrics"


class OutOfScope(FaultyInput):
    """Readings of a device, or with a metric, that the sender's key does not open."""

    code = "forbidden"
    title = "Forbidden"
    status = 403


class TooManyDevices(OutOfScope):
    """Readings of new devices, when the sender's key has as many as it may."""

    code = "too_many_devices"
    title = "Too many devices"


class Forbidden(ClientError):
    """Not for this client."""

    code = "forbidden"
    title = "Forbidden"
    status = 403


class NotFound(ClientError):
    """No such thing."""

    code = "not_found"
    title = "Not found"
    status = 404


class Conflict(ClientError):
    """It contradicts what was said before."""

    code = "conflict"
    title = "Conflict"
    status = 409


class Ambiguous(ClientError):
    """Several places are called so: one of the candidates is meant."""

    code = "ambiguous"
    title = "Ambiguous"
    status = 409

    def __init__(self, reason: str, candidates: Sequence[Mapping[str, Any]] = ()) -> None:
        """`candidates` are the places that may be meant, as far as they may be told."""
        super().__init__(reason)
        self.candidates = list(candidates)

    def problem(self) -> dict[str, Any]:
        return super().problem() | {"candidates": self.candidates}

    def message(self) -> dict[str, Any]:
        return super().message() | {"candidates": self.candidates}


class Reused(ClientError):
    """An Idempotency-Key that came with another request before (draft-ietf-httpapi-idempotency-key-header-07, 2.7)."""

    code = "idempotency_key_reused"
    title = "Idempotency-Key is already used"
    status = 422


class PositionLost(ClientError):
    """A position whose epoch or history is gone; what came after it cannot be told."""

    code = "position_lost"
    title = "Position lost"
    status = 410


class TooLarge(ClientError):
    """More than a limit allows."""

    code = "too_large"
    title = "Too large"
    status = 413


class HeadTooLarge(ClientError):
    """The head of a request, or what stands for one between or behind the parts of a body (RFC 6585, section 5)."""

    code = "head_too_large"
    title = "Request header fields too large"
    status = 431


class TooSlow(ClientError):
    """The client did not send what it announced in time."""

    code = "too_slow"
    title = "Request timeout"
    status = 408


class UnsupportedMedia(ClientError):
    """A media type or content encoding that this path does not read."""

    code = "unsupported_media_type"
    title = "Unsupported media type"
    status = 415


class TooManyRequests(WindsockError):
    """It comes sooner than a limit allows; the same request may succeed after `retry_after_s` seconds."""

    code = "too_many_requests"
    title = "Too many requests"
    status = 429
    retryable = True

    def __init__(self, reason: str, policy: str, per_s: float, wait_s: float) -> None:
        """`policy` names the limit of `per_s`, which allows something again in `wait_s` seconds."""
        super().__init__(reason)
        self.retry_after_s = max(1, math.ceil(wait_s))
        self._policy = policy
        self._per_s = per_s

    def headers(self) -> dict[str, str]:
        """`Retry-After`, and what draft-ietf-httpapi-ratelimit-headers-10 calls quota and window, in whole numbers."""
        window_s = 1 if self._per_s >= 1 else math.ceil(1 / self._per_s)
        return {
            "Retry-After": str(self.retry_after_s),
            "RateLimit-Policy": f'"{self._policy}";q={math.floor(self._per_s * window_s)};w={window_s}',
            "RateLimit": f'"{self._policy}";r=0;t={self.retry_after_s}',
        }


class Unavailable(WindsockError):
    """We cannot do it now; the same request may succeed after `retry_after_s` seconds."""

    code = "unavailable"
    title = "Temporarily unavailable"
    status = 503
    retryable = True

    def __init__(self, reason: str, retry_after_s: int = 1) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s

    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after_s)}


class Overloaded(Unavailable):
    """A bounded buffer is full."""

    code = "overloaded"
    title = "Overloaded"


class DeviceFailed(WindsockError):
    """A device could not carry a command out; the message is its own."""

    code = "device_failed"
    title = "The device failed"
    status = 502


class NoAnswer(WindsockError):
    """A device did not answer in time; the message says whether the command was delivered."""

    code = "no_answer"
    title = "No answer"
    status = 504


class StartError(WindsockError):
    """A service cannot start. The message is one line that says what is wrong and how to mend it."""

    code = "start"
    title = "Cannot start"


class SettingError(StartError):
    """A setting does not parse; names the key and the value."""

    code = "setting"
