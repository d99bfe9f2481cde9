from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec import Raw

from gateway.channels import Channels
from gateway.server_api import publishing
from gateway.server_api.publishing import Publishing
from gateway.server_api.requests import Broadcast, Publish, RefusedError
from services.commit import Appended, Entry
from services.errors import Unavailable

FILE = "[namespaces.chat]\nhistory_size = 10\nhistory_ttl_s = 60\n[namespaces.signal]"


class Redis:
    """Stands for the writer and the broker; fails from call `fails_at` on."""

    def __init__(self, fails_at: int = 1_000) -> None:
        self.calls: list[list[str]] = []
        self._fails_at = fails_at

    async def append(self, entries: Sequence[Entry]) -> list[Appended]:
        self._call([entry.topic for entry in entries])
        return [Appended(f"E.{number}") for number, _ in enumerate(entries, 1)]

    async def pass_on(self, topic: str, payload: bytes) -> None:
        self._call([topic])

    def _call(self, names: list[str]) -> None:
        self.calls.append(names)
        if len(self.calls) >= self._fails_at:
            raise Unavailable("away")


def over(redis: Any, folder: Path, append_topics: int = 100) -> Publishing:
    file = folder / "namespaces.toml"
    file.write_text(FILE)
    return Publishing(Channels(str(file)), redis, redis, append_topics)


def codes_of(result: dict[str, Any]) -> list[int]:
    return [one["error"]["code"] if "error" in one else 0 for one in result["responses"]]


async def test_a_broadcast_is_one_append_where_that_is_possible(tmp_path: Path) -> None:
    redis = Redis()
    asked = Broadcast(channels=["feed:a", "device:a", "chat:a", "signal:a", "compare:a:berlin"], data=Raw(b"1"))
    result: Any = await over(redis, tmp_path).broadcast(asked)
    assert redis.calls == [["feed:a", "chat:a", "signal:a"]]
    assert codes_of(result) == [0, 108, 0, 0, 108]
    assert [one.get("result") for one in result["responses"]] == [
        {"offset": 1, "epoch": "E"},
        None,
        {"offset": 2, "epoch": "E"},
        {},
        None,
    ]


async def test_a_failure_is_told_for_what_was_not_stored_alone(tmp_path: Path) -> None:
    redis = Redis(fails_at=2)
    asked = Broadcast(channels=["feed:a", "feed:b", "feed:c", "nowhere:a"], data=Raw(b"1"))
    result: Any = await over(redis, tmp_path, append_topics=2).broadcast(asked)
    assert redis.calls == [["feed:a", "feed:b"], ["feed:c"]]
    assert codes_of(result) == [0, 0, 100, 102]


async def test_what_skips_the_history_does_not_wait_for_redis_again_and_again(tmp_path: Path) -> None:
    redis = Redis(fails_at=2)
    asked = Broadcast(channels=["chat:a", "chat:b", "feed:a", "chat:c"], data=Raw(b"1"), skip_history=True)
    result: Any = await over(redis, tmp_path).broadcast(asked)
    assert redis.calls == [["chat:a"], ["chat:b"]]
    assert codes_of(result) == [0, 100, 107, 100]


async def test_a_broadcast_is_bounded_in_bytes_with_its_tags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "BROADCAST_BYTES", 200)
    many = over(Redis(), tmp_path)
    await many.broadcast(Broadcast(channels=["chat:a"] * 10, data=Raw(b"1"), tags={"k": "v"}))
    with pytest.raises(RefusedError) as refused:
        await many.broadcast(Broadcast(channels=["chat:a"] * 10, data=Raw(b"1"), tags={"k": "v" * 20}))
    assert refused.value.error.code == 106


async def test_one_publication_that_fails_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError) as refused:
        await over(Redis(fails_at=1), tmp_path).publish(Publish(channel="feed:a", data=Raw(b"1")))
    assert (refused.value.error.code, "away" in refused.value.error.message) == (100, True)
