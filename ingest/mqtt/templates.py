"""What a topic says about the readings that are published to it. Pure.

A template is a topic in which a level may be `{device}`, `{metric}` or `{<any other name>}`, which becomes a tag; `+`
is a level, and `#` at the end are all levels, that say nothing. Several levels `{device}` are joined by `:`, several
`{metric}` by `.`, so that `{device}/{device}` tells two sites' devices apart. Behind `=` stands how payloads are read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from services.errors import SettingError

_NAME = re.compile(r"\{([a-z][a-z0-9_]{0,31})\}").fullmatch
DEVICE, METRIC = "device", "metric"
JSON, TEXT = "json", "text"


@dataclass(frozen=True, slots=True)
class Place:
    """What a topic says; a device or metric that it does not name is None."""

    device: str | None = None
    metric: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Template:
    """One template. `payload` names how what is published there is read."""

    levels: tuple[str, ...]
    payload: str

    @classmethod
    def parse(cls, text: str, payloads: Collection[str]) -> Template:
        """From `topic` or `topic=payload`. Raises SettingError."""
        topic, _, payload = text.partition("=")
        payload = payload or JSON
        if payload not in payloads:
            raise _wrong(text, f"{payload!r} is none of the payloads {', '.join(payloads)}")
        levels = tuple(topic.split("/"))
        if not topic or levels[0].startswith("$"):
            raise _wrong(text, "it is no topic of devices; a shared subscription is asked for by WINDSOCK_MQTT_GROUP")
        for number, level in enumerate(levels, 1):
            last = number == len(levels)
            if not (_NAME(level) or level == "+" or (level == "#" and last)) and re.search(r"[{}+#]", level):
                raise _wrong(text, f"level {level!r} is neither text, '{{name}}' nor '+' ('#' only at the end)")
        template = cls(levels, payload)
        names = template._names()
        if payload == TEXT and not {DEVICE, METRIC} <= names:
            raise _wrong(text, "a payload of text needs the levels {device} and {metric}")
        if payload not in (JSON, TEXT) and METRIC in names:
            raise _wrong(text, f"payloads of {payload} name their metrics themselves; write + instead of {{metric}}")
        return template

    @property
    def filter(self) -> str:
        """What to subscribe to (MQTT 5, section 4.7)."""
        return "/".join("+" if _NAME(level) else level for level in self.levels)

    def place(self, topic: str) -> Place | None:
        """What `topic` says; None if it is none of this template's."""
        given = topic.split("/")
        levels = self.levels
        if levels[-1] == "#":
            levels = levels[:-1]
            if len(given) < len(levels):
                return None
        elif len(given) != len(levels):
            return None
        named: dict[str, list[str]] = {}
        for level, text in zip(levels, given, strict=False):
            if match := _NAME(level):
                named.setdefault(match[1], []).append(text)
            elif level not in ("+", text):
                return None
        device, metric = named.pop(DEVICE, None), named.pop(METRIC, None)
        return Place(
            None if device is None else ":".join(device),
            None if metric is None else ".".join(metric),
            {name: "/".join(texts) for name, texts in named.items()},
        )

    def _names(self) -> set[str]:
        return {match[1] for level in self.levels if (match := _NAME(level))}


def parse_all(text: str, payloads: Collection[str]) -> list[Template]:
    """The templates in `text`, by spaces. Raises SettingError, also if there are none."""
    templates = [Template.parse(one, payloads) for one in text.split()]
    if not templates:
        raise SettingError("WINDSOCK_MQTT_TOPICS names no topic")
    return templates


def _wrong(text: str, reason: str) -> SettingError:
    return SettingError(f"WINDSOCK_MQTT_TOPICS: {text[:200]!r}: {reason}")
