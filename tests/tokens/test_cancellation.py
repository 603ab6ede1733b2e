"""A cancellation at any await loses no rotated token and leaves no lease."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from tests.tokens.fakes import USER, TokenWorld
from tiktok_async._tokens.manager import TokenManager
from tiktok_async._tokens.sweep import refresh_due
from tiktok_async.errors import SessionClosed
from tiktok_async.models import Token, TokenRefreshed

LIFE = timedelta(hours=2)
Call = Callable[[TokenManager], Awaitable[object]]


async def _refused(manager: TokenManager) -> object:
    token = manager._entries["user"].token
    assert token is not None
    return await manager.rejected(token)


CALLS: dict[str, Call] = {
    "token": lambda manager: manager.token("user"),
    "refresh": lambda manager: manager.refresh("user"),
    "rejected": _refused,
}


async def _expired() -> tuple[TokenWorld, TokenManager]:
    world = TokenWorld(latency=0.0)
    manager = await world.connected()
    await world.clock.advance(LIFE)
    return world, manager


def _cancel_later(world: TokenWorld, seconds: float, call: "asyncio.Future[Token]") -> None:
    def cancel() -> None:
        call.cancel()

    world.clock.call_later(seconds, cancel)


async def _check(world: TokenWorld) -> None:
    stored = await world.stored()
    assert world.provider.is_live(stored), "the rotated token was lost"
    assert stored.attempt is None
    assert not world.provider.reuses
    async with world.store.lease(USER, ttl=timedelta(seconds=1), wait=timedelta(0)):
        pass


def starts_tasks_eagerly() -> bool:
    return asyncio.get_running_loop().get_task_factory() is not None


@pytest.mark.parametrize("name", CALLS)
async def test_a_caller_cancelled_at_any_moment_changes_nothing(name: str) -> None:
    moments = 0
    finished = False
    while not finished:
        world, manager = await _expired()
        call = asyncio.ensure_future(CALLS[name](manager))
        for _ in range(moments):
            await asyncio.sleep(0)
        finished = call.done()
        call.cancel()
        await asyncio.wait([call])
        await world.clock.settle()
        # An eager task has begun when it is made.
        assert world.provider.grants["user"] == (1 if moments or starts_tasks_eagerly() else 0)
        await _check(world)
        await world.clock.run(manager.token("user"))
        assert world.provider.grants["user"] == 1
        await manager.aclose()
        moments += 1
    assert moments > 5


@pytest.mark.parametrize("step", ["lease", "get", "put"])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_caller_cancelled_during_any_store_call_changes_nothing(step: str, when: str) -> None:
    for number in range(1, 4):
        world, manager = await _expired()
        call = asyncio.ensure_future(manager.token("user"))
        seen = 0

        def cancel(name: str, call: "asyncio.Future[Token]" = call, number: int = number) -> None:
            nonlocal seen
            seen += name == step
            if name == step and seen == number:
                call.cancel()

        setattr(world.store, when, cancel)
        await asyncio.wait([call])
        await world.clock.settle()
        await _check(world)
        assert world.provider.grants["user"] == 1
        await manager.aclose()


async def test_a_session_closed_at_any_moment_of_a_refresh_loses_nothing() -> None:
    moments = 0
    finished = False
    while not finished:
        world, manager = await _expired()
        call = asyncio.ensure_future(manager.token("user"))
        for _ in range(moments):
            await asyncio.sleep(0)
        finished = call.done()
        await manager.aclose()
        await asyncio.wait([call])
        if not call.cancelled() and call.exception() is not None:
            assert isinstance(call.exception(), SessionClosed)
        await _check(world)
        reported = sum(isinstance(event, TokenRefreshed) for event in world.events)
        assert reported == world.provider.grants["user"], "a rotation was made and not reported"
        assert len(asyncio.all_tasks()) == 1
        moments += 1
    assert moments > 5


async def test_a_login_cancelled_at_any_moment_is_stored() -> None:
    for moments in range(1, 6):
        world = TokenWorld()
        manager = world.manager()
        login = world.provider.login("user")
        call = asyncio.ensure_future(manager.save_login(login))
        for _ in range(moments):
            await asyncio.sleep(0)
        call.cancel()
        await asyncio.wait([call])
        await world.clock.settle()
        assert (await world.stored()).access_token == login.access_token


async def test_a_deletion_that_is_cancelled_at_any_moment_is_completed() -> None:
    revoked = 0

    async def revoke(_: Token) -> None:
        nonlocal revoked
        await asyncio.sleep(0)
        revoked += 1

    for moments in range(1, 12):
        world = TokenWorld()
        manager = await world.connected()
        call = asyncio.ensure_future(manager.forget("user", revoke))
        for _ in range(moments):
            await asyncio.sleep(0)
        call.cancel()
        await asyncio.wait([call])
        await world.clock.settle()
        assert await world.store.get(USER) is None
    assert revoked == 11


async def test_a_sweep_cancelled_at_any_moment_loses_nothing() -> None:
    for moments in range(40):
        world, manager = await _expired()
        call = asyncio.ensure_future(refresh_due(manager, timedelta(days=1)))
        for _ in range(moments):
            await asyncio.sleep(0)
        call.cancel()
        await asyncio.wait([call])
        await world.clock.settle()
        await _check(world)


async def test_callers_cancelled_at_random_never_lose_a_token() -> None:
    rng = random.Random(7)
    cancelled = 0
    for _ in range(150):
        world = TokenWorld(latency=rng.random())
        manager = await world.connected()
        await world.clock.advance(LIFE)
        calls = [asyncio.ensure_future(manager.token("user")) for _ in range(10)]
        for call in calls:
            if rng.random() < 0.7:
                _cancel_later(world, rng.random() * 3, call)
        await world.clock.advance(5)
        results = await asyncio.gather(*calls, return_exceptions=True)
        cancelled += sum(isinstance(result, asyncio.CancelledError) for result in results)
        assert world.provider.grants["user"] == 1
        await _check(world)
        await manager.aclose()
    assert cancelled > 200
