"""A lane for tests: it echoes the body, and stores when told to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence

from services.commit import Appended, Entry
from services.errors import BadRequest
from services.in_flight import InFlight
from services.lane import Answer, Lane, Post, Work
from services.once import Once
from services.writer import Settle


class Shelf:
    """A writer that stores at once, or, if `patient`, what was submitted when `store` is called."""

    def __init__(self, *, patient: bool = False) -> None:
        self.waiting: list[tuple[Sequence[Entry], Settle]] = []
        self.stored: list[bytes] = []
        self._patient = patient

    async def append(self, entries: Sequence[Entry], once: Once | None = None) -> list[Appended]:
        self.stored += [entry.payload for entry in entries]
        return [Appended("E.1") for _ in entries]

    def submit(self, entries: Sequence[Entry], settle: Settle, once: Once | None = None) -> None:
        self.waiting.append((entries, settle))
        if not self._patient:
            self.store()

    def store(self) -> None:
        entries, settle = self.waiting.pop(0)
        self.stored += [entry.payload for entry in entries]
        settle([Appended("E.1") for _ in entries])


def echo(shelf: Shelf, *, body_s: float = 30.0, most: int = 100) -> Lane:
    """`POST /echo` stores its body and answers with it; b"bad" it refuses, b"bug" is a bug; "later" before either.

    b"whence" it answers with where it came from.
    """

    async def asked(post: Post) -> Work:
        await asyncio.sleep(0)
        if post.body == b"later bad":
            raise BadRequest("body", "is bad")
        if post.body == b"later bug":
            raise ZeroDivisionError
        return Work([Entry("feed:echo", post.body)], lambda appended: Answer(202, post.body))

    def work(post: Post) -> Work | Awaitable[Work]:
        if post.body == b"bad":
            raise BadRequest("body", "is bad")
        if post.body == b"bug":
            raise ZeroDivisionError
        if post.body.startswith(b"later"):
            return asked(post)
        body = post.address.encode() if post.body == b"whence" else post.body
        told = body + post.query + post.headers.get(b"x-twice", b"")
        return Work([Entry("feed:echo", post.body)], lambda appended: Answer(202, told))

    return Lane("/echo", work, shelf, 100, body_s, InFlight(most))
