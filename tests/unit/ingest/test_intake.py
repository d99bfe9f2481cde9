"""Where requests are decoded: what takes long must not keep the others waiting."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from prometheus_client import CollectorRegistry

from ingest.formats.format import Format
from ingest.formats.json_readings import JSON
from ingest.intake import QUICK_BYTES, Intake
from ingest.senders import Sender
from services.commit import Appended
from services.errors import InvalidReadings
from services.lane import Answer, Post, Work
from services.reading import Decoded, Limits, Reading, SlowError
from services.settings import IngestSettings
from tests.stand_ins.lanes import Shelf


class Anybody:
    """Senders of whom everything is taken."""

    def known(self, credentials: str | None, address: str) -> Sender:
        return Sender(address)

    def admits(self, sender: Sender, readings: Sequence[Reading | None]) -> bool:
        return True


class Somewhere:
    """A format that tells in which thread it decoded, in the way it was asked for last."""

    def __init__(self) -> None:
        self.thread = 0
        self.looked_again = False

    def decode(self, post: Post, limits: Limits, now_ms: int) -> Decoded:
        if post.body.startswith(b"slow") and not limits.looks_again:
            raise SlowError
        self.thread, self.looked_again = threading.get_ident(), limits.looks_again
        return Decoded([Reading("d", {"n": 1}, now_ms)])


def intake() -> Intake:
    senders: Any = Anybody()
    return Intake(Shelf(), IngestSettings(), senders, group_topics=True, registry=CollectorRegistry())


def reply(decoded: Decoded, appended: Sequence[Appended]) -> Answer:
    return Answer(202, str(len(decoded.readings)).encode())


@pytest.mark.parametrize(
    ("body", "typed", "aside"),
    [
        (b"x" * QUICK_BYTES, False, False),
        (b"x" * (QUICK_BYTES + 1), False, True),
        (b"x" * (QUICK_BYTES + 1), True, False),
        (b"slow".ljust(QUICK_BYTES), True, False),
        (b"slow".ljust(QUICK_BYTES + 1), True, True),
    ],
)
async def test_what_takes_long_is_decoded_in_another_thread(body: bytes, typed: bool, aside: bool) -> None:
    somewhere = Somewhere()
    form = Format("test", somewhere.decode, typed)
    work = intake().take(Post(b"", {}, body), None, form, reply)
    assert isinstance(work, Work) is not aside
    done = work if isinstance(work, Work) else await work
    assert done.answer([Appended("E.1")]).body == b"1"
    assert (somewhere.thread != threading.get_ident()) is aside
    await intake().decoded(Post(b"", {}, body), form)
    assert (somewhere.thread != threading.get_ident()) is aside


async def test_a_large_body_of_wrong_readings_is_told_as_a_small_one_is() -> None:
    sent = [{"device": "d", "values": {"n": None}}] * 1_000
    work = intake().take(Post(b"", {}, orjson.dumps(sent)), None, JSON, reply)
    assert not isinstance(work, Work)
    with pytest.raises(InvalidReadings) as refused:
        await work
    assert (refused.value.faults[0].field, refused.value.omitted) == ("values.n", 980)
