"""What was measured: rows of figures, and how they are kept. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement. `figures` holds numbers by the names that `report` gives headings to."""

    scenario: str
    system: str
    case: str
    """What was asked of the system: '900 clients, 1,000 msg/s'."""
    figures: dict[str, float]


@dataclass(slots=True)
class Results:
    """All of one run."""

    machine: dict[str, str]
    rows: list[Row] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    """System → why it could not be measured here."""

    def of(self, scenario: str, system: str | None = None) -> Iterator[Row]:
        """The rows of a scenario, of one system or all."""
        return (row for row in self.rows if row.scenario == scenario and system in (None, row.system))

    def dumps(self) -> bytes:
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)

    @classmethod
    def loads(cls, text: bytes) -> Results:
        kept: dict[str, Any] = orjson.loads(text)
        return cls(kept["machine"], [Row(**row) for row in kept["rows"]], kept["left_out"])
