"""How the protocol's messages stand in a long HTTP response. Pure. A message may be several JSON lines."""

from __future__ import annotations

from collections.abc import Callable

Framing = Callable[[bytes], bytes]

_PUSH, _END = b'{"push":', b"}"


def lines(message: bytes) -> bytes:
    """Each message on a line."""
    return message + b"\n"


def delimited(message: bytes) -> bytes:
    """Protobuf messages bring their length with them."""
    return message


def events(message: bytes) -> bytes:
    """Each message as an event of Server-Sent Events."""
    return b"data: %s\n\n" % message.replace(b"\n", b"\n\ndata: ")


def bare(framing: Framing) -> Framing:
    """The same for clients that get pushes only: without what tells them from replies."""

    def framed(message: bytes) -> bytes:
        pushes = [line[len(_PUSH) : -len(_END)] if line.startswith(_PUSH) else line for line in message.split(b"\n")]
        return framing(b"\n".join(pushes))

    return framed
