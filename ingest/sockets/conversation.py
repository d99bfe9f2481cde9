"""One device's socket from its handshake to its end.

Three tasks: one reads messages and hands what they hold to the writer, one sends the answers, one sends commands.
None waits for another but at the bound of messages in flight, above which the socket is not read: what the device
sends then waits in its own buffers and the network's.

Readings go to the writer in the order in which they came. On shutdown nothing more is read; what was read is answered
before the socket closes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from starlette.websockets import WebSocket, WebSocketDisconnect

from ingest import said
from ingest.bells import Bell
from ingest.formats.json_readings import JSON
from ingest.intake import Intake
from ingest.senders import Sender, Senders
from ingest.sockets import session
from ingest.sockets.session import Repeats, Session, Turn
from ingest.statements import Statements
from services import closes, logs
from services.closes import Close
from services.commands import Commands
from services.commit import Appended
from services.errors import BadRequest, TooLarge, Unauthorized, Unavailable, WindsockError
from services.lane import Appender, Post
from services.reading import Decoded
from services.settings import IngestSettings

AGAIN_S = 10.0
"""After so long a command that is not acknowledged is sent once more."""
LOOK_S = 50.0
"""Between two looks for commands if no bell rings."""
UNREAD_S = 60.0
"""A device that takes nothing of an answer for so long is closed."""
GRACE_S = 5.0
"""What a socket that ends gets for its last answers, and again for its close."""

log = logs.get("device-socket")


@dataclass(frozen=True, slots=True)
class Tools:
    """What all sockets of a process share."""

    intake: Intake
    writer: Appender
    senders: Senders
    commands: Commands
    statements: Statements
    settings: IngestSettings
    message_bytes: int
    refused: Callable[[str], None]
    """Counts a message that was refused, by the error's code."""


@dataclass(frozen=True, slots=True)
class Party:
    """Who is at the other end; which device's commands it gets, if any."""

    sender: Sender
    device: str | None
    skip: bool


