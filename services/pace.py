"""How often something may happen. Pure."""

from __future__ import annotations


class Pace:
    """A token bucket: `per_s` messages a second, in bursts of up to twice that."""

    __slots__ = ("_at", "_per_s", "_tokens")

    def __init__(self, per_s: float, now: float) -> None:
        self._per_s = per_s
        self._tokens = per_s * 2
        self._at = now

    def allows(self, now: float) -> bool:
        """Count one message at `now` (seconds); False if it came too soon."""
        most = max(self._per_s * 2, self._tokens)
        self._tokens = min(most, self._tokens + (now - self._at) * self._per_s)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def excuse(self, began: float, now: float) -> None:
        """From `began` to `now` nobody read what the client said: it waits, and comes all at once.

        Only the last such pause counts.
        """
        self._tokens = min(self._tokens, self._per_s * 2) + (now - max(began, self._at)) * self._per_s
        self._at = now
