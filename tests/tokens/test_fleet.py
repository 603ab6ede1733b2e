"""Several processes on one store: one refreshes, the others wait and use its token, also with wrong clocks."""

import asyncio
from datetime import timedelta

from tests.tokens.fakes import TIMEOUT, USER, TokenWorld
from tiktok_async._tokens.manager import TokenManager
from tiktok_async.models import Token, TokenRefreshed

LIFE = timedelta(hours=2)


async def _all(*managers: TokenManager) -> list[Token]:
    return list(await asyncio.gather(*(manager.token("user") for manager in managers)))


async def test_a_waiting_worker_uses_the_token_of_the_lease_holder() -> None:
    world = TokenWorld(latency=5.0)
    managers = [await world.connected(), *(world.manager() for _ in range(7))]
    for manager in managers[1:]:
        await manager.token("user")
    await world.clock.advance(LIFE)
    tokens = await world.clock.run(_all(*managers))
    assert {token.access_token.reveal() for token in tokens} == {"act.user.2"}
    assert world.provider.asked == {"rft.user.1": 1}
    assert len(world.told(TokenRefreshed)) == 1


async def test_a_waiting_worker_does_not_fail_while_the_lease_holder_works() -> None:
    world = TokenWorld(latency=600.0)
    managers = [await world.connected(), world.manager()]
    await world.clock.advance(LIFE)
    tokens = await world.clock.run(_all(*managers))
    assert {token.access_token.reveal() for token in tokens} == {"act.user.2"}
    assert world.provider.asked == {"rft.user.1": 1}


async def test_a_waiting_worker_takes_over_when_the_lease_holder_died() -> None:
    world = TokenWorld()
    manager = await world.connected()
    await world.clock.advance(LIFE)
    before = world.clock.monotonic()
    dead = world.store.lease(USER, ttl=3 * TIMEOUT, wait=timedelta(0))
    await dead.__aenter__()  # and never released
    token = await world.clock.run(manager.token("user"))
    assert token.access_token.reveal() == "act.user.2"
    assert 90 <= world.clock.monotonic() - before < 95


async def test_a_holder_that_has_lost_its_lease_sends_no_request() -> None:
    world = TokenWorld()
    manager = await world.connected()
    await world.clock.advance(LIFE)
    stopped = False

    def stop(name: str) -> None:
        # The process is stopped for two minutes between its stored attempt and its request.
        nonlocal stopped
        if name == "put" and not stopped:
            stopped = True
            world.clock._elapsed += 120

    world.store.after = stop
    token = await world.clock.run(manager.token("user"))
    assert world.provider.asked == {"rft.user.1": 1}
    assert token == await world.stored()


async def test_a_holder_that_is_stopped_while_it_asks_does_not_overwrite_its_successor() -> None:
    world = TokenWorld(grace=True)

    async def stopped(token: Token) -> Token:
        answer = world.provider.refresh_now(token)
        await world.clock.sleep(300)
        return answer

    slow = await world.connected(refresh_grant=stopped)
    await world.clock.advance(LIFE)
    asking = asyncio.ensure_future(slow.token("user"))
    await world.clock.settle()

    async def lost() -> bool:
        return False

    world.memory.renew_lease = lambda *_: lost()  # type: ignore[method-assign]  # its renewals stop with it
    adopted = await world.clock.run(world.manager().token("user"))
    assert adopted.access_token.reveal() == "act.user.3"
    await world.clock.run(asking)
    assert world.provider.is_live(await world.stored())
    assert (await slow.token("user")).access_token == adopted.access_token


async def test_a_wall_clock_that_is_set_a_day_ahead_or_back_changes_nothing_for_a_cached_token() -> None:
    for step in (timedelta(days=1), timedelta(days=-1), timedelta(hours=1), timedelta(hours=-1)):
        world = TokenWorld()
        manager = await world.connected()
        token = await manager.token("user")
        world.clock.step_wall_clock(step)
        await world.clock.advance(timedelta(minutes=90))
        assert manager.usable("user") == token
        await world.clock.advance(timedelta(minutes=30))
        assert manager.usable("user") != token, "an expired token must not be used again"
        refreshed = await world.clock.run(manager.token("user"))
        assert refreshed.access_token != token.access_token
        await world.clock.advance(timedelta(minutes=60))
        assert manager.usable("user") == refreshed
        assert world.provider.grants["user"] == 1


async def test_an_expired_token_is_not_used_again_after_reading_the_store() -> None:
    world = TokenWorld()
    manager = await world.connected()
    await world.clock.advance(LIFE + timedelta(minutes=1))
    world.clock.step_wall_clock(timedelta(days=-1))
    assert (await world.clock.run(manager.token("user"))).access_token.reveal() == "act.user.2"


async def test_a_process_whose_clock_is_a_day_behind_does_not_use_a_token_for_a_day_longer() -> None:
    world = TokenWorld()
    await world.connected()
    world.clock.step_wall_clock(timedelta(days=-1))
    late = world.manager()
    await late.token("user")
    await world.clock.advance(LIFE + timedelta(minutes=1))
    assert late.usable("user") is None


async def test_processes_whose_clocks_differ_by_half_a_minute_share_their_tokens() -> None:
    world = TokenWorld()
    ahead = await world.connected()
    world.clock.step_wall_clock(timedelta(seconds=-30))
    behind = world.manager()
    assert (await behind.token("user")).access_token == (await ahead.token("user")).access_token
    await world.clock.advance(LIFE)
    tokens = await world.clock.run(_all(ahead, behind))
    assert len({token.access_token for token in tokens}) == 1
    assert world.provider.asked == {"rft.user.1": 1}
