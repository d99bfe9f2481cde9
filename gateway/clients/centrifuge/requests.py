"""What a connection asks that is no subscription: to publish, presence, history, procedures."""

from __future__ import annotations

import orjson

from gateway.clients.centrifuge import codes, replies
from gateway.clients.centrifuge.answers import Answers
from gateway.clients.centrifuge.codes import Refusal
from gateway.clients.centrifuge.questions import history_of, presence_of
from gateway.clients.centrifuge.replies import Json
from gateway.clients.centrifuge.session import Session
from gateway.clients.centrifuge.shared import Shared
from gateway.clients.centrifuge.steps import Call, Publish, ReadHistory, ShowPresence
from gateway.clients.centrifuge.subscriptions import Subscriptions
from services.commit import free_form_entry
from services.errors import MalformedBody, WindsockError


class Requests:
    """Carries them out. Each method answers by itself, and raises Unavailable where Redis fails."""

    def __init__(self, shared: Shared, session: Session, subscriptions: Subscriptions, answers: Answers) -> None:
        self._shared = shared
        self._session = session
        self._subscriptions = subscriptions
        self._answers = answers

    async def show_presence(self, step: ShowPresence) -> None:
        """Answer who is in a channel, or only how many."""
        result = await presence_of(self._shared.presence, step.channel, stats=step.stats)
        self._answers.reply(step.id, "presence_stats" if step.stats else "presence", result)

    async def publish(self, step: Publish) -> None:
        """Append, and answer once it is stored."""
        try:
            entry = free_form_entry(step.channel.name, step.data)
        except MalformedBody as error:
            self._answers.refuse(step.id, Refusal(codes.BAD_REQUEST.code, f"data: {error}"))
            return
        entry = replies.stored(entry, step.channel, self._subscriptions.info)
        await self._shared.writer.append([entry])
        self._answers.reply(step.id, "publish", {})

    async def history(self, step: ReadHistory) -> None:
        """Answer a part of a channel's history."""
        result = await history_of(self._shared.stream, step.channel, step.request, self._shared.settings.history_page)
        if isinstance(result, Refusal):
            self._answers.refuse(step.id, result)
        else:
            self._answers.reply(step.id, "history", result)

    async def call(self, step: Call) -> None:
        """Call a procedure and answer its result."""
        if step.method not in self._shared.procedures:
            self._answers.refuse(step.id, codes.METHOD_NOT_FOUND)
            return
        try:
            result = await self._shared.procedures.call(step.method, step.data, self._session.permits)
            self._answers.reply(step.id, "rpc", {"data": Json(orjson.dumps(result))})
        except WindsockError as error:
            self._answers.refuse(step.id, codes.refusal_of(error))