class Conversation:
    """One accepted socket."""

    def __init__(self, socket: WebSocket, tools: Tools, party: Party, bell: Bell | None) -> None:
        self._socket = socket
        self._tools = tools
        self._party = party
        self._bell = bell
        self._session = Session(tools.settings.device_socket_messages)
        self._answerable = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._sending = asyncio.Lock()
        self._stop: asyncio.Future[Close] = asyncio.get_running_loop().create_future()
        self._ending = False
        self._busy = False
        self.left_with = closes.GONE.code
        """The code with which the device closed, if it did."""

    @property
    def sender(self) -> Sender:
        """Who is at the other end."""
        return self._party.sender

    def stop(self, why: Close = closes.SHUTDOWN) -> None:
        """End soon: read no more, answer what was read."""
        if not self._stop.done():
            self._stop.set_result(why)

    async def run(self) -> Close:
        """Until it ends; says why."""
        listening = asyncio.create_task(self._listen())
        answering = asyncio.create_task(self._answer())
        following = [] if self._bell is None else [asyncio.create_task(self._follow(self._bell))]
        tasks = [listening, answering, *following]
        try:
            await asyncio.wait([*tasks, self._stop], return_when=asyncio.FIRST_COMPLETED)
            why = next(one for one in (*tasks, self._stop) if one.done()).result()
            if why is not closes.GONE:
                for task in following:
                    task.cancel()
                await self._finish(listening, answering)
                await self._close(why)
            return why
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _finish(self, listening: asyncio.Task[Close], answering: asyncio.Task[Close]) -> None:
        """Read no more, and send the answers to what was read."""
        self._ending = True
        if self._busy:
            await asyncio.wait([listening], timeout=GRACE_S)
        listening.cancel()
        self._answerable.set()
        await asyncio.wait([answering], timeout=GRACE_S)

    async def _close(self, why: Close) -> None:
        with suppress(TimeoutError, WebSocketDisconnect, OSError, RuntimeError):
            async with asyncio.timeout(GRACE_S):
                await self._socket.close(*why)

    async def _listen(self) -> Close:
        while not self._ending:
            await self._room.wait()
            try:
                async with asyncio.timeout(self._idle_s()):
                    message = await self._socket.receive()
            except TimeoutError:
                return closes.IDLE
            if message["type"] == "websocket.disconnect":
                self.left_with = message.get("code") or closes.GONE.code
                return closes.GONE
            text = message.get("text")
            body = text.encode() if text is not None else bytes(message["bytes"])
            if len(body) > self._tools.message_bytes:
                self._tools.refused(TooLarge.code)
                return closes.MESSAGE_TOO_LARGE
            self._busy = True
            end = await self._take(body)
            self._busy = False
            if end is not None:
                return end
        return closes.SHUTDOWN

    def _idle_s(self) -> float | None:
        """One that waits for commands may have nothing to say; whether it is still there, pings tell."""
        return None if self._bell is not None else self._tools.settings.device_socket_idle_s

    async def _take(self, body: bytes) -> Close | None:
        """Do what a message asks for; a reason if it is the socket's last."""
        turn = self._session.begin()
        if self._session.full:
            self._room.clear()
        try:
            about = said.decode_message(body)
            if about is None:
                await self._store(turn, body)
            else:
                await self._state(turn, len(body), *about)
        except WindsockError as error:
            self._refuse(turn, error)
            if isinstance(error, Unauthorized):
                return closes.INVALID_TOKEN
        return None

    async def _store(self, turn: Turn, body: bytes) -> None:
        tools, party = self._tools, self._party
        decoded = await tools.intake.decoded(Post(b"", {}, body, party.sender.address), JSON)
        entries = await tools.intake.admitted(party.sender, decoded, JSON.name, skip=party.skip)
        tools.writer.submit(entries, partial(self._stored, turn, decoded))

    def _stored(self, turn: Turn, decoded: Decoded, outcome: list[Appended] | WindsockError) -> None:
        if not isinstance(outcome, list):
            self._refuse(turn, outcome)
            return
        self._tools.intake.stored(JSON.name, decoded, len(outcome))
        self._settle(turn, session.stored(turn, decoded, outcome, skip=self._party.skip))

    async def _state(self, turn: Turn, size: int, command: str, statement: said.Statement) -> None:
        device, most = self._party.device, self._tools.settings.command_answer_bytes
        if device is None:
            raise BadRequest("command", "this socket is no device's; open it with ?device=<id>")
        if size > most:
            raise TooLarge(f"the answer has {size} bytes; at most {most} are taken")
        await self._tools.senders.check(self._party.sender)
        await self._tools.statements.take(device, command, statement)
        self._settle(turn, session.taken(turn, command, statement.said))

    def _refuse(self, turn: Turn, error: WindsockError) -> None:
        self._tools.refused(error.code)
        self._settle(turn, session.refused(turn, error))

    def _settle(self, turn: Turn, answer: bytes) -> None:
        turn.answer = answer
        self._answerable.set()

    async def _answer(self) -> Close:
        """Send answers in order; ends when the device takes none, or with the last one of a socket that ends."""
        while not (self._ending and self._session.empty):
            await self._answerable.wait()
            self._answerable.clear()
            while (answer := self._session.next()) is not None:
                if (end := await self._send(answer)) is not None:
                    return end
                self._session.sent()
                self._room.set()
        return closes.SHUTDOWN

    async def _follow(self, bell: Bell) -> Close:
        """Send the commands of the device: at once, and again until they are acknowledged."""
        clock, repeats = asyncio.get_running_loop().time, Repeats(AGAIN_S)
        assert self._party.device is not None
        while True:
            heard = True
            try:
                pending = await self._tools.commands.pending(self._party.device)
                # Also while there is none: who is let in no more leaves its seat.
                await self._tools.senders.check(self._party.sender)
                for text in repeats.due(pending, clock()):
                    if (end := await self._send(session.command(text))) is not None:
                        return end
            except Unauthorized:
                return closes.INVALID_TOKEN
            except Unavailable as error:
                heard = False
                log.debug("commands cannot be read", error=str(error))
            await bell.wait(repeats.wait_s(clock(), LOOK_S), patient=heard)

    async def _send(self, text: bytes) -> Close | None:
        """Send a message; a reason if that cannot be done any more."""
        try:
            async with asyncio.timeout(UNREAD_S), self._sending:
                await self._socket.send_text(text.decode())
        except TimeoutError:
            return closes.SLOW
        except (WebSocketDisconnect, OSError, RuntimeError):
            return closes.GONE
        return None
