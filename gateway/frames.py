"""Frames as clients usually send them (RFC 6455, section 5.2): one, whole, in one read. Pure.

websockets reads everything else, with more work (benchmark "connections").
"""

from __future__ import annotations

from websockets.frames import Frame, Opcode
from websockets.speedups import apply_mask

USUAL = {0x81: Opcode.TEXT, 0x82: Opcode.BINARY, 0x8A: Opcode.PONG}
"""The first byte of a frame that is the last (and only) one of its message, without extensions."""
MASKED = 0x80


def whole(data: bytes, most: int) -> Frame | None:
    """The frame that `data` is, if it is exactly one of at most `most` bytes in which everything is as usual."""
    opcode = USUAL.get(data[0]) if len(data) >= 6 else None
    if opcode is None:
        return None
    size = data[1] ^ MASKED
    start = 6
    if size == 126 and opcode is not Opcode.PONG:
        size = int.from_bytes(data[2:4], "big")
        start = 8
    elif size > 125:
        return None
    if size > most or len(data) != start + size:
        return None
    return Frame(opcode, apply_mask(data[start:], data[start - 4 : start]))
