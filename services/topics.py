"""Topic names: what they look like, which ones a reading goes to, which Redis keys hold them.

    device:<id>      every reading of one device
    metric:<name>    one value of every device that reports the metric
    readings         every reading
    weather:<place>  observations of one place
    feed:<name>      free-form JSON
    command:<device> commands to one device
    compare:<device>:<place>[/<metric>]  the device's value (temperature if no metric is named) beside the weather's;
                     derived from `device:<device>` and `weather:<place>` by who shows it, and stored nowhere

A topic's keys share one hash tag, so that they live in one slot of a Redis Cluster.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from services.errors import BadRequest

READINGS = "readings"
DEVICE = "device:"
METRIC = "metric:"
WEATHER = "weather:"
FEED = "feed:"
COMMAND = "command:"
COMPARE = "compare:"
COMPARED_METRIC = "temperature"
"""What is compared unless a metric is named."""

DEVICE_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._:~-]{0,127}\Z"
METRIC_PATTERN = r"^(?!(?:device|ts|position)\Z)[A-Za-z_][A-Za-z0-9_.-]{0,63}\Z"
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._~-]{0,63}\Z"

_PATTERNS = {
    DEVICE: re.compile(DEVICE_PATTERN),
    METRIC: re.compile(METRIC_PATTERN),
    WEATHER: re.compile(NAME_PATTERN),
    FEED: re.compile(NAME_PATTERN),
    COMMAND: re.compile(DEVICE_PATTERN),
}
_METRIC = re.compile(METRIC_PATTERN)

DEVICES_KEY = "windsock:devices"
"""Sorted set (all scores 0) of the devices that were ever heard, for paging by name."""


def parse(topic: str) -> str:
    """Return `topic` if it is a well-formed topic name; raises BadRequest otherwise."""
    if topic == READINGS:
        return topic
    if topic.startswith(COMPARE):
        compared(topic)
        return topic
    namespace, colon, name = topic.partition(":")
    pattern = _PATTERNS.get(namespace + colon)
    if pattern is None:
        raise BadRequest(
            "topic", f"{topic[:64]!r} is none of readings, device:…, metric:…, weather:…, feed:…, command:…, compare:…"
        )
    if not pattern.match(name):
        raise BadRequest("topic", f"{name[:64]!r} is not a {namespace} name ({pattern.pattern})")
    return topic


def readable(topic: str) -> str:
    """The same for a topic that clients may read; raises BadRequest for those of commands, too."""
    if parse(topic).startswith(COMMAND):
        raise BadRequest("topic", f"{topic} is not for reading: a command is for its device alone")
    return topic


def stored(topic: str) -> str:
    """The same for a topic that has a history; raises BadRequest for comparisons, too."""
    if is_derived(readable(topic)):
        raise BadRequest("topic", f"{topic} is derived and has no history; GET /api/compare tells what it shows now")
    return topic


class Compared(NamedTuple):
    """What a comparison is of."""

    device: str
    place: str
    metric: str = COMPARED_METRIC

    @property
    def sources(self) -> tuple[str, str]:
        """The topics that it is derived from."""
        return DEVICE + self.device, WEATHER + self.place


def compared(topic: str) -> Compared:
    """What the topic `compare:…` is of; raises BadRequest. Devices' names may hold colons, places' never do."""
    both, slash, metric = topic.removeprefix(COMPARE).partition("/")
    device, _, place = both.rpartition(":")
    named = (_PATTERNS[DEVICE].match(device), _PATTERNS[WEATHER].match(place), not slash or _METRIC.match(metric))
    if not all(named):
        raise BadRequest("topic", f"{topic[:64]!r} is not compare:<device>:<place>, perhaps with /<metric> behind it")
    return Compared(device, place, metric or COMPARED_METRIC)


def is_derived(topic: str) -> bool:
    """Whether `topic` is made of others where it is shown, so that nothing of it is stored."""
    return topic.startswith(COMPARE)


def needed(topic: str) -> tuple[str, ...]:
    """The topics that a client must be permitted to have this well-formed one: of a comparison those beneath it."""
    return compared(topic).sources if is_derived(topic) else (topic,)


def is_group(topic: str) -> bool:
    """Whether `topic` collects the readings of many devices, and so keeps a short history."""
    return topic == READINGS or topic.startswith(METRIC)


def slug(name: str) -> str:
    """A topic-safe name for a place: 'São Paulo' → 'sao-paulo'. Empty if nothing is left."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:64]


def stream_key(topic: str) -> str:
    """The Redis stream with the topic's publications."""
    return f"windsock:{{{topic}}}:stream"


def state_key(topic: str) -> str:
    """The Redis hash with the topic's offset and epoch, and a device's latest values."""
    return f"windsock:{{{topic}}}:state"


def id_key(topic: str, reading_id: str) -> str:
    """Remembers that `reading_id` was appended to `topic`, and at which offset."""
    return f"windsock:{{{topic}}}:id:{reading_id}"


def request_key(sender: str, key: str) -> str:
    """Remembers what a request of `sender` with this Idempotency-Key appended."""
    return f"windsock:request:{sender}:{key}"


def members_key(topic: str) -> str:
    """The Redis sorted set of the devices that publish on a metric topic, by when that was last noted."""
    return f"windsock:{{{topic}}}:devices"


def presence_key(channel: str) -> str:
    """The Redis hash of the clients in a channel: what others are shown of each."""
    return f"windsock:{{{channel}}}:presence"


def presence_times_key(channel: str) -> str:
    """The Redis sorted set of the clients in a channel, by when they count as gone."""
    return f"windsock:{{{channel}}}:presence:times"


def channel(topic: str) -> str:
    """The pub/sub channel on which the topic's batches are announced."""
    return f"windsock:{{{topic}}}"
