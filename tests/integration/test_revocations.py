"""Revocations in a real Redis."""

from __future__ import annotations

import time

import pytest

from services.errors import BadRequest
from services.redis import Client
from services.revocations import Revocations
from services.tokens import Identity


async def revoked(revocations: Revocations, *bearers: Identity) -> list[bool]:
    return await revocations.revoked(bearers)


async def test_a_token_is_revoked_by_its_id(client: Client) -> None:
    revocations = Revocations(client)
    await revocations.revoke_token("t1")
    assert await revoked(
        revocations, Identity("7", token_id="t1"), Identity("7", token_id="t2"), Identity("7"), Identity()
    ) == [True, False, False, False]


async def test_a_user_is_revoked_up_to_a_moment(client: Client) -> None:
    revocations = Revocations(client)
    await revocations.revoke_user("7", 1_000)
    assert await revoked(
        revocations,
        Identity("7", issued_at=999),
        Identity("7", issued_at=1_000),
        Identity("7", issued_at=1_001),
        Identity("7"),
        Identity("8", issued_at=1),
        Identity(),
    ) == [True, True, False, True, False, False]


async def test_what_was_revoked_is_not_taken_back_by_less(client: Client) -> None:
    revocations = Revocations(client)
    await revocations.revoke_user("7", 2_000)
    await revocations.revoke_user("7", 1_000, until=time.time() + 60)
    assert await revoked(revocations, Identity("7", issued_at=1_500)) == [True]
    assert await client.ttl("windsock:{revoked}:user:7") == -1


async def test_a_longer_time_counts(client: Client) -> None:
    revocations = Revocations(client)
    await revocations.revoke_token("t", until=time.time() + 100)
    await revocations.revoke_token("t", until=time.time() + 10)
    assert await client.ttl("windsock:{revoked}:token:t") > 50
    await revocations.revoke_token("t", until=time.time() + 1_000)
    assert await client.ttl("windsock:{revoked}:token:t") > 500


async def test_it_is_forgotten_when_the_token_would_have_expired(client: Client) -> None:
    revocations = Revocations(client)
    await revocations.revoke_token("t", until=time.time() + 60)
    assert 0 < await client.ttl("windsock:{revoked}:token:t") <= 61


async def test_more_than_one_question_takes_are_looked_up(client: Client) -> None:
    revocations = Revocations(client)
    await revocations.revoke_token("t1200")
    bearers = [Identity("u", token_id=f"t{number}") for number in range(1_201)]
    found = await revocations.revoked(bearers)
    assert (len(found), found.index(True), sum(found)) == (1_201, 1_200, 1)
    assert await revocations.revoked([]) == []


async def test_nobody_is_revoked_by_an_empty_name(client: Client) -> None:
    revocations = Revocations(client)
    with pytest.raises(BadRequest):
        await revocations.revoke_token("")
    with pytest.raises(BadRequest):
        await revocations.revoke_user("")


@pytest.mark.parametrize("until", [0.0, 1.0, float("inf"), float("nan")])
async def test_a_time_that_is_over_is_refused(client: Client, until: float) -> None:
    with pytest.raises(BadRequest, match="expire_at"):
        await Revocations(client).revoke_token("t", until)
