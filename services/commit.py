"""What one commit appends: entries grouped by topic, as the arguments of the append script. Pure.

An `Entry` is one publication of its own topic (whose position is answered to whoever sent it) with
the lines that it adds to group topics. A `Commit` takes entries in order; each topic gets one batch.

Ingest spends much of its time here, so it is written for speed (`make bench`, scenario "intake"): what is made per
reading are a msgspec struct and lines that C code writes; keys, numbers and latest values are made per topic, and
all that is told beside the lines goes to the script as one MessagePack array.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec

from services import json_text, topics
from services.errors import TooLarge
from services.metric_message import message
from services.reading import Reading
from services.settings import StreamSettings

TAGS = "tags"

_json = msgspec.json.Encoder().encode
_pack = msgspec.msgpack.Encoder().encode
_time = attrgetter("ts")


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One publication to append; `id` makes that happen once within `dedupe_s`.

    What it tells of a `device` at its `ts` (`values`, `units`, `tags`) updates the latest values. `lines` are what it
    adds to the topics of its values' metrics, in their order; with them its payload goes to all readings, too.
    """

    topic: str
    payload: bytes
    id: str | None = None
    retention: tuple[int, int] | None = None
    """Seconds and publications that its topic keeps, if not as the settings say."""
    device: str = ""
    ts: int = 0
    values: Mapping[str, Any] = {}
    units: Mapping[str, str] | None = None
    tags: Mapping[str, str] | None = None
    lines: tuple[bytes, ...] = ()

    def latest(self, metric: str) -> tuple[Any, ...]:
        """The value of `metric` as it is remembered: its time, itself, and its unit if it has one."""
        unit = self.units.get(metric) if self.units else None
        return (self.ts, self.values[metric], unit) if unit else (self.ts, self.values[metric])


class Appended(msgspec.Struct, frozen=True, gc=False):
    """Where an entry is stored; `duplicate` if it was there before under the same id."""

    position: str
    duplicate: bool = False


def entry_of(reading: Reading, *, topic: str | None = None, group_topics: bool = True) -> Entry:
    """The entry of a reading on `topic` (default: its device's), with its group topics' lines."""
    device, ts, values, tags, units = reading.device, reading.at_ms, reading.values, reading.tags, reading.units
    lines: list[bytes] = []
    if group_topics:
        for metric, value in values.items():
            lines.append(_json(message(metric, device, ts, value, units.get(metric) if units else None, tags)))
    return Entry(
        topic or topics.DEVICE + device,
        reading.payload(),
        reading.id,
        None,
        device,
        ts,
        values,
        units,
        tags,
        tuple(lines),
    )


def topic_count(topics: int, metrics: int, most: int) -> int:
    """How many topics entries of so many distinct `topics`, with lines of so many `metrics`, go to.

    Raises TooLarge above `most`, the number that one commit takes.
    """
    count = topics + (metrics + 1 if metrics else 0)
    if count > most:
        raise TooLarge(f"the readings go to {count} topics (one a device and a metric); one request may name {most}")
    return count


def free_form_entry(topic: str, text: bytes) -> Entry:
    """The entry of any JSON text, kept as it came, numbers of any size included. Raises MalformedBody."""
    json_text.parsed(text)
    # Between JSON's tokens a line end is a space; inside a string there is none. Either ends a line of SSE.
    return Entry(topic, text.replace(b"\n", b" ").replace(b"\r", b" "))


class _Group:
    """One topic's batch; `told` are the entries among it that tell of a device."""

    __slots__ = ("always_upkept", "lines", "number", "retention", "told")

    def __init__(self, number: int, retention: tuple[int, int], always_upkept: bool) -> None:
        self.number = number
        self.retention = retention
        self.always_upkept = always_upkept
        self.lines: list[bytes] = []
        self.told: list[Entry] = []

    def latest(self) -> tuple[dict[str, Entry], Entry | None]:
        """Of each metric, and of tags, the entry that tells it the newest by its own time; of equal times the later.

        Sorts `told`.
        """
        if len(self.told) > 1:
            self.told.sort(key=_time)
        latest: dict[str, Entry] = {}
        tagged = None
        for entry in self.told:
            for metric in entry.values:
                latest[metric] = entry
            if entry.tags:
                tagged = entry
        return latest, tagged


