"""How one connection is answered: replies, refusals, and its end."""

from __future__ import annotations

from typing import NoReturn

from gateway.clients.centrifuge import codes
from gateway.clients.centrifuge.codes import Refusal
from gateway.clients.centrifuge.replies import Encoding
from gateway.clients.door import Client, Door
from services.closes import Close


class Answers:
    """Writes to one client in its encoding."""

    def __init__(self, door: Door, client: Client, encoding: Encoding) -> None:
        self._door = door
        self._client = client
        self._encoding = encoding

    def reply(self, number: int, method: str, result: dict[str, object], publications: int = 0) -> None:
        """Answer the command `number` with its result, which holds so many publications."""
        self._client.sender.send(self._encoding.reply(number, method, result), publications)

    def refuse(self, number: int, error: Refusal) -> None:
        """Answer it with an error."""
        self._door.refused_message(f"centrifuge {error.code}")
        self._client.sender.send(self._encoding.refusal(number, error))

    def end(self, close: Close) -> NoReturn:
        """Close the connection; raises WebSocketDisconnect."""
        self._client.end(close.code, close.reason)


class OneWayAnswers(Answers):
    """To a client that sent its connect with the request and sends nothing else: a refusal is the end."""

    def refuse(self, number: int, error: Refusal) -> None:
        self._door.refused_message(f"centrifuge {error.code}")
        self.end(codes.close_for(error))
