"""One process: fresh, stale and expired tokens, and which calls wait."""

import asyncio
from datetime import timedelta

import pytest

from tests.tokens.fakes import APP, TokenWorld
from tiktok_async.errors import AccessTokenInvalid, AccountNotFound, SessionClosed, TransportError
from tiktok_async.models import Token, TokenRefreshed, TokenRefreshFailed

LIFE = timedelta(hours=2)


async def test_a_fresh_token_is_used_without_reading_the_store() -> None:
    world = TokenWorld()
    manager = await world.connected()
    world.store.calls.clear()
    token = manager.usable("user")
    assert token is not None
    assert await manager.token("user") is token
    assert not world.store.calls


async def test_the_first_call_of_a_process_reads_the_store_once() -> None:
    world = TokenWorld()
    await world.connected()
    other = world.manager()
    world.store.calls.clear()
    assert other.usable("user") is None
    tokens = await asyncio.gather(*(other.token("user") for _ in range(50)))
    assert len({id(token) for token in tokens}) == 1
    assert world.store.calls == {"get": 1}
    assert other.usable("user") is tokens[0]


async def test_five_hundred_calls_on_an_expired_token_make_one_refresh() -> None:
    world = TokenWorld()
    manager = await world.connected()
    await world.clock.advance(LIFE)
    assert manager.usable("user") is None

    async def storm() -> set[str]:
        tokens = await asyncio.gather(*(manager.token("user") for _ in range(500)))
        return {token.access_token.reveal() for token in tokens}

    assert await world.clock.run(storm()) == {"act.user.2"}
    assert world.provider.grants["user"] == 1
    assert (await world.stored()).access_token.reveal() == "act.user.2"
    [event] = world.told(TokenRefreshed)
    assert not event.background
    assert event.version == (await world.stored()).version


async def test_five_hundred_calls_on_a_stale_token_wait_for_nothing_and_make_one_refresh() -> None:
    world = TokenWorld()
    manager = await world.connected()
    await world.clock.advance(LIFE - timedelta(minutes=5))
    for _ in range(500):
        token = manager.usable("user")
        assert token is not None
        assert token.access_token.reveal() == "act.user.1"
    await world.clock.advance(1)
    assert world.provider.grants["user"] == 1
    refreshed = manager.usable("user")
    assert refreshed is not None
    assert refreshed.access_token.reveal() == "act.user.2"
    [event] = world.told(TokenRefreshed)
    assert event.background


async def test_a_token_that_lives_two_seconds_works() -> None:
    world = TokenWorld(life=timedelta(seconds=2), latency=0.01)
    manager = await world.connected()
    for _ in range(100):
        await world.clock.advance(0.25)
        token = manager.usable("user")
        if token is None:
            token = await world.clock.run(manager.token("user"))
        assert token.expires_at > world.clock.now()
    assert 10 <= world.provider.grants["user"] <= 25
    assert not world.provider.reuses


async def test_accounts_of_one_day_become_stale_at_different_times() -> None:
    world = TokenWorld()
    manager = world.manager()
    for number in range(200):
        await manager.save_login(world.provider.login(f"user-{number}"))
    stale_in = {round(entry.fresh_until) for entry in map(manager._entries.__getitem__, manager._entries)}
    assert max(stale_in) - min(stale_in) > 300
    assert all(6000 < seconds <= 6480 for seconds in stale_in)


async def test_a_users_own_refresh_margin_is_used() -> None:
    world = TokenWorld()
    manager = await world.connected(refresh_margin=timedelta(minutes=30))
    await world.clock.advance(LIFE - timedelta(minutes=29))
    assert manager.usable("user") is not None
    await world.clock.advance(1)
    assert world.provider.grants["user"] == 1


async def test_an_unknown_account_raises_an_error_and_is_not_cached() -> None:
    world = TokenWorld()
    manager = world.manager()
    with pytest.raises(AccountNotFound) as caught:
        await manager.token("nobody")
    assert caught.value.open_id == "nobody"
    assert caught.value.client_key == APP
    assert not manager._entries


