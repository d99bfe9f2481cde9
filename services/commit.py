"""What one commit appends: entries grouped by topic, as the arguments of the append script. Pure.

An `Entry` is one publication of its own topic (whose position is answered to whoever sent it) with
the lines that it adds to group topics. A `Commit` takes entries in order; each topic gets one batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from services import json_text, topics
from services.batch import Position
from services.reading import Reading
from services.settings import StreamSettings

TAGS = "tags"


@dataclass(frozen=True, slots=True)
class Entry:
    """One publication to append.

    `also` holds (topic, payload) of group topics; `device`, `ts` and `latest` (state field → JSON array
    that opens with `ts`) update the latest values; `id` makes the append happen once within `dedupe_s`.
    """

    topic: str
    payload: bytes
    also: tuple[tuple[str, bytes], ...] = ()
    id: str | None = None
    device: str = ""
    ts: int = 0
    latest: tuple[tuple[str, Any], ...] = ()
    retention: tuple[int, int] | None = None
    """Seconds and publications that its topic keeps, if not as the settings say."""


@dataclass(frozen=True, slots=True)
class Appended:
    """Where an entry is stored; `duplicate` if it was there before under the same id."""

    position: str
    duplicate: bool = False


def entry_of(reading: Reading, *, topic: str | None = None, group_topics: bool = True) -> Entry:
    """The entry of a reading on `topic` (default: its device's), with its group topics' lines."""
    payload = reading.payload()
    device, ts, units = reading.device, reading.at_ms, reading.units or {}
    also: list[tuple[str, bytes]] = []
    latest: list[tuple[str, Any]] = []
    if group_topics:
        also.append((topics.READINGS, payload))
    for metric, value in reading.values.items():
        if group_topics:
            said: dict[str, Any] = {metric: value, "device": device, "ts": ts}
            if reading.tags and metric != TAGS:
                said[TAGS] = reading.tags  # subscribers may filter by them
            line = json_text.compact(said)
            also.append((topics.METRIC + metric, line))
        unit = units.get(metric)
        latest.append(("m:" + metric, (ts, value, unit) if unit else (ts, value)))
    if reading.tags:
        latest.append((TAGS, (ts, reading.tags)))
    return Entry(topic or topics.DEVICE + device, payload, tuple(also), reading.id, device, ts, tuple(latest))


def free_form_entry(topic: str, text: bytes) -> Entry:
    """The entry of any JSON text, kept as it came, numbers of any size included. Raises MalformedBody."""
    json_text.parsed(text)
    # Between JSON's tokens a line end is a space; inside a string there is none. Either ends a line of SSE.
    return Entry(topic, text.replace(b"\n", b" ").replace(b"\r", b" "))


@dataclass(slots=True)
class _Group:
    number: int
    retention: tuple[int, int]
    always_upkept: bool
    lines: list[bytes] = field(default_factory=list)
    device: str = ""
    oldest: int = 0
    newest: int = 0
    latest: dict[str, Any] = field(default_factory=dict)


class Commit:
    """Entries grouped by topic. `due(key)` says whether a topic or index entry wants upkeep."""

    def __init__(self, entries: Sequence[Entry], settings: StreamSettings, due: Callable[[str], bool]) -> None:
        self._settings = settings
        self._due = due
        self._groups: dict[str, _Group] = {}
        self._places: list[tuple[_Group, int]] = []
        self._ids: dict[str, int] = {}
        self._first_with_id: list[int] = []
        self._index: list[tuple[str, str]] = []
        self._indexed: set[str] = set()
        self.upkept: list[str] = []
        for entry in entries:
            self._take(entry)

    def __len__(self) -> int:
        return len(self._places)

    def _take(self, entry: Entry) -> None:
        number = len(self._places)
        if entry.id is not None:
            first = self._ids.setdefault(topics.id_key(entry.topic, entry.id), number)
            if first != number:
                self._places.append(self._places[first])
                self._first_with_id.append(first)
                return
        self._first_with_id.append(number)
        group = self._line(entry.topic, entry.payload, entry.retention)
        self._places.append((group, len(group.lines)))
        if entry.latest:
            _note_latest(group, entry)
        for topic, payload in entry.also:
            self._line(topic, payload)
            if topic.startswith(topics.METRIC):
                self._upkeep(topics.members_key(topic), entry.device)

    def _line(self, topic: str, payload: bytes, retention: tuple[int, int] | None = None) -> _Group:
        group = self._groups.get(topic)
        if group is None:
            group = self._groups[topic] = _Group(
                len(self._groups) + 1, retention or self._retention(topic), retention is not None
            )
        group.lines.append(payload)
        return group

    def _upkeep(self, key: str, member: str) -> None:
        name = f"{key} {member}"
        if name not in self._indexed and self._due(name):
            self._indexed.add(name)
            self._index.append((key, member))
            self.upkept.append(name)

    def arguments(self, fresh_epoch: str) -> tuple[list[str], list[Any]]:
        """KEYS and ARGV of `append.lua`."""
        settings = self._settings
        keys: list[str] = [topics.DEVICES_KEY]
        args: list[Any] = [
            len(self._groups),
            len(self._ids),
            len(self._index),
            settings.topic_ttl_s,
            settings.dedupe_s,
            fresh_epoch,
            settings.device_metrics,
            settings.retention_bytes,
        ]
        for topic, group in self._groups.items():
            keys += (topics.stream_key(topic), topics.state_key(topic))
            # The writer looks after the settings' retention; another may be too short for its pace.
            maintain = group.always_upkept or self._due(topic)
            if maintain:
                self.upkept.append(topic)
            args += (len(group.lines), b"\n".join(group.lines), *group.retention, int(maintain))
            if group.latest:
                device = group.device if topic.startswith(topics.DEVICE) else ""
                args += (3 + 2 * len(group.latest), device, group.oldest, group.newest)
                for name, value in group.latest.items():
                    args += (name, orjson.dumps(value))
            else:
                args.append(0)
        for key, number in self._ids.items():
            group, line = self._places[number]
            keys.append(key)
            args += (group.number, len(group.lines) - line)
        for key, member in self._index:
            keys.append(key)
            args.append(member)
        return keys, args

    def _retention(self, topic: str) -> tuple[int, int]:
        """Seconds and publications that `topic` keeps."""
        settings = self._settings
        if topics.is_group(topic):
            return settings.group_retention_s, settings.group_retention_publications
        return settings.retention_s, settings.retention_publications

    def retentions(self) -> tuple[list[str], list[int]]:
        """KEYS and ARGV of `trim.lua`."""
        return [topics.stream_key(topic) for topic in self._groups], [g.retention[0] for g in self._groups.values()]

    def known(self, reply: Sequence[Any]) -> dict[int, str] | None:
        """Entry number → position of entries stored before, if the script refused for them; else None."""
        if reply[0] != 0:
            return None
        firsts = list(self._ids.values())
        found = {firsts[reply[i] - 1]: bytes(reply[i + 1]).decode("ascii") for i in range(1, len(reply), 2)}
        return {number: found[first] for number, first in enumerate(self._first_with_id) if first in found}

    def found_nothing(self, reply: Sequence[Any]) -> bool:
        """Whether a topic that was in order begins anew: Redis has lost its data, the indexes with it."""
        return any(
            reply[2 * group.number - 1] == len(group.lines) and topic not in self.upkept
            for topic, group in self._groups.items()
        )

    def positions(self, reply: Sequence[Any]) -> list[Appended]:
        """Where each entry went, in the order they were given."""
        appended = []
        for number, (group, line) in enumerate(self._places):
            last, epoch = reply[2 * group.number - 1], reply[2 * group.number]
            position = Position(bytes(epoch).decode("ascii"), last - len(group.lines) + line)
            appended.append(Appended(str(position), self._first_with_id[number] != number))
        return appended


def _note_latest(group: _Group, entry: Entry) -> None:
    if not group.latest:
        group.device, group.oldest, group.newest = entry.device, entry.ts, entry.ts
    else:
        group.oldest = min(group.oldest, entry.ts)
        group.newest = max(group.newest, entry.ts)
    for name, value in entry.latest:
        stored = group.latest.get(name)
        if stored is None or value[0] >= stored[0]:
            group.latest[name] = value


class Upkeep:
    """Remembers for how long each key is in order, so that upkeep costs hot topics nothing.

    Bounded: when `most` keys are remembered, all are forgotten, which only repeats some upkeep.
    """

    def __init__(self, every_s: float, clock: Callable[[], float], most: int = 200_000) -> None:
        self._every_s = every_s
        self._clock = clock
        self._most = most
        self._until: dict[str, float] = {}

    def due(self, key: str) -> bool:
        """Whether `key` was not kept up within the last `every_s` seconds."""
        return self._until.get(key, 0.0) <= self._clock()

    def forget(self) -> None:
        """Nothing is in order any more."""
        self._until.clear()

    def done(self, keys: Sequence[str]) -> None:
        """Call once the commit that kept `keys` up is stored."""
        if len(self._until) + len(keys) > self._most:
            self._until.clear()
        until = self._clock() + self._every_s
        for key in keys:
            self._until[key] = until
