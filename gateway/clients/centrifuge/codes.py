"""Codes of the Centrifuge protocol, as its SDKs understand them (centrifugal.dev, 'Client protocol'): errors and
unsubscribes. From 2500 on, the latter make an SDK subscribe again. Closes are in `services.closes`.
"""

from __future__ import annotations

from dataclasses import dataclass

from services import closes
from services.closes import Close
from services.errors import (
    ClientError,
    DeviceFailed,
    Forbidden,
    NoAnswer,
    NotFound,
    Overloaded,
    Unavailable,
    WindsockError,
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error in a reply. `temporary` lets an SDK try again."""

    code: int
    message: str
    temporary: bool = False

    def as_dict(self) -> dict[str, object]:
        """How a reply shows it."""
        shown: dict[str, object] = {"code": self.code, "message": self.message}
        return shown | {"temporary": True} if self.temporary else shown


INTERNAL = Refusal(100, "internal server error", temporary=True)
UNKNOWN_CHANNEL = Refusal(102, "unknown channel")
PERMISSION_DENIED = Refusal(103, "permission denied")
METHOD_NOT_FOUND = Refusal(104, "method not found")
ALREADY_SUBSCRIBED = Refusal(105, "already subscribed")
LIMIT_EXCEEDED = Refusal(106, "limit exceeded")
BAD_REQUEST = Refusal(107, "bad request")
NOT_AVAILABLE = Refusal(108, "not available")
TOKEN_EXPIRED = Refusal(109, "token expired")
TOO_MANY = Refusal(111, "too many requests", temporary=True)
UNRECOVERABLE_POSITION = Refusal(112, "unrecoverable position")


def refusal_of(error: WindsockError) -> Refusal:
    """How the failure of a procedure is told."""
    match error:
        case Forbidden():
            return PERMISSION_DENIED
        case Overloaded():
            return Refusal(TOO_MANY.code, str(error), temporary=True)
        case NotFound() | DeviceFailed() | NoAnswer():
            return Refusal(error.status, str(error))
        case ClientError():
            return Refusal(BAD_REQUEST.code, str(error))
        case Unavailable():
            return Refusal(INTERNAL.code, str(error), temporary=True)
    return INTERNAL


TOKEN_REVOKED = (2000, "token revoked")
"""An unsubscribe: the SDK leaves it at that. So it does with the next."""
NO_LONGER_PERMITTED = (2000, "permission denied")
SERVER_UNSUBSCRIBE = (2000, "server unsubscribe")
INSUFFICIENT_STATE = (2500, "insufficient state")
"""An unsubscribe: the SDK subscribes again, and learns whether it can recover."""
SUBSCRIPTION_EXPIRED = (2501, "subscription expired")
"""The same: the SDK subscribes again, with a new token."""

_CLOSES = {
    TOKEN_EXPIRED.code: closes.EXPIRED,
    110: closes.EXPIRED,
    111: closes.TOO_FAST,
    PERMISSION_DENIED.code: closes.DENIED,
}


def close_for(error: Refusal) -> Close:
    """How a client that gets no replies learns that its connect is refused."""
    return _CLOSES.get(error.code, closes.SERVER_ERROR)