async def test_a_refused_token_is_replaced_by_what_another_process_stored() -> None:
    world = TokenWorld()
    manager = await world.connected()
    other = world.manager()
    old = await manager.token("user")
    newer = await world.clock.run(other.refresh("user"))
    assert (await world.clock.run(manager.rejected(old))).access_token == newer.access_token
    assert world.provider.grants["user"] == 1


async def test_a_hundred_refusals_of_one_token_make_one_refresh() -> None:
    world = TokenWorld()
    manager = await world.connected()
    old = await manager.token("user")

    async def storm() -> set[str]:
        tokens = await asyncio.gather(*(manager.rejected(old) for _ in range(100)))
        return {token.access_token.reveal() for token in tokens}

    assert await world.clock.run(storm()) == {"act.user.2"}
    assert world.provider.grants["user"] == 1


async def test_repeated_refusals_do_not_make_a_loop() -> None:
    world = TokenWorld()
    manager = await world.connected()
    old = await manager.token("user")
    refreshed = await world.clock.run(manager.rejected(old))
    with pytest.raises(AccessTokenInvalid):
        await manager.rejected(refreshed)
    assert world.provider.grants["user"] == 1
    await world.clock.advance(61)
    assert await world.clock.run(manager.rejected(refreshed)) != refreshed


async def test_callers_that_force_a_refresh_share_one() -> None:
    world = TokenWorld()
    manager = await world.connected()

    async def storm() -> set[str]:
        tokens = await asyncio.gather(*(manager.refresh("user") for _ in range(50)))
        return {token.access_token.reveal() for token in tokens}

    assert await world.clock.run(storm()) == {"act.user.2"}
    await world.clock.run(manager.refresh("user"))
    assert world.provider.grants["user"] == 2


async def test_a_failed_refresh_of_a_stale_token_fails_no_call_and_is_not_repeated_at_once() -> None:
    world = TokenWorld()
    manager = await world.connected()
    world.provider.faults = [(False, TransportError("no route", sent=False))] * 3
    await world.clock.advance(LIFE - timedelta(minutes=5))
    began = world.clock.monotonic()
    while not world.provider.grants["user"]:
        token = manager.usable("user")
        assert token is not None
        await world.clock.advance(0.5)
    assert world.clock.monotonic() - began > 0.75 * (2 + 4 + 8)
    assert len(world.told(TokenRefreshFailed)) == 3
    assert not world.provider.reuses


async def test_a_failed_refresh_of_an_expired_token_is_raised_and_not_repeated_at_once() -> None:
    world = TokenWorld()
    manager = await world.connected()
    world.provider.faults = [(False, TransportError("no route", sent=False))]
    await world.clock.advance(LIFE)

    async def storm() -> list[object]:
        return list(await asyncio.gather(*(manager.token("user") for _ in range(20)), return_exceptions=True))

    assert {type(error) for error in await world.clock.run(storm())} == {TransportError}
    world.store.calls.clear()
    with pytest.raises(TransportError):
        await manager.token("user")
    assert not world.store.calls
    assert world.provider.grants["user"] == 0
    await world.clock.advance(5)
    assert (await world.clock.run(manager.token("user"))).access_token.reveal() == "act.user.2"


async def test_a_new_login_replaces_the_stored_and_the_cached_token() -> None:
    world = TokenWorld()
    manager = await world.connected()
    login = world.provider.login("user")
    stored = await manager.save_login(login)
    assert stored.version == 2
    assert manager.usable("user") == stored


async def test_forgetting_an_account_revokes_and_deletes_its_token() -> None:
    world = TokenWorld()
    manager = await world.connected()
    revoked: list[str] = []

    async def revoke(token: object) -> None:
        revoked.append(str(token))

    assert await manager.forget("user", revoke)
    assert len(revoked) == 1
    assert manager.usable("user") is None
    with pytest.raises(AccountNotFound):
        await manager.token("user")
    assert not await manager.forget("user", revoke)


async def test_forgetting_waits_for_a_refresh_in_flight() -> None:
    world = TokenWorld()
    manager = await world.connected()
    other = world.manager()
    seen: list[bool] = []

    async def revoke(token: object) -> None:
        seen.append(token == await world.stored() and world.provider.is_live(await world.stored()))

    refreshing = asyncio.ensure_future(other.refresh("user"))
    await world.clock.settle()
    assert await world.clock.run(manager.forget("user", revoke))
    await refreshing
    assert seen == [True]