class Request(msgspec.Struct, frozen=True, gc=False):
    """A request to remember under `key`; `places` are the numbers of its entries in the commit, or where one went."""

    key: str
    fingerprint: str
    places: Sequence[int | Appended]


class Known(msgspec.Struct, frozen=True, gc=False):
    """What Redis remembers: number of an entry → its position, number of a request → what was remembered of it."""

    positions: dict[int, str]
    requests: dict[int, bytes]


class Commit:
    """Entries grouped by topic. `due(key)` says whether a topic or index entry wants upkeep."""

    def __init__(
        self,
        entries: Sequence[Entry],
        settings: StreamSettings,
        due: Callable[[Hashable], bool],
        requests: Sequence[Request] = (),
    ) -> None:
        self._settings = settings
        self._requests = requests
        self._due = due
        self._groups: dict[str, _Group] = {}
        self._places: list[tuple[_Group, int]] = []
        self._ids: dict[str, int] = {}
        self._repeats: dict[int, int] = {}
        self.upkept: list[Hashable] = []
        self._retentions = (
            (settings.retention_s, settings.retention_publications),
            (settings.group_retention_s, settings.group_retention_publications),
        )
        """Seconds and publications that a topic keeps, and those of a group topic."""
        self._take(entries)

    def __len__(self) -> int:
        return len(self._places)

    def _take(self, entries: Sequence[Entry]) -> None:
        groups, places, begin = self._groups, self._places, self._begin
        readings: list[bytes] | None = None
        metrics: dict[str, list[bytes]] = {}
        for number, entry in enumerate(entries):
            topic = entry.topic
            if entry.id is not None:
                first = self._ids.setdefault(topics.id_key(topic, entry.id), number)
                if first != number:
                    places.append(places[first])
                    self._repeats[number] = first
                    continue
            group = groups.get(topic) or begin(topic, entry.retention)
            lines = group.lines
            lines.append(entry.payload)
            places.append((group, len(lines)))
            if entry.values:
                group.told.append(entry)
            if entry.lines:
                if readings is None:
                    readings = (groups.get(topics.READINGS) or begin(topics.READINGS)).lines
                readings.append(entry.payload)
                for metric, line in zip(entry.values, entry.lines, strict=True):
                    if metric not in metrics:
                        name = topics.METRIC + metric
                        metrics[metric] = (groups.get(name) or begin(name)).lines
                    metrics[metric].append(line)

    def _begin(self, topic: str, retention: tuple[int, int] | None = None) -> _Group:
        group = self._groups[topic] = _Group(
            len(self._groups) + 1, retention or self._retentions[topics.is_group(topic)], retention is not None
        )
        return group

    def arguments(self, fresh_epoch: str) -> tuple[list[str], list[bytes]]:
        """KEYS and ARGV of `append.lua`."""
        settings, due = self._settings, self._due
        keys: list[str] = [topics.DEVICES_KEY]
        args: list[bytes] = [b""]
        said: list[Any] = [
            len(self._groups),
            len(self._ids),
            0,
            settings.topic_ttl_s,
            settings.dedupe_s,
            fresh_epoch,
            settings.device_metrics,
            settings.retention_bytes,
            len(self._requests),
        ]
        index: list[tuple[str, str]] = []
        for topic, group in self._groups.items():
            keys += (topics.stream_key(topic), topics.state_key(topic))
            args.append(b"\n".join(group.lines))
            # The writer looks after the settings' retention; another may be too short for its pace.
            maintain = group.always_upkept or due(topic)
            if maintain:
                self.upkept.append(topic)
            said += (len(group.lines), *group.retention, maintain)
            if not group.told:
                said.append(0)
                continue
            latest, tagged = group.latest()
            oldest, newest = group.told[0], group.told[-1]
            device = newest.device if topic.startswith(topics.DEVICE) else ""
            said += (3 + 2 * len(latest) + (2 if tagged else 0), device, oldest.ts, newest.ts)
            for metric, entry in latest.items():
                said += ("m:" + metric, _json(entry.latest(metric)).decode())
                if entry.lines and due((metric, device)):
                    index.append((topics.members_key(topics.METRIC + metric), device))
                    self.upkept.append((metric, device))
            if tagged:
                said += (TAGS, _json((tagged.ts, tagged.tags)).decode())
        for key, number in self._ids.items():
            group, line = self._places[number]
            keys.append(key)
            said += (group.number, len(group.lines) - line)
        for request in self._requests:
            keys.append(request.key)
            said += (request.fingerprint, [word for place in request.places for word in self._words(place)])
        said[2] = len(index)
        for key, member in index:
            keys.append(key)
            said.append(member)
        args[0] = _pack(said)
        return keys, args

    def _words(self, place: int | Appended) -> tuple[int, int | str]:
        """How the script is told of an entry of a request."""
        if isinstance(place, Appended):
            return 0, place.position + ("d" if place.duplicate else "")
        group, line = self._places[place]
        return -group.number if place in self._repeats else group.number, len(group.lines) - line

    def retentions(self) -> tuple[list[str], list[int]]:
        """KEYS and ARGV of `trim.lua`."""
        return [topics.stream_key(topic) for topic in self._groups], [g.retention[0] for g in self._groups.values()]

    def known(self, reply: Sequence[Any]) -> Known | None:
        """What was stored before, if the script refused for it; else None."""
        if reply[0] != 0:
            return None
        firsts = list(self._ids.values())
        found: dict[int, str] = {}
        requests: dict[int, bytes] = {}
        for number, text in zip(reply[1::2], reply[2::2], strict=True):
            if number <= len(firsts):
                found[firsts[number - 1]] = bytes(text).decode("ascii")
            else:
                requests[number - len(firsts) - 1] = bytes(text)
        repeats = {number: found[first] for number, first in self._repeats.items() if first in found}
        return Known(found | repeats, requests)

    def found_nothing(self, reply: Sequence[Any]) -> bool:
        """Whether a topic that was in order begins anew: Redis has lost its data, the indexes with it."""
        return any(
            reply[2 * group.number - 1] == len(group.lines) and topic not in self.upkept
            for topic, group in self._groups.items()
        )

    def positions(self, reply: Sequence[Any]) -> list[Appended]:
        """Where each entry went, in the order they were given."""
        epochs: dict[bytes, str] = {}
        appended = []
        for group, line in self._places:
            last, epoch = reply[2 * group.number - 1], reply[2 * group.number]
            name = epochs.get(epoch) or epochs.setdefault(epoch, bytes(epoch).decode("ascii"))
            appended.append(Appended(f"{name}.{last - len(group.lines) + line}"))
        for number in self._repeats:
            appended[number] = Appended(appended[number].position, True)
        return appended


class Upkeep:
    """Remembers for how long each key is in order, so that upkeep costs hot topics nothing.

    Bounded: when `most` keys are remembered, all are forgotten, which only repeats some upkeep.
    """

    def __init__(self, every_s: float, clock: Callable[[], float], most: int = 200_000) -> None:
        self._every_s = every_s
        self._clock = clock
        self._most = most
        self._until: dict[Hashable, float] = {}

    def asked(self) -> Callable[[Hashable], bool]:
        """Tells of a key whether it was not kept up within the last `every_s` seconds, as of now."""
        now, until = self._clock(), self._until
        return lambda key: until.get(key, 0.0) <= now

    def forget(self) -> None:
        """Nothing is in order any more."""
        self._until.clear()

    def done(self, keys: Sequence[Hashable]) -> None:
        """Call once the commit that kept `keys` up is stored."""
        if len(self._until) + len(keys) > self._most:
            self._until.clear()
        until = self._clock() + self._every_s
        for key in keys:
            self._until[key] = until
