"""The load client's program, for all tests of this folder."""

from __future__ import annotations

import pytest

from benchmarks.load_client import LoadError, compiled


@pytest.fixture(autouse=True, scope="session")
def program() -> None:
    try:
        compiled()
    except LoadError as error:
        if "no C compiler" in str(error):
            pytest.skip(str(error))
        raise
