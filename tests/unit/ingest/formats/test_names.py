from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.formats.names import device_name, metric_name
from services.topics import DEVICE_PATTERN, METRIC_PATTERN


@pytest.mark.parametrize(
    ("text", "device"),
    [
        ("greenhouse-7", "greenhouse-7"),
        ("urn:dev:ow:10e2073a01080063", "urn:dev:ow:10e2073a01080063"),
        ("a b/c", "a_b_c"),
        ("/dev/tty0", "dev_tty0"),
        ("Außen", "Auu00DFen"),
    ],
)
def test_a_device_keeps_what_its_name_may_hold(text: str, device: str) -> None:
    assert device_name(text) == device


@pytest.mark.parametrize(
    ("text", "metric"),
    [
        ("cpu.usage_idle", "cpu.usage_idle"),
        ("usage %", "usage__"),
        ("1min", "_1min"),
        ("-x", "_-x"),
        ("ts", "_ts"),
        ("", "_"),
        ("温度", "u6E29u5EA6"),
        ("湿度", "u6E7Fu5EA6"),
    ],
)
def test_a_metric_keeps_what_its_name_may_hold(text: str, metric: str) -> None:
    assert metric_name(text) == metric


@given(st.text(min_size=1, max_size=10))
def test_any_short_text_becomes_a_metric_and_stays_one(text: str) -> None:
    metric = metric_name(text)
    assert re.match(METRIC_PATTERN, metric)
    assert metric_name(metric) == metric


@given(st.text(max_size=10))
def test_any_short_text_with_a_letter_becomes_a_device(text: str) -> None:
    assert re.match(DEVICE_PATTERN, device_name(text + "x"))
