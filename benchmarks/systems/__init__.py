"""The systems under test, by key, in the order of the tables."""

from __future__ import annotations

from benchmarks.systems import centrifugo, channels, socketio, starlette, windsock
from benchmarks.systems.system import System

_ALL: tuple[System, ...] = (
    windsock.JSON,
    windsock.PROTOBUF,
    windsock.PLAIN,
    centrifugo.JSON,
    centrifugo.PROTOBUF,
    centrifugo.WITHOUT_HISTORY,
    starlette.STARLETTE,
    socketio.SOCKETIO,
    channels.UVICORN,
    channels.DAPHNE,
)
SYSTEMS: dict[str, System] = {system.key: system for system in _ALL}
