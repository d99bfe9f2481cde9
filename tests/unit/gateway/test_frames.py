from __future__ import annotations

import pytest
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

from gateway.frames import whole

MOST = 70_000


def sent(opcode: Opcode, payload: bytes, *, fin: bool = True, mask: bool = True) -> bytes:
    return Frame(opcode, payload, fin).serialize(mask=mask)


@pytest.mark.parametrize("opcode", [Opcode.TEXT, Opcode.BINARY, Opcode.PONG])
@pytest.mark.parametrize("size", [0, 1, 125])
def test_a_whole_frame_is_what_websockets_makes_of_it(opcode: Opcode, size: int) -> None:
    data = sent(opcode, b"x" * size)
    connection = ServerProtocol(state=State.OPEN)
    connection.receive_data(data)
    assert [whole(data, MOST)] == connection.events_received()


@pytest.mark.parametrize("size", [126, 65_535])
def test_longer_messages_come_whole_too(size: int) -> None:
    frame = whole(sent(Opcode.TEXT, b"y" * size), MOST)
    assert frame is not None
    assert frame.data == b"y" * size


OTHERS = {
    "nothing": b"",
    "all but the last byte": sent(Opcode.TEXT, b"abc")[:-1],
    "a part of the mask": sent(Opcode.TEXT, b"abc")[:5],
    "a part of a longer one's mask": sent(Opcode.TEXT, b"y" * 300)[:7],
    "one and the beginning of another": sent(Opcode.TEXT, b"abc") + b"\x81",
    "unmasked": sent(Opcode.TEXT, b"abcdefgh", mask=False),
    "longer and unmasked": sent(Opcode.TEXT, b"y" * 300, mask=False),
    "the first of several": sent(Opcode.TEXT, b"abc", fin=False),
    "the last of several": sent(Opcode.CONT, b"abc"),
    "a ping": sent(Opcode.PING, b"abc"),
    "a close": sent(Opcode.CLOSE, b"\x03\xe8"),
    "of an extension": b"\xc1" + sent(Opcode.TEXT, b"abc")[1:],
    "a pong that is too long": b"\x8a" + sent(Opcode.TEXT, b"y" * 300)[1:],
    "longer than one read": sent(Opcode.TEXT, b"y" * 65_536),
}


@pytest.mark.parametrize("name", OTHERS)
def test_everything_else_is_left_to_websockets(name: str) -> None:
    assert whole(OTHERS[name], MOST) is None


def test_what_is_too_long_is_left_to_websockets() -> None:
    data = sent(Opcode.TEXT, b"abc")
    assert whole(data, 3) is not None
    assert whole(data, 2) is None
