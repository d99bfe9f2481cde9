from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.hub import Delivery, Hub, frame
from services.batch import Batch, Position
from services.stream import Page

TOPIC = "device:a"


class Recorder:
    def __init__(self) -> None:
        self.payloads: list[bytes] = []
        self.losses: list[Position] = []
        self.notices: list[bytes] = []
        self.passed: list[bytes] = []

    def deliver(self, delivery: Delivery) -> None:
        self.payloads += delivery.batch.payloads

    def lost(self, topic: str, position: Position) -> None:
        self.losses.append(position)

    def notice(self, topic: str, text: bytes) -> None:
        self.notices.append(text)

    def passing(self, delivery: Delivery) -> None:
        self.passed += delivery.batch.payloads


def batch(first: int, last: int, epoch: str = "E") -> Batch:
    return Batch(epoch, 0, first, [b"%d" % offset for offset in range(first, last + 1)])


def numbers(first: int, last: int) -> list[bytes]:
    return [b"%d" % offset for offset in range(first, last + 1)]


def live(at: int = 0, buffer_bytes: int = 10_000) -> tuple[Hub, Recorder]:
    hub, recorder = Hub(buffer_bytes), Recorder()
    assert hub.join(TOPIC, recorder)
    assert not hub.located(TOPIC, Position("E" if at else "", at))
    return hub, recorder


def test_what_follows_is_delivered() -> None:
    hub, recorder = live(at=3)
    assert not hub.receive(TOPIC, batch(4, 5))
    assert not hub.receive(TOPIC, batch(6, 6))
    assert recorder.payloads == numbers(4, 6)
    assert hub.position(TOPIC) == Position("E", 6)


def test_a_subscriber_that_fails_is_told_of_a_loss_and_keeps_nothing_from_the_others() -> None:
    class Broken(Recorder):
        def deliver(self, delivery: Delivery) -> None:
            raise RecursionError("too deep")

        def notice(self, topic: str, text: bytes) -> None:
            raise ValueError("no notice")

    faults: list[Exception] = []
    hub, broken, recorder = Hub(10_000, faults.append), Broken(), Recorder()
    hub.join(TOPIC, broken)
    hub.join(TOPIC, recorder)
    hub.located(TOPIC, Position("", 0))
    assert not hub.receive(TOPIC, batch(1, 2))
    assert recorder.payloads == numbers(1, 2)
    assert (len(faults), broken.losses, recorder.losses) == (1, [Position("E", 2)], [])
    hub.notice(TOPIC, b"x")
    assert (len(faults), recorder.notices) == (2, [b"x"])


def test_of_a_topic_without_publications_nothing_is_lost_when_it_gets_another_epoch() -> None:
    hub, recorder = Hub(10_000), Recorder()
    hub.join(TOPIC, recorder)
    hub.located(TOPIC, Position("E", 0))
    assert hub.receive(TOPIC, batch(1, 2, "F"))
    assert hub.filled(TOPIC, Page(Position("F", 2), [batch(1, 2, "F")], more=False))
    assert not hub.filled(TOPIC, Page(Position("F", 2), [batch(1, 2, "F")], more=False))
    assert (recorder.payloads, recorder.losses) == (numbers(1, 2), [])


def test_what_was_delivered_is_not_repeated() -> None:
    hub, recorder = live(at=3)
    hub.receive(TOPIC, batch(4, 6))
    assert not hub.receive(TOPIC, batch(5, 6))
    assert not hub.receive(TOPIC, batch(6, 8))
    assert recorder.payloads == numbers(4, 8)


def test_a_gap_holds_everything_until_the_missing_part_was_read() -> None:
    hub, recorder = live(at=3)
    assert hub.receive(TOPIC, batch(6, 7))
    assert not hub.settled(TOPIC)
    hub.receive(TOPIC, batch(8, 8))
    assert recorder.payloads == []
    assert not hub.filled(TOPIC, Page(Position("E", 7), [batch(4, 7)], more=False))
    assert recorder.payloads == numbers(4, 8)
    assert hub.settled(TOPIC)
    assert recorder.losses == []


def test_a_position_read_late_neither_repeats_nor_loses_what_arrived_meanwhile() -> None:
    hub, recorder = live(at=3)
    hub.receive(TOPIC, batch(4, 5))
    assert hub.located(TOPIC, Position("E", 4))
    hub.receive(TOPIC, batch(6, 6))
    assert not hub.filled(TOPIC, Page(Position("E", 5), [], more=False))
    hub.receive(TOPIC, batch(7, 7))
    assert recorder.payloads == numbers(4, 7)
    assert recorder.losses == []


def test_a_long_gap_is_read_page_by_page() -> None:
    hub, recorder = live(at=3)
    hub.receive(TOPIC, batch(9, 9))
    assert hub.filled(TOPIC, Page(Position("E", 9), [batch(4, 6)], more=True))
    assert not hub.filled(TOPIC, Page(Position("E", 9), [batch(7, 9)], more=False))
    assert recorder.payloads == numbers(4, 9)


