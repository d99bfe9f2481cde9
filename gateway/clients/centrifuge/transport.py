"""What the way to a client adds to its connection. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Transport:
    """Where commands come by another way than replies go, `session` at `node` says to whom they belong."""

    session: str = ""
    node: str = ""
    one_way: bool = False
    """Whether the client only listens: it sends nothing after its connect, no answers to pings either."""

    def hello(self) -> dict[str, object]:
        """What the result of a connect says of it."""
        said: dict[str, object] = {} if self.one_way else {"pong": True}
        for name in ("session", "node"):
            if value := getattr(self, name):
                said[name] = value
        return said


WEBSOCKET = Transport()
