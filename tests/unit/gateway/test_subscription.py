from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.hub import Delivery, Render
from gateway.sender import Counters
from gateway.subscription import Subscription
from services.batch import Batch, Position
from services.stream import Bound, Direction, Page

TOPIC = "device:a"


class Recorder:
    """A sender that keeps what it is given."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.counters = Counters()
        self.open = True

    def deliver(self, delivery: Delivery, render: Render) -> None:
        self.messages += delivery.messages(render)

    async def room(self) -> bool:
        return self.open


class Topic:
    """A topic of one epoch: publications 1, 2, 3 … with `oldest` the first that is kept."""

    def __init__(self, top: int, *, oldest: int = 1, epoch: str = "E", hold_bytes: int = 1_000) -> None:
        self.top, self.oldest, self.epoch = top, oldest, epoch
        self.recorder = Recorder()
        self.subscription = Subscription(TOPIC, self.recorder, lambda _, batch: batch.payloads, self.lost, hold_bytes)
        self.while_read: list[int] = []

    def lost(self, position: Position) -> None:
        self.recorder.messages.append(f"lost {position}".encode())

    def batch(self, first: int, last: int) -> Batch:
        return Batch(self.epoch, 0, first, [b"%d" % offset for offset in range(first, last + 1)])

    def publish(self, count: int) -> None:
        if count:
            self.subscription.deliver(Delivery(TOPIC, self.batch(self.top + 1, self.top + count)))
            self.top += count

    async def read(self, topic: str, direction: Direction, bound: Bound, limit: int) -> Page:
        """A page as the stream gives it; more is published before and after the moment of the read."""
        self.publish(self.while_read.pop() if self.while_read else 0)
        first = max(bound[1] + 1, self.oldest)
        last = min(self.top, first + limit - 1)
        batches = [self.batch(first, last)] if first <= last else []
        page = Page(Position(self.epoch, self.top), batches, more=last < self.top)
        self.publish(self.while_read.pop() if self.while_read else 0)
        return page


def numbers(first: int, last: int) -> list[bytes]:
    return [b"%d" % offset for offset in range(first, last + 1)]


async def test_what_comes_while_the_client_is_got_ready_follows_its_release() -> None:
    topic = Topic(3)
    topic.publish(2)
    assert topic.recorder.messages == []
    topic.subscription.release()
    topic.publish(1)
    assert topic.recorder.messages == numbers(4, 6)


async def test_what_the_client_has_already_is_not_repeated() -> None:
    topic = Topic(0)
    topic.publish(5)
    topic.subscription.release(Position("E", 3))
    assert topic.recorder.messages == numbers(4, 5)


@given(
    since=st.integers(0, 12),
    while_read=st.lists(st.integers(0, 6), max_size=8),
    page_size=st.integers(1, 5),
    hold_bytes=st.sampled_from([1, 4, 1_000]),
)
async def test_a_resumed_client_gets_everything_once_and_in_order(
    since: int, while_read: list[int], page_size: int, hold_bytes: int
) -> None:
    topic = Topic(12, hold_bytes=hold_bytes)
    topic.while_read = while_read
    await topic.subscription.resume(Position("E", since), topic.read, page_size)
    topic.publish(2)
    assert topic.recorder.messages == numbers(since + 1, topic.top)


async def test_a_trimmed_history_is_told_before_what_is_left() -> None:
    topic = Topic(9, oldest=7)
    await topic.subscription.resume(Position("E", 3), topic.read, 2)
    assert topic.recorder.messages == [b"lost E.6", *numbers(7, 9)]


async def test_a_history_that_is_gone_is_told() -> None:
    topic = Topic(9, oldest=10)
    await topic.subscription.resume(Position("E", 3), topic.read, 10)
    topic.publish(1)
    assert topic.recorder.messages == [b"lost E.9", b"10"]


async def test_a_position_of_another_epoch_is_told() -> None:
    topic = Topic(4, epoch="F")
    await topic.subscription.resume(Position("E", 2), topic.read, 10)
    topic.publish(1)
    assert topic.recorder.messages == [b"lost F.4", b"5"]


async def test_a_position_ahead_of_the_topic_is_told() -> None:
    topic = Topic(4)
    await topic.subscription.resume(Position("E", 7), topic.read, 10)
    topic.publish(1)
    assert topic.recorder.messages == [b"lost E.4", b"5"]


async def test_a_new_epoch_that_history_has_shown_is_not_told_and_sent_again_by_the_hub() -> None:
    topic = Topic(4, epoch="F")
    await topic.subscription.resume(Position("E", 2), topic.read, 10)
    topic.subscription.lost(TOPIC, Position("F", 0))
    topic.subscription.deliver(Delivery(TOPIC, topic.batch(1, 5)))
    assert topic.recorder.messages == [b"lost F.4", b"5"]


async def test_a_loss_while_live_is_told() -> None:
    topic = Topic(4)
    topic.subscription.release(Position("E", 4))
    topic.subscription.lost(TOPIC, Position("E", 9))
    assert topic.recorder.messages == [b"lost E.9"]


async def test_a_topic_that_never_had_a_publication_begins_with_its_first() -> None:
    topic = Topic(0, epoch="")
    await topic.subscription.resume(Position("", 0), topic.read, 10)
    topic.epoch = "E"
    topic.publish(2)
    assert topic.recorder.messages == numbers(1, 2)


async def test_what_the_hub_brings_late_of_an_epoch_that_history_has_passed_is_left_out() -> None:
    topic = Topic(4, epoch="F")
    await topic.subscription.resume(Position("E", 2), topic.read, 10)
    topic.subscription.deliver(Delivery(TOPIC, Batch("E", 0, 3, [b"late"])))
    topic.publish(1)
    assert topic.recorder.messages == [b"lost F.4", b"5"]


async def test_an_epoch_that_begins_after_history_was_read_is_told_and_followed() -> None:
    topic = Topic(2, epoch="E")
    await topic.subscription.resume(Position("E", 2), topic.read, 10)
    for first in (1, 2):
        topic.subscription.deliver(Delivery(TOPIC, Batch("F", 0, first, [b"F%d" % first])))
    assert topic.recorder.messages == [b"lost F.0", b"F1", b"F2"]


async def test_no_more_is_read_for_a_client_that_is_gone() -> None:
    topic = Topic(100)
    topic.recorder.open = False
    await topic.subscription.resume(Position("E", 0), topic.read, 10)
    topic.publish(1)
    assert topic.recorder.messages == numbers(1, 10)


async def test_what_was_dropped_before_going_live_is_read() -> None:
    topic = Topic(3, hold_bytes=1)
    topic.publish(4)
    await topic.subscription.go_live(Position("E", 3), topic.read, 10)
    topic.publish(1)
    assert topic.recorder.messages == numbers(4, 8)


def test_the_books_count_what_was_wanted_and_what_was_not() -> None:
    recorder = Recorder()
    subscription = Subscription(
        TOPIC,
        recorder,
        lambda _, batch: batch.payloads,
        lambda _: None,
        1_000,
        wanted=lambda delivery: [delivery.batch.before(delivery.batch.first + 1)],
    )
    subscription.release()
    subscription.deliver(Delivery(TOPIC, Batch("E", 0, 1, [b"1", b"2", b"3"])))
    assert (recorder.counters.matched, recorder.counters.filtered) == (1, 2)


def test_what_is_not_kept_reaches_who_is_live_and_wants_it() -> None:
    def subscribed(render: Render | None) -> tuple[Recorder, Subscription]:
        recorder = Recorder()
        lost = recorder.messages.clear
        return recorder, Subscription(TOPIC, recorder, lambda *_: [], lambda _: lost(), 100, render_passing=render)

    passing = Delivery(TOPIC, Batch("", 0, 0, [b"now"]))
    for render, told in ((lambda _, batch: batch.payloads, [b"now"]), (None, [])):
        recorder, subscription = subscribed(render)
        subscription.passing(passing)
        assert recorder.messages == []
        subscription.release()
        subscription.passing(passing)
        assert recorder.messages == told
        subscription.end()
        subscription.passing(passing)
        assert (recorder.messages, recorder.counters.matched) == (told, len(told))


def test_who_is_ended_by_a_loss_gets_nothing_that_was_held() -> None:
    topic = Topic(0)

    def ends(position: Position) -> None:
        topic.lost(position)
        topic.subscription.end()

    topic.subscription = Subscription(TOPIC, topic.recorder, lambda _, batch: batch.payloads, ends, 1_000)
    for offset in (1, 2):
        topic.subscription.deliver(Delivery(TOPIC, Batch("F", 0, offset, [b"%d" % offset])))
    topic.subscription.release(Position("E", 5))
    topic.subscription.deliver(Delivery(TOPIC, Batch("F", 0, 3, [b"3"])))
    assert topic.recorder.messages == [b"lost F.0"]


def test_who_goes_live_is_told_what_stands_beside_the_publications_after_them() -> None:
    asked: list[Position] = []

    def standing(topic: str, has: Position) -> Delivery:
        asked.append(has)
        return Delivery(topic, Batch("", 0, 0, [b"stale"]))

    def shown(_: str, batch: Batch) -> list[bytes]:
        return batch.payloads

    recorder = Recorder()
    subscription = Subscription(TOPIC, recorder, shown, lambda _: None, 100, None, None, shown, standing)
    subscription.deliver(Delivery(TOPIC, Batch("E", 0, 4, [b"4"])))
    subscription.passing(Delivery(TOPIC, Batch("", 0, 0, [b"too early"])))
    subscription.release(Position("E", 3))
    subscription.deliver(Delivery(TOPIC, Batch("E", 0, 5, [b"5"])))
    assert recorder.messages == [b"4", b"stale", b"5"]
    assert asked == [Position("E", 3)]
