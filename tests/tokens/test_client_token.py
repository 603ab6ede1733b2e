"""The client token of the app: shared, replaced early, never requested twice at once."""

import asyncio
from datetime import timedelta

import pytest

from tests.tokens.fakes import TokenWorld
from tiktok_async.errors import ServerError, SessionClosed

LIFE = timedelta(hours=2)


async def test_five_hundred_callers_share_one_request_for_a_client_token() -> None:
    world = TokenWorld()
    manager = world.manager()
    assert manager.client.usable() is None

    async def storm() -> int:
        return len(
            {token.access_token for token in await asyncio.gather(*(manager.client.token() for _ in range(500)))}
        )

    assert await world.clock.run(storm()) == 1
    assert world.provider.client_grants == 1
    assert manager.client.usable() is not None


async def test_a_stale_client_token_is_replaced_in_the_background() -> None:
    world = TokenWorld()
    manager = world.manager()
    await world.clock.run(manager.client.token())
    await world.clock.advance(LIFE - timedelta(minutes=5))
    for _ in range(100):
        assert manager.client.usable() is not None
    await world.clock.advance(1)
    assert world.provider.client_grants == 2
    refreshed = manager.client.usable()
    assert refreshed is not None
    assert refreshed.access_token.reveal() == "clt.2"


async def test_an_expired_client_token_is_not_used() -> None:
    world = TokenWorld()
    manager = world.manager()
    await world.clock.run(manager.client.token())
    await world.clock.advance(LIFE)
    assert manager.client.usable() is None
    assert (await world.clock.run(manager.client.token())).access_token.reveal() == "clt.2"


async def test_a_failed_mint_is_not_repeated_at_once() -> None:
    world = TokenWorld()
    manager = world.manager()
    world.provider.faults = [(False, ServerError("internal_error", status=500))]
    for _ in range(5):
        with pytest.raises(ServerError):
            await world.clock.run(manager.client.token())
    assert world.provider.client_grants == 1
    await world.clock.advance(5)
    assert (await world.clock.run(manager.client.token())).access_token.reveal() == "clt.2"


async def test_a_refused_client_token_is_replaced_once() -> None:
    world = TokenWorld()
    manager = world.manager()
    first = await world.clock.run(manager.client.token())

    async def storm() -> set[str]:
        tokens = await asyncio.gather(*(manager.client.rejected(first) for _ in range(50)))
        return {token.access_token.reveal() for token in tokens}

    assert await world.clock.run(storm()) == {"clt.2"}
    second = manager.client.usable()
    assert second is not None
    assert await manager.client.rejected(second) == second
    assert world.provider.client_grants == 2


async def test_a_cancelled_caller_does_not_stop_the_mint() -> None:
    world = TokenWorld()
    manager = world.manager()
    calls = [asyncio.ensure_future(manager.client.token()) for _ in range(3)]
    await world.clock.settle()
    calls[0].cancel()
    await world.clock.advance(1)
    assert await calls[1] == await calls[2]
    assert world.provider.client_grants == 1


async def test_closing_ends_a_mint() -> None:
    world = TokenWorld(latency=60.0)
    manager = world.manager()
    call = asyncio.ensure_future(manager.client.token())
    await world.clock.settle()
    await manager.aclose()
    with pytest.raises(SessionClosed):
        await call