async def test_a_token_that_cannot_be_revoked_stays() -> None:
    world = TokenWorld()
    manager = await world.connected()

    async def revoke(_: Token) -> None:
        raise TransportError("no route", sent=False)

    with pytest.raises(TransportError):
        await manager.forget("user", revoke)
    assert world.provider.is_live(await world.stored())


async def test_closing_lets_a_refresh_in_flight_finish() -> None:
    world = TokenWorld()
    manager = await world.connected()
    refreshing = asyncio.ensure_future(manager.refresh("user"))
    await world.clock.settle()
    await world.clock.run(manager.aclose())
    assert (await refreshing).access_token == (await world.stored()).access_token
    assert world.provider.is_live(await world.stored())


async def test_closing_gives_up_a_refresh_that_takes_longer_than_the_drain() -> None:
    world = TokenWorld(latency=60.0)
    manager = await world.connected()
    refreshing = asyncio.ensure_future(manager.refresh("user"))
    await world.clock.settle()
    before = world.clock.monotonic()
    await world.clock.run(manager.aclose(timedelta(seconds=10)))
    assert world.clock.monotonic() - before == pytest.approx(10)
    with pytest.raises(SessionClosed):
        await refreshing


async def test_closing_does_not_wait_for_callers_that_wait_for_a_lease() -> None:
    world = TokenWorld(latency=5.0)
    manager = await world.connected()
    other = world.manager()
    await world.clock.advance(LIFE)
    working = asyncio.ensure_future(manager.token("user"))
    await world.clock.settle()
    waiting = asyncio.ensure_future(other.token("user"))
    await world.clock.settle()
    before = world.clock.monotonic()
    await world.clock.run(other.aclose())
    assert world.clock.monotonic() == before
    with pytest.raises(SessionClosed):
        await waiting
    await world.clock.run(working)


async def test_a_closed_session_refuses_calls_and_may_be_closed_twice() -> None:
    world = TokenWorld()
    manager = await world.connected()
    token = await manager.token("user")
    await manager.aclose()
    await manager.aclose()
    assert manager.usable("user") is None
    for call in (
        manager.token("user"),
        manager.rejected(token),
        manager.refresh("user"),
        manager.save_login(token),
        manager.forget("user", None),
        manager.client.token(),
    ):
        with pytest.raises(SessionClosed):
            await call


async def test_a_full_cache_evicts_an_account_and_loses_no_token() -> None:
    world = TokenWorld()
    manager = world.manager(room=3)
    saved: list[Token] = []
    for number in range(5):
        saved.append(await manager.save_login(world.provider.login(f"user-{number}")))
        assert len(manager._entries) == min(number + 1, 3)
        assert f"user-{number}" in manager._entries
    assert [await manager.token(token.key.open_id) for token in saved] == saved


async def test_cyclic_calls_for_more_accounts_than_the_cache_holds_still_hit_the_cache() -> None:
    world = TokenWorld()
    manager = world.manager(room=40)
    names = [f"user-{number}" for number in range(50)]
    for name in names:
        await manager.save_login(world.provider.login(name))
    found = 0
    for name in names * 10:
        found += manager.usable(name) is not None
        await manager.token(name)
    # If the oldest or the least recently used one were evicted, the cache would never hit.
    assert found > 200
    assert len(manager._entries) == 40


async def test_an_account_in_use_is_not_evicted() -> None:
    world = TokenWorld()
    manager = world.manager(room=1)
    await manager.save_login(world.provider.login("busy"))
    await world.clock.advance(LIFE)
    waiting = asyncio.ensure_future(manager.token("busy"))
    await asyncio.sleep(0)
    await manager.save_login(world.provider.login("other"))
    assert "busy" in manager._entries
    await world.clock.run(waiting)
    await manager.save_login(world.provider.login("third"))
    assert len(manager._entries) == 1


async def test_a_broken_store_does_not_hang_its_callers() -> None:
    world = TokenWorld()
    manager = await world.connected()
    await world.clock.advance(LIFE)

    def break_down(name: str) -> None:
        raise RuntimeError(name)

    world.store.before = break_down
    with pytest.raises(RuntimeError):
        await world.clock.run(manager.token("user"))