def test_a_trimmed_gap_is_told_before_what_follows() -> None:
    hub, recorder = live(at=3)
    hub.receive(TOPIC, batch(9, 9))
    assert not hub.filled(TOPIC, Page(Position("E", 9), [batch(7, 9)], more=False))
    assert recorder.losses == [Position("E", 6)]
    assert recorder.payloads == numbers(7, 9)


def test_another_epoch_is_told_and_read_from_its_beginning() -> None:
    hub, recorder = live(at=3)
    assert hub.receive(TOPIC, batch(1, 1, "F"))
    assert hub.filled(TOPIC, Page(Position("F", 1), [], more=False))
    assert hub.located(TOPIC, Position("F", 1))
    assert not hub.filled(TOPIC, Page(Position("F", 1), [batch(1, 1, "F")], more=False))
    assert recorder.losses == [Position("F", 0)]
    assert recorder.payloads == numbers(1, 1)


def test_of_another_epoch_it_is_told_where_what_is_kept_begins() -> None:
    hub, recorder = live(at=3)
    hub.receive(TOPIC, batch(9, 9, "F"))
    assert hub.filled(TOPIC, Page(Position("F", 9), [], more=False))
    assert not hub.filled(TOPIC, Page(Position("F", 9), [batch(7, 9, "F")], more=False))
    assert recorder.losses == [Position("F", 6)]
    assert recorder.payloads == numbers(7, 9)


def test_a_topic_that_fell_back_is_told() -> None:
    hub, recorder = live(at=5)
    hub.unsettle()
    assert hub.located(TOPIC, Position("E", 3))
    assert not hub.filled(TOPIC, Page(Position("E", 3), [], more=False))
    assert recorder.losses == [Position("E", 3)]


def test_the_first_publication_ever_gives_the_epoch() -> None:
    hub, recorder = live()
    assert not hub.receive(TOPIC, batch(1, 2))
    assert recorder.payloads == numbers(1, 2)
    assert recorder.losses == []


def test_an_epoch_that_a_topic_was_given_before_its_first_publication_is_known_to_who_comes_next() -> None:
    hub, recorder = live(at=0)
    hub.begun(TOPIC, Position("E", 0))
    assert hub.position(TOPIC) == Position("E", 0)
    assert not hub.receive(TOPIC, batch(1, 2))
    hub.begun(TOPIC, Position("E", 0))  # an answer that came late
    assert hub.position(TOPIC) == Position("E", 2)
    assert (recorder.payloads, recorder.losses) == (numbers(1, 2), [])


def test_another_epoch_than_the_one_given_before_the_first_publication_is_read_and_nothing_is_lost() -> None:
    hub, recorder = live(at=0)
    hub.begun(TOPIC, Position("E", 0))
    assert hub.receive(TOPIC, batch(1, 1, "F"))
    assert hub.filled(TOPIC, Page(Position("F", 1), [], more=False))
    assert not hub.filled(TOPIC, Page(Position("F", 1), [batch(1, 1, "F")], more=False))
    assert (recorder.payloads, recorder.losses) == (numbers(1, 1), [])


def test_after_a_broken_connection_nothing_is_delivered_before_the_position_is_known() -> None:
    hub, recorder = live(at=3)
    hub.unsettle()
    assert not hub.receive(TOPIC, batch(6, 6))
    assert recorder.payloads == []
    assert hub.located(TOPIC, Position("E", 6))
    assert not hub.filled(TOPIC, Page(Position("E", 6), [batch(4, 6)], more=False))
    assert recorder.payloads == numbers(4, 6)


def test_what_does_not_fit_the_buffer_is_read_again() -> None:
    hub, recorder = live(at=3, buffer_bytes=4)
    hub.receive(TOPIC, batch(6, 20))
    assert hub.overflows == 1
    assert hub.filled(TOPIC, Page(Position("E", 20), [batch(4, 20)], more=False))
    assert not hub.filled(TOPIC, Page(Position("E", 20), [], more=False))
    assert recorder.payloads == numbers(4, 20)


def settle(hub: Hub, top: Position, kept: Batch) -> int:
    """Read the topic until it is settled, as the broker does; returns how often."""
    for reads in range(1, 10):
        after = hub.position(TOPIC).offset
        page = Page(top, [kept.after(after)] if kept.last > after else [], more=False)
        if not hub.filled(TOPIC, page):
            return reads
    raise AssertionError("the topic does not settle")


def test_what_was_held_of_an_epoch_that_is_gone_does_not_keep_the_topic_unsettled() -> None:
    hub, recorder = live(at=3)
    hub.receive(TOPIC, batch(6, 6))
    settle(hub, Position("F", 2), batch(1, 2, "F"))
    assert hub.settled(TOPIC)
    assert recorder.payloads == numbers(1, 2)
    assert not hub.receive(TOPIC, batch(3, 3, "F"))


def test_what_was_held_above_a_top_that_fell_back_does_not_keep_the_topic_unsettled() -> None:
    hub, recorder = live(at=3)
    hub.receive(TOPIC, batch(6, 6))
    settle(hub, Position("E", 4), batch(4, 4))
    assert not hub.receive(TOPIC, batch(5, 6))
    assert recorder.payloads == numbers(4, 6)


