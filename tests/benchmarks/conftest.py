"""The load client's program, for all tests of this folder."""

from __future__ import annotations

import sys

import pytest

from benchmarks.load_client import compiled


@pytest.fixture(autouse=True, scope="session")
def program() -> None:
    if sys.platform != "linux":
        pytest.skip("the load client needs epoll")
    compiled()
