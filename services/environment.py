"""Reads settings from `WINDSOCK_*` variables: from a mapping that it is given, never by itself."""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec
from msgspec import Meta

from services.errors import SettingError
from services.settings import GROUPS

PREFIX = "WINDSOCK_"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the settings table."""

    key: str
    default: Any
    description: str
    group: type


def table() -> Iterator[Setting]:
    """Every setting, in the order of the classes."""
    for group in GROUPS:
        hints = get_type_hints(group, include_extras=True)
        for field in dataclasses.fields(group):
            meta = next(arg for arg in get_args(hints[field.name]) if isinstance(arg, Meta))
            yield Setting(PREFIX + field.name.upper(), field.default, meta.description or "", group)


def load(group: type[T], environ: Mapping[str, str]) -> T:
    """Build `group` from the variables in `environ`; absent or empty ones take the default.

    Raises SettingError, which names the variable and its value.
    """
    hints = get_type_hints(group, include_extras=True)
    values: dict[str, Any] = {}
    for field in dataclasses.fields(group):  # type: ignore[arg-type]  # T is one of GROUPS
        key = PREFIX + field.name.upper()
        raw = environ.get(key, "")
        if raw == "":
            continue
        try:
            values[field.name] = msgspec.convert(raw, hints[field.name], strict=False)
        except msgspec.ValidationError as error:
            if "regex" in str(error) and field.default:
                raise SettingError(f"{key}={raw!r} is not of the form of {field.default!r}, its default") from None
            raise SettingError(f"{key}={raw!r}: {error}") from None
        if isinstance(values[field.name], float) and math.isnan(values[field.name]):
            raise SettingError(f"{key}={raw!r}: Expected a number")
    return group(**values)


def check_names(environ: Mapping[str, str]) -> None:
    """Raise SettingError for a `WINDSOCK_*` variable that is no setting: it is most likely a slip."""
    known = [setting.key for setting in table()]
    for key in environ:
        if key.startswith(PREFIX) and key not in known:
            near = difflib.get_close_matches(key.removeprefix(PREFIX), [one.removeprefix(PREFIX) for one in known], n=1)
            hint = f"did you mean {PREFIX}{near[0]}?" if near else "docs/settings.md lists them all"
            raise SettingError(f"{key} is not a setting; {hint}")
