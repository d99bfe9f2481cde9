"""Log lines."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from services import logs


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize("value", ["ü", "\udcff", 2**70, b"\xff"])
def test_whatever_is_logged_is_a_line_of_json(value: object, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "test")
    logs.get("x").info("came", value=value)
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["service"], line["level"]) == ("came", "test", "info")
    assert line["value"] in (value, str(value))
