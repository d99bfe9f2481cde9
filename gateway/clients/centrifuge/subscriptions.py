"""The channels of one connection: joined with what was missed, left, and who is told of it.

Promise: a subscriber gets what came after its position once and in order: first in the reply, then, if there
is more than one reply takes, as pushes; live publications follow without a gap. Where that is not possible it
is told: `recovered` is missing, or the subscription ends with 2500, whereupon SDKs subscribe again. Derived channels
have no positions: the first push tells what they show, and further ones what they show from there on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import msgspec
import orjson
from msgspec import Raw

from gateway import history
from gateway.broker import Broker
from gateway.channels import Channel
from gateway.clients.centrifuge import codes, replies
from gateway.clients.centrifuge.expiry import Expiry
from gateway.clients.centrifuge.replies import ClientInfo, Encoding, Json, Published
from gateway.clients.centrifuge.session import Session
from gateway.clients.centrifuge.steps import Subscribe
from gateway.clients.centrifuge.ways import Ways
from gateway.clients.centrifuge.wishes import Wishes
from gateway.freshness_watch import FreshnessWatch
from gateway.hub import Delivery, Render
from gateway.presence import Presence
from gateway.reads import Reads
from gateway.sender import Sender
from gateway.snapshots import Asked, Snapshot, Snapshots
from gateway.sources import Sources
from gateway.subscription import Subscription
from services import closes, logs, topics
from services.batch import Batch, Position, fitting
from services.errors import Unavailable
from services.settings import GatewaySettings
from services.stream import END, Bound, Page, Stream
from services.tokens import Grant

NOWHERE = Position("", 0)
MADE = ("recoverable", "epoch", "offset", "positioned")
"""What a push tells of a subscription that the server made."""

log = logs.get("centrifuge")


@dataclass(frozen=True, slots=True)
class Opened:
    """A subscription that is made and does not push yet: what it answers, and from where it goes on."""

    channel: Channel
    subscription: Subscription
    info: ClientInfo
    result: dict[str, object]
    recovered: list[Published]
    at: Position
    more: bool


class Subscriptions:
    """All of one connection."""

    def __init__(
        self,
        broker: Broker,
        stream: Stream,
        reads: Reads,
        sources: Sources,
        snapshots: Snapshots,
        presence: Presence,
        settings: GatewaySettings,
        session: Session,
        sender: Sender,
        encoding: Encoding,
        expiry: Expiry,
        watch: FreshnessWatch,
        ended: Callable[[], object],
    ) -> None:
        """`ended` is called when the server has ended a subscription: `tell_absence` is due."""
        self._ended = ended
        self._broker = broker
        self._stream = stream
        self._reads = reads
        self._sources = sources
        self._snapshots = snapshots
        self._presence = presence
        self._settings = settings
        self._session = session
        self._sender = sender
        self._encoding = encoding
        self._expiry = expiry
        self._watch = watch
        self.info = ClientInfo("", "")
        """Who the client is to others."""
        self._all: dict[str, Subscription] = {}
        self.grants: dict[str, Grant] = {}
        """What tokens of their own opened, by channel."""
        self._ways = Ways(sender, encoding, settings.outbox_bytes)
        self._present: dict[str, tuple[Channel, ClientInfo]] = {}
        self._absent: list[tuple[Channel, ClientInfo]] = []
        """Channels that it has left and whose others are yet to be told."""

    def __contains__(self, channel: str) -> bool:
        return channel in self._all

    async def open(self, step: Subscribe, most_bytes: int = replies.REPLY_BYTES) -> Opened | None:
        """Join the channel and read what was missed; None if that is gone and the client wants nothing else."""
        # It may come back to a channel that it has just left.
        await self.tell_absence()
        topic = step.channel.name
        subscription = Subscription(
            topic,
            self._ways.open(step),
            _render(step, self._encoding),
            (lambda _: self._insufficient(topic)) if step.positioned else lambda _: None,
            self._settings.outbox_bytes,
            step.filter.wanted if step.filter else None,
            partial(self._tell_presence, topic) if step.join_leave else None,
            self._encoding.pushes_passing if step.channel.built_in else self._encoding.pushes_unpositioned,
            self._watch.standing if topic.startswith(topics.WEATHER) else None,
        )
        info = self._info_in(step)
        try:
            await self._sources.join(topic, subscription)
            joined = self._broker.hub.position(topic)
            self._all[topic] = subscription
            await self._enter(step.channel, info)
            page = await self._since(step, joined)
            if step.positioned and not page.top.epoch:
                page = replace(page, top=await self._begun(topic))
            missed = _missed(step, page)
            if step.recover and step.reject_unrecovered and missed is None:
                self.drop(topic)
                return None
            snapshot = await self._snapshot(step, most_bytes) if missed is None else None
        except Unavailable:
            self.drop(topic)
            raise
        top = page.top if snapshot is None else snapshot.position
        # A snapshot may be older than the subscription; what came in between is read.
        at, more = top, snapshot is not None and (top.epoch != joined.epoch or top.offset < joined.offset)
        if missed is not None:
            found, missed = missed, fitting(missed, most_bytes)
            at = Position(page.top.epoch, missed[-1].last if missed else step.offset)
            more = page.more or missed != found
        recovered = self._wanted(step, missed) if missed is not None else None
        result: dict[str, object] = {}
        if step.positioned:
            result = replies.subscribed(
                top, recovered, since=step.offset, recovering=step.recover, recoverable=step.recoverable
            )
        if step.wishes is not None:
            result["data"] = _data(step.wishes, snapshot, page.top if missed is not None else None)
        if step.grant is not None:
            if topic not in self._session.server_side:
                self.grants[topic] = step.grant
            ended = partial(self.end, topic, codes.SUBSCRIPTION_EXPIRED)
            result |= self._expiry.set(topic, step.grant.expires_at, ended)
        return Opened(step.channel, subscription, info, result, recovered or [], at, more)

    async def _since(self, step: Subscribe, joined: Position) -> Page:
        """What came after the position that is to be recovered; nothing, if it is none or that of the hub.

        A topic that the hub knows no epoch of may have got one from another subscriber, unless it is derived.
        """
        if step.channel.derived:
            return Page(NOWHERE, [], more=False)
        if joined.epoch and (not step.recover or joined == Position(step.epoch, step.offset)):
            return Page(joined, [], more=False)
        bound: Bound = END
        limit = 0
        if step.recover:
            bound, limit = ("offset", step.offset), self._settings.recovery_publications
        if step.channel.built_in:
            return await self._reads.read(step.channel.name, "up", bound, limit)
        return await history.read(self._stream, step.channel, "up", bound, limit)

    async def _begun(self, topic: str) -> Position:
        """Where a topic is that nothing was published on yet.

        SDKs keep the epoch of the reply, and could not tell later that the topic is another one if it had none.
        """
        try:
            top = await self._stream.begin(topic)
        except Unavailable:
            return NOWHERE  # a Redis that takes no more still lets one subscribe
        self._broker.hub.begun(topic, top)
        return top

    async def _snapshot(self, step: Subscribe, most_bytes: int) -> Snapshot | None:
        """What the topic shows now, if that was asked for."""
        window = step.wishes.window if step.wishes is not None else None
        if window is None:
            return None
        wanted, text = (step.filter.wanted, step.filter.text) if step.filter else (None, b"")
        return await self._snapshots.take(
            Asked(step.channel.name, window.seconds, window.points, wanted, text, most_bytes)
        )

    def _wanted(self, step: Subscribe, missed: list[Batch]) -> list[Published]:
        """What of the publications that were missed passes the filter."""
        wanted = missed
        if step.filter:
            name, matching = step.channel.name, step.filter.wanted
            wanted = [batch for one in missed for batch in matching(Delivery(name, one))]
        self._sender.counters.filtered += _count(missed) - _count(wanted)
        return self._ways.recovered(step, wanted)

    def _info_in(self, step: Subscribe) -> ClientInfo:
        """Who it is to the others of a channel."""
        about = step.grant.info if step.grant is not None else b""
        return msgspec.structs.replace(self.info, chan_info=Raw(about)) if about else self.info

    async def _enter(self, channel: Channel, info: ClientInfo) -> None:
        """Be present, where that is asked for."""
        if channel.options.presence or channel.options.join_leave:
            self._present[channel.name] = (channel, info)
        if channel.options.presence:
            await self._presence.add(channel.name, info.client, replies.shown_info(info))

    def leave_all(self) -> None:
        """Forget all of them, for good."""
        self._ended = _nothing  # it refers to us
        for topic in list(self._all):
            self.leave(topic)

    @property
    def left(self) -> bool:
        """Whether there are channels that it has left and whose others are yet to be told."""
        return bool(self._absent)

    async def tell_absence(self) -> None:
        """Tell the others of the channels that were left."""
        while self._absent:
            channel, info = self._absent.pop()
            try:
                if channel.options.presence:
                    await self._presence.remove(channel.name, self.info.client)
                if channel.options.join_leave:
                    await self._broker.announce(channel.name, b"-" + replies.shown_info(info))
            except Unavailable as error:
                log.warning("cannot tell that a client left", error=str(error))

    def _tell_presence(self, topic: str, text: bytes) -> None:
        kind: Literal["join", "leave"] = "join" if text.startswith(b"+") else "leave"
        self._sender.send(self._encoding.presence(topic, kind, replies.read_info(text[1:])))

    def tell_made(self, opened: Opened, data: bytes) -> None:
        """Tell of a subscription that the server made, and push what of it was missed."""
        topic = opened.channel.name
        told = {name: opened.result[name] for name in MADE if name in opened.result}
        self._sender.send(self._encoding.subscribed(topic, told | ({"data": Json(data)} if data else {})))
        for published in opened.recovered:
            self._sender.send(self._encoding.publication(topic, published), 1)

    async def go_on(self, opened: Opened) -> None:
        """Push what one reply did not take, if there is more, then what is live; tell the others.

        Where the subscription has ended meanwhile, nothing more happens.
        """
        topic = opened.channel.name
        if opened.more:
            self._ways.hold(topic)
        try:
            await self._sources.begin(opened.subscription, opened.at, resuming=opened.more)
            self._ways.release(topic)
            if opened.channel.options.join_leave and self._all.get(topic) is opened.subscription:
                await self._broker.announce(topic, b"+" + replies.shown_info(opened.info))
        except Unavailable:
            if self._all.get(topic) is opened.subscription:
                self._insufficient(topic)

    def _insufficient(self, topic: str) -> None:
        """Publications of `topic` can no longer be had: the subscription ends, and the SDK begins another."""
        if topic in self._session.server_side:
            self._sender.close(closes.LOST_STATE.code, closes.LOST_STATE.reason)
        else:
            self.end(topic, codes.INSUFFICIENT_STATE)

    def end(self, topic: str, why: tuple[int, str]) -> None:
        """The server ends a subscription."""
        if topic in self._session.subscribed:
            self.drop(topic)
            self._sender.send(self._encoding.unsubscribed(topic, *why))
            if self.left:
                self._ended()

    def give_up(self, opened: Opened) -> None:
        """Forget a subscription that was made and that the client will not hear of."""
        self._sender.counters.refused += len(opened.recovered)
        self.drop(opened.channel.name)

    def drop(self, topic: str) -> None:
        """Forget a subscription that the client is not told of in this way."""
        self._session.lost(topic)
        self.leave(topic)

    def leave(self, topic: str) -> None:
        """Forget a subscription, if there is one."""
        self._expiry.forget(topic)
        self.grants.pop(topic, None)
        subscription = self._all.pop(topic, None)
        if subscription is not None:
            subscription.end()
            self._sources.leave(topic, subscription)
        self._ways.close(topic)
        present = self._present.pop(topic, None)
        if present is not None:
            self._absent.append(present)


def _nothing() -> None:
    """Nobody is told any more."""


def _render(step: Subscribe, encoding: Encoding) -> Render:
    if step.channel.built_in:
        return encoding.pushes
    return encoding.pushes_wrapped if step.positioned else encoding.pushes_unpositioned


def _data(wishes: Wishes, snapshot: Snapshot | None, recovered: Position | None) -> Json:
    """What the result tells of what was asked for; instead of a snapshot, up to where it is `recovered`."""
    told: dict[str, object] = dict(wishes.confirmed())
    if wishes.window is not None and recovered is not None:
        told["top"] = recovered.offset
    confirmed = orjson.dumps(told)
    return Json(confirmed if snapshot is None else b"%s,%s}" % (confirmed[:-1], snapshot.members))


def _count(batches: list[Batch]) -> int:
    return sum(len(batch.payloads) for batch in batches)


def _missed(step: Subscribe, page: Page) -> list[Batch] | None:
    """What came after the position that is to be recovered; None if that cannot be told."""
    if not step.recover or step.epoch not in ("", page.top.epoch):
        return None
    if page.batches:
        return page.batches if page.batches[0].first == step.offset + 1 else None
    return [] if page.top.offset == step.offset else None