def test_a_new_epoch_that_arrives_while_the_old_is_read_is_not_lost() -> None:
    hub, recorder = live(at=3)
    hub.receive(TOPIC, batch(6, 6))
    hub.receive(TOPIC, batch(1, 1, "F"))
    assert hub.filled(TOPIC, Page(Position("E", 6), [batch(4, 6)], more=False))
    settle(hub, Position("F", 1), batch(1, 1, "F"))
    assert recorder.payloads == [*numbers(4, 6), *numbers(1, 1)]


def test_the_last_to_leave_ends_the_topic() -> None:
    hub, first = live(at=1)
    second = Recorder()
    assert not hub.join(TOPIC, second)
    assert not hub.leave(TOPIC, first)
    assert hub.leave(TOPIC, second)
    assert TOPIC not in hub
    assert not hub.leave(TOPIC, second)


@given(st.lists(st.tuples(st.integers(1, 3), st.sampled_from(["arrives", "lost", "twice", "broken"])), max_size=40))
def test_whatever_pub_sub_loses_or_repeats_each_publication_is_delivered_once_and_in_order(
    events: list[tuple[int, str]],
) -> None:
    hub, recorder = live()
    top = 0

    def fill() -> None:
        while True:
            after = hub.position(TOPIC).offset
            page = Page(Position("E" if top else "", top), [batch(after + 1, top)] if after < top else [], more=False)
            if not hub.filled(TOPIC, page):
                return

    for count, event in events:
        announced = batch(top + 1, top + count)
        top += count
        if event == "broken":
            hub.unsettle()
            if hub.located(TOPIC, Position("E", top)):
                fill()
        elif event != "lost":
            for _ in range(2 if event == "twice" else 1):
                if hub.receive(TOPIC, announced):
                    fill()
    hub.unsettle()
    if hub.located(TOPIC, Position("E" if top else "", top)):
        fill()
    assert recorder.payloads == numbers(1, top)
    assert recorder.losses == []


def test_frames_carry_their_length_as_rfc_6455_says() -> None:
    assert frame(b"x" * 125)[:2] == b"\x81\x7d"
    assert frame(b"x" * 126)[:4] == b"\x81\x7e\x00\x7e"
    assert frame(b"x" * 65_536)[:10] == b"\x81\x7f" + (65_536).to_bytes(8, "big")


class Settling:
    """The broker's steps for one topic, each with an answer that is as old as its question."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._answer: Position | Page | None = None
        self.wanted = False
        self.top = 0

    def step(self) -> bool:
        """Take the answer that is there, or ask what is wanted; False if there is nothing to do."""
        answer, self._answer = self._answer, None
        if isinstance(answer, Position):
            if self._hub.located(TOPIC, answer):
                after = self._hub.position(TOPIC).offset
                found = [batch(after + 1, self.top)] if after < self.top else []
                self._answer = Page(self._position(), found, more=False)
        elif answer is not None:
            self.wanted |= self._hub.filled(TOPIC, answer)
        elif self.wanted:
            self.wanted = False
            self._answer = self._position()
        else:
            return False
        return True

    def _position(self) -> Position:
        return Position("E" if self.top else "", self.top)


@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.sampled_from(["arrives", "lost", "twice", "broken", "asked", "step"])),
        max_size=40,
    )
)
def test_answers_that_come_late_neither_repeat_nor_lose_anything(events: list[tuple[int, str]]) -> None:
    hub, recorder = live()
    settling = Settling(hub)
    for count, event in events:
        if event == "step":
            settling.step()
        elif event in ("asked", "broken"):
            if event == "broken":
                hub.unsettle()
            settling.wanted = True
        else:
            announced = batch(settling.top + 1, settling.top + count)
            settling.top += count
            for _ in range({"arrives": 1, "twice": 2, "lost": 0}[event]):
                settling.wanted |= hub.receive(TOPIC, announced)
    settling.wanted = True
    while settling.step():
        pass
    assert hub.settled(TOPIC)
    assert recorder.losses == []
    assert recorder.payloads == numbers(1, settling.top)


def test_frames_are_made_once_for_each_kind_of_client() -> None:
    delivery = Delivery(TOPIC, batch(1, 2))

    def render(_topic: str, one: Batch) -> list[bytes]:
        return one.payloads

    text, binary = delivery.frames(render, binary=False), delivery.frames(render, binary=True)
    assert (text, binary) == (b"\x81\x011\x81\x012", b"\x82\x011\x82\x012")
    assert delivery.frames(render, binary=False) is text


def test_what_is_not_kept_passes_without_a_place() -> None:
    hub, recorder = live(at=3)
    hub.passing(TOPIC, b"now")
    hub.passing("device:b", b"nobody listens")
    hub.receive(TOPIC, batch(4, 4))
    assert (recorder.passed, recorder.payloads) == ([b"now"], numbers(4, 4))


def test_subscribers_are_counted() -> None:
    hub, _ = live()
    hub.join(TOPIC, Recorder())
    hub.join("device:b", Recorder())
    assert dict(hub.subscribers()) == {TOPIC: 2, "device:b": 1}
