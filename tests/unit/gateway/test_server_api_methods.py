from __future__ import annotations

from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from gateway.channels import Channels
from gateway.server_api import methods, requests
from gateway.server_api.methods import Methods
from services.errors import Unavailable


class Anything:
    """Publishing and fleet: every method answers its name, unless it is `broken`."""

    def __init__(self, broken: str = "") -> None:
        self._broken = broken

    def __getattr__(self, name: str) -> Any:
        async def answer(_asked: Any) -> dict[str, object]:
            if name == self._broken:
                raise Unavailable("away")
            return {"did": name}

        return answer


def over(anything: Any) -> tuple[Methods, CollectorRegistry]:
    registry = CollectorRegistry()
    return Methods(anything, anything, Channels(), anything, anything, anything, anything, 100, registry), registry


async def test_a_failure_is_an_error_and_counted() -> None:
    all_methods, registry = over(Anything("info"))
    outcome: Any = await all_methods.call("info", {})
    assert (outcome.code, "away" in outcome.message) == (100, True)
    labels = {"method": "info", "outcome": "100"}
    assert registry.get_sample_value("windsock_api_calls_total", labels) == 1


@pytest.mark.parametrize("parallel", [b"false", b"true"])
async def test_a_batch_answers_in_order_and_its_commands_are_counted(parallel: bytes) -> None:
    all_methods, registry = over(Anything("info"))
    body = b'{"commands":[{"info":{}},{"channels":{}},{"disconnect":{"user":"7"}}],"parallel":%s}' % parallel
    outcome: Any = await all_methods.call("batch", requests.read(body))
    failed, *done = outcome["replies"]
    assert failed["error"]["code"] == 100
    assert done == [{"channels": {"did": "channels"}}, {"disconnect": {"did": "disconnect"}}]
    for method, told in (("info", "100"), ("channels", "ok"), ("batch", "ok")):
        assert registry.get_sample_value("windsock_api_calls_total", {"method": method, "outcome": told}) == 1


async def test_a_batch_that_takes_too_long_begins_no_other_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(methods, "BATCH_S", -1.0)
    all_methods, _ = over(Anything())
    outcome: Any = await all_methods.call("batch", requests.read(b'{"commands":[{"info":{}},{"channels":{}}]}'))
    assert [reply["error"]["code"] for reply in outcome["replies"]] == [100, 100]
