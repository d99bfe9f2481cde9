"""What a connection asks that is no subscription: to publish, presence, history, procedures."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import orjson
from msgspec import Raw

from gateway.clients.centrifuge import codes, replies
from gateway.clients.centrifuge.answers import Answers
from gateway.clients.centrifuge.codes import Refusal
from gateway.clients.centrifuge.replies import Json
from gateway.clients.centrifuge.session import Session
from gateway.clients.centrifuge.shared import Shared
from gateway.clients.centrifuge.steps import Call, Publish, ReadHistory, ShowPresence
from gateway.clients.centrifuge.subscriptions import Subscriptions
from gateway.retention import kept_at_least
from services.batch import fitting, fitting_newest
from services.commit import free_form_entry
from services.errors import BadRequest, DeviceFailed, Forbidden, MalformedBody, NoAnswer, NotFound, Overloaded
from services.stream import END, Bound


class Requests:
    """Carries them out. Each method answers by itself, and raises Unavailable where Redis fails."""

    def __init__(self, shared: Shared, session: Session, subscriptions: Subscriptions, answers: Answers) -> None:
        self._shared = shared
        self._session = session
        self._subscriptions = subscriptions
        self._answers = answers

    async def show_presence(self, step: ShowPresence) -> None:
        """Answer who is in a channel, or only how many."""
        found = await self._shared.presence.all(step.channel.name)
        infos = {client: replies.read_info(text) for client, text in found.items()}
        if step.stats:
            users = {info.user for info in infos.values()}
            self._answers.reply(step.id, "presence_stats", {"num_clients": len(infos), "num_users": len(users)})
        else:
            self._answers.reply(step.id, "presence", {"presence": infos})

    async def publish(self, step: Publish) -> None:
        """Append, and answer once it is stored."""
        try:
            entry = free_form_entry(step.channel.name, step.data)
        except MalformedBody as error:
            self._answers.refuse(step.id, Refusal(codes.BAD_REQUEST.code, f"data: {error}"))
            return
        if not step.channel.built_in:
            envelope = msgspec.json.encode(replies.Envelope(Raw(entry.payload), self._subscriptions.info))
            entry = replace(entry, payload=envelope, retention=kept_at_least(step.channel.options))
        await self._shared.writer.append([entry])
        self._answers.reply(step.id, "publish", {})

    async def history(self, step: ReadHistory) -> None:
        """Answer a part of a channel's history."""
        asked, most = step.request, self._shared.settings.history_page
        since = asked.since
        if asked.limit < -1 or (asked.reverse and since is not None and not since.offset):
            self._answers.refuse(step.id, codes.BAD_REQUEST)
            return
        limit = most if asked.limit == -1 else min(asked.limit, most)
        bound: Bound = END if since is None else ("offset", since.offset)
        page = await self._subscriptions.read(step.channel, "down" if asked.reverse else "up", bound, limit)
        if since is not None and since.epoch and since.epoch != page.top.epoch:
            self._answers.refuse(step.id, codes.UNRECOVERABLE_POSITION)
            return
        fit = fitting_newest if asked.reverse else fitting
        found = replies.publications(fit(page.batches, replies.REPLY_BYTES), wrapped=not step.channel.built_in)
        if asked.reverse:
            found.reverse()
        position = {"epoch": page.top.epoch, "offset": page.top.offset}
        self._answers.reply(step.id, "history", {"publications": found} | position)

    async def call(self, step: Call) -> None:
        """Call a procedure and answer its result."""
        if step.method not in self._shared.procedures:
            self._answers.refuse(step.id, codes.METHOD_NOT_FOUND)
            return
        try:
            result = await self._shared.procedures.call(step.method, step.data, self._session.permits)
            self._answers.reply(step.id, "rpc", {"data": Json(orjson.dumps(result))})
        except BadRequest as error:
            self._answers.refuse(step.id, Refusal(codes.BAD_REQUEST.code, str(error)))
        except Forbidden:
            self._answers.refuse(step.id, codes.PERMISSION_DENIED)
        except Overloaded as error:
            self._answers.refuse(step.id, Refusal(codes.TOO_MANY.code, str(error), temporary=True))
        except (NotFound, DeviceFailed, NoAnswer) as error:
            self._answers.refuse(step.id, Refusal(error.status, str(error)))
