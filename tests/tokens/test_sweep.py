"""Sweeps: which accounts are due, which process refreshes them, and that no other account is loaded."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta

import pytest

from tests.tokens.fakes import APP, TIMEOUT, FlakyStore, TokenWorld
from tiktok_async._tokens.manager import TokenManager
from tiktok_async._tokens.sweep import keep_fresh, refresh_due
from tiktok_async.abc import TokenStore
from tiktok_async.errors import ReauthorizationRequired, StoreError, TransportError
from tiktok_async.models import AccountKey, Token, TokenRefreshed

LIFE = timedelta(hours=2)


class _Broken(FlakyStore):
    """A store whose accounts cannot be listed."""

    def __init__(self, inner: TokenStore, error: Exception | None = None) -> None:
        super().__init__(inner)
        self._error = error or StoreError("the store is away")

    async def expiring(self, client_key: str, before: datetime) -> AsyncGenerator[AccountKey]:  # noqa: ARG002 - protocol
        raise self._error
        yield


class _Endless(FlakyStore):
    """Generates accounts on demand; none is stored."""

    given = 0
    most_ahead = 0

    async def expiring(self, client_key: str, before: datetime) -> AsyncGenerator[AccountKey]:  # noqa: ARG002 - protocol
        for number in range(5_000):
            self.given += 1
            self.most_ahead = max(self.most_ahead, self.given - self.calls["get"])
            yield AccountKey(client_key, f"user-{number}")


def _open() -> None:
    """The session is open."""


async def _many(world: TokenWorld, count: int) -> TokenManager:
    manager = world.manager()
    for number in range(count):
        await manager.save_login(world.provider.login(f"user-{number}"))
    return world.manager()


async def test_a_sweep_refreshes_only_due_accounts_and_the_earliest_first() -> None:
    world = TokenWorld()
    manager = world.manager()
    for number in range(10):
        await manager.save_login(world.provider.login(f"user-{number}"))
        await world.clock.advance(timedelta(minutes=10))
    # The first one ends in 20 minutes, the next one in 30, and so on.
    report = await world.clock.run(refresh_due(manager, timedelta(minutes=45), concurrency=1))
    assert (report.refreshed, report.failed, report.skipped, report.failures) == (3, 0, 0, ())
    assert [event.open_id for event in world.told(TokenRefreshed)] == ["user-0", "user-1", "user-2"]
    assert all(event.background for event in world.told(TokenRefreshed))


async def test_a_sweep_far_ahead_refreshes_each_account_once() -> None:
    world = TokenWorld()
    manager = await _many(world, 20)
    report = await world.clock.run(refresh_due(manager, timedelta(days=30)))
    assert report.refreshed == 20
    assert set(world.provider.grants.values()) == {1}


async def test_a_sweep_refreshes_no_more_accounts_at_once_than_its_concurrency() -> None:
    world = TokenWorld()
    now = most = 0

    async def grant(token: Token) -> Token:
        nonlocal now, most
        now += 1
        most = max(most, now)
        answer = await world.provider.refresh(token)
        now -= 1
        return answer

    await _many(world, 30)
    await world.clock.run(refresh_due(world.manager(refresh_grant=grant), timedelta(days=1), concurrency=4))
    assert most == 4


async def test_two_workers_split_the_accounts() -> None:
    world = TokenWorld()
    first, second = await _many(world, 40), world.manager()

    async def both() -> list[int]:
        reports = await asyncio.gather(*(refresh_due(m, timedelta(days=1)) for m in (first, second)))
        return [report.refreshed for report in reports]

    done = await world.clock.run(both())
    assert sum(done) == 40
    assert min(done) > 5
    assert set(world.provider.grants.values()) == {1}
    assert not world.provider.reuses


async def test_an_account_that_another_worker_holds_is_skipped_and_not_waited_for() -> None:
    world = TokenWorld()
    manager = await _many(world, 3)
    async with world.store.lease(AccountKey(APP, "user-1"), ttl=3 * TIMEOUT, wait=timedelta(0)):
        before = world.clock.monotonic()
        report = await world.clock.run(refresh_due(manager, timedelta(days=1)))
        assert world.clock.monotonic() - before < 5
    assert (report.refreshed, report.skipped) == (2, 1)


async def test_a_call_during_a_sweep_still_waits_for_the_other_worker() -> None:
    world = TokenWorld(latency=5.0)
    manager = await _many(world, 1)
    other = world.manager()
    await world.clock.advance(LIFE)
    working = asyncio.ensure_future(other.token("user-0"))
    await world.clock.settle()
    sweeping = asyncio.ensure_future(refresh_due(manager, timedelta(days=1)))
    await asyncio.sleep(0)
    call = asyncio.ensure_future(manager.token("user-0"))
    token = await world.clock.run(call)
    assert token.access_token == (await working).access_token
    await sweeping
    assert world.provider.grants["user-0"] == 1


async def test_failures_are_counted_and_the_first_hundred_are_named() -> None:
    world = TokenWorld()
    manager = await _many(world, 120)
    world.provider.faults = [(False, TransportError("no route", sent=False))] * 119
    report = await world.clock.run(refresh_due(manager, timedelta(days=1)))
    assert (report.refreshed, report.failed) == (1, 119)
    assert len(report.failures) == 100
    open_id, error = report.failures[0]
    assert open_id.startswith("user-")
    assert isinstance(error, TransportError)


async def test_an_account_that_must_log_in_again_fails_once_and_is_left_out_of_later_sweeps() -> None:
    world = TokenWorld()
    manager = await _many(world, 2)
    world.provider.revoke("user-0")
    report = await world.clock.run(refresh_due(manager, timedelta(days=1)))
    assert (report.refreshed, report.failed) == (1, 1)
    assert isinstance(report.failures[0][1], ReauthorizationRequired)
    await world.clock.advance(LIFE)
    assert (await world.clock.run(refresh_due(manager, timedelta(days=1)))).failed == 0


async def test_a_sweep_keeps_no_account_in_memory() -> None:
    world = TokenWorld(latency=0.0)
    endless = _Endless(world.memory)
    manager = world.manager(store=endless)
    report = await world.clock.run(refresh_due(manager, timedelta(days=1), concurrency=8))
    assert report.skipped == 5_000
    assert endless.most_ahead <= 9
    assert not manager._entries


async def test_a_sweep_does_not_change_which_accounts_are_cached() -> None:
    world = TokenWorld()
    manager = await _many(world, 5)
    await manager.token("user-3")
    await world.clock.run(refresh_due(manager, timedelta(days=1)))
    assert list(manager._entries) == ["user-3"]
    assert (await manager.token("user-3")).access_token == (await world.stored("user-3")).access_token


async def test_a_store_that_cannot_be_read_raises_an_error() -> None:
    world = TokenWorld()
    manager = await _many(world, 1)

    manager.store = _Broken(world.store)
    with pytest.raises(StoreError):
        await refresh_due(manager, timedelta(days=1))


async def test_keep_fresh_refreshes_every_token_before_its_end() -> None:
    world = TokenWorld()
    manager = await _many(world, 10)
    async with keep_fresh(manager, timedelta(minutes=5), clock=world.clock, check=_open):
        for _ in range(24):
            await world.clock.advance(timedelta(minutes=15))
            async for key in world.store.keys(APP):
                assert (await world.stored(key.open_id)).expires_at > world.clock.now()
    assert all(3 <= count <= 4 for count in world.provider.grants.values())
    assert not world.provider.reuses


async def test_keep_fresh_continues_after_a_store_was_down_for_a_while() -> None:
    world = TokenWorld()
    manager = await _many(world, 2)
    real = manager.store

    async with keep_fresh(manager, timedelta(minutes=5), clock=world.clock, check=_open):
        manager.store = _Broken(world.store)
        await world.clock.advance(timedelta(minutes=30))
        manager.store = real
        await world.clock.advance(LIFE - timedelta(minutes=30))
    assert sum(world.provider.grants.values()) == 2


async def test_keep_fresh_continues_after_an_exception_of_a_users_own_store() -> None:
    world = TokenWorld()
    manager = await _many(world, 2)
    real = manager.store

    async with keep_fresh(manager, timedelta(minutes=5), clock=world.clock, check=_open):
        manager.store = _Broken(world.store, RuntimeError("the driver has a bug"))
        await world.clock.advance(timedelta(minutes=30))
        manager.store = real
        await world.clock.advance(LIFE - timedelta(minutes=30))
    assert sum(world.provider.grants.values()) == 2


async def test_closing_the_session_stops_the_sweeps_at_once_and_loses_no_token() -> None:
    world = TokenWorld(latency=30.0)
    manager = await _many(world, 1)
    async with keep_fresh(manager, timedelta(hours=3), clock=world.clock, check=_open):
        await world.clock.advance(timedelta(hours=3))
    await world.clock.run(manager.aclose(timedelta(minutes=2)))
    assert world.provider.is_live(await world.stored("user-0"))
