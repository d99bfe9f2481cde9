"""By which way each subscription of one connection gets its publications: straight, or conflated as it asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from gateway import conflation
from gateway.clients.centrifuge import replies
from gateway.clients.centrifuge.replies import Encoding, Published
from gateway.clients.centrifuge.steps import Subscribe
from gateway.conflating import Conflating
from gateway.conflation import Conflation, Kept, Key
from gateway.sender import Out, Sender
from services.batch import Batch


class Ways:
    """Those of one connection. `most_bytes` may wait in each."""

    def __init__(self, sender: Sender, encoding: Encoding, most_bytes: int) -> None:
        self._sender = sender
        self._encoding = encoding
        self._most_bytes = most_bytes
        self._conflating: dict[str, Conflating] = {}

    def open(self, step: Subscribe) -> Out:
        """Where the publications of a subscription go from now on, until it is closed."""
        wishes, topic = step.wishes, step.channel.name
        if wishes is None or wishes.delivery == "every":
            return self._sender
        conflating = self._conflating[topic] = Conflating(
            topic,
            self._sender,
            lambda kept: self._encoding.published(topic, _shown(step, kept)),
            _keys(step),
            wishes.interval_s,
            self._most_bytes,
            asyncio.get_running_loop().call_later,
        )
        return conflating

    def recovered(self, step: Subscribe, missed: list[Batch]) -> list[Published]:
        """What the result lists of the publications that were missed, counted in the books."""
        self._sender.counters.matched += sum(len(batch.payloads) for batch in missed)
        if step.channel.name not in self._conflating:
            return replies.publications(missed, wrapped=not step.channel.built_in)
        newest, keys = Conflation(step.channel.name), _keys(step)
        for batch in missed:
            self._sender.counters.conflated += newest.offer(batch, keys(batch))
        return _shown(step, newest.take())

    def hold(self, topic: str) -> None:
        """More of what was missed follows: it is conflated until `release`."""
        if (conflating := self._conflating.get(topic)) is not None:
            conflating.hold()

    def release(self, topic: str) -> None:
        """What follows is live."""
        if (conflating := self._conflating.get(topic)) is not None:
            conflating.release()

    def close(self, topic: str) -> None:
        """Send nothing more of a topic."""
        if (conflating := self._conflating.pop(topic, None)) is not None:
            conflating.end()


def _keys(step: Subscribe) -> Callable[[Batch], list[Key]]:
    return conflation.keys if step.channel.built_in else conflation.keys_in_envelopes


def _shown(step: Subscribe, kept: Sequence[Kept]) -> list[Published]:
    return [replies.kept(one, wrapped=not step.channel.built_in, positioned=step.positioned) for one in kept]
