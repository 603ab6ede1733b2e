"""A rotated token is saved although the store fails, and an error and an event report it if that is impossible."""

import asyncio
from datetime import timedelta

import pytest
from attrs import evolve

from tests.tokens.fakes import USER, TokenWorld, failing
from tiktok_async.errors import StoreError, TokenConflict, TokenNotSaved, TransportError
from tiktok_async.models import TokenRefreshed, TokenRefreshFailed

LIFE = timedelta(hours=2)


class _AfterGrant:
    """Fails a call of the store a given number of times, beginning with the answer of TikTok."""

    def __init__(self, world: TokenWorld, name: str, times: float) -> None:
        self._world = world
        self._name = name
        self.left = times

    def __call__(self, called: str) -> None:
        if called == self._name and self.left > 0 and self._world.provider.grants["user"]:
            self.left -= 1
            raise StoreError("the store is away")


async def test_a_put_is_attempted_four_times() -> None:
    world = TokenWorld()
    manager = await world.connected()
    world.store.before = _AfterGrant(world, "put", 3)
    token = await world.clock.run(manager.refresh("user"))
    assert token == await world.stored()
    assert world.provider.is_live(token)
    assert not world.told(TokenRefreshFailed)


async def test_a_put_whose_answer_was_lost_is_recognised_as_stored() -> None:
    world = TokenWorld()
    manager = await world.connected()
    world.store.after = _AfterGrant(world, "put", 1)
    token = await world.clock.run(manager.refresh("user"))
    assert token == await world.stored()
    assert token.version == 3


async def test_callers_get_the_new_token_while_it_is_being_saved() -> None:
    world = TokenWorld()
    manager = await world.connected()
    await world.clock.advance(LIFE)
    world.store.before = _AfterGrant(world, "put", 5)
    token = await world.clock.run(manager.token("user"))
    assert token.access_token.reveal() == "act.user.2"
    assert (await world.stored()).access_token.reveal() == "act.user.1"
    await world.clock.advance(10)
    assert (await world.stored()).access_token.reveal() == "act.user.2"


async def test_a_store_that_never_accepts_the_token_ends_in_token_not_saved_and_an_event() -> None:
    world = TokenWorld()
    manager = await world.connected()
    world.store.before = _AfterGrant(world, "put", float("inf"))
    with pytest.raises(TokenNotSaved) as caught:
        await world.clock.run(manager.refresh("user"))
    assert caught.value.token is not None
    assert world.provider.is_live(caught.value.token)
    [event] = world.told(TokenRefreshFailed)
    assert event.unsaved
    assert event.open_id == "user"
    # The account still works, with the token in memory.
    assert (await manager.token("user")).access_token == caught.value.token.access_token
    with pytest.raises(TokenNotSaved) as at_exit:
        await world.clock.run(manager.aclose())
    assert at_exit.value.token is not None
    assert world.provider.is_live(at_exit.value.token)


async def test_every_unsaved_token_is_in_the_error_at_the_end() -> None:
    world = TokenWorld()
    manager = await world.connected()
    await manager.save_login(world.provider.login("other"))

    def away(name: str) -> None:
        if name == "put" and sum(world.provider.grants.values()) == 2:
            raise StoreError("the store is away")

    world.store.before = away
    refreshes = [asyncio.ensure_future(manager.refresh(open_id)) for open_id in ("user", "other")]
    await world.clock.settle()
    with pytest.raises(ExceptionGroup) as caught:
        await world.clock.run(manager.aclose())
    errors = [error for error in caught.value.exceptions if isinstance(error, TokenNotSaved)]
    assert sorted(error.open_id for error in errors) == ["other", "user"]
    await asyncio.gather(*refreshes, return_exceptions=True)


async def test_a_store_that_recovers_late_still_gets_the_token() -> None:
    world = TokenWorld()
    manager = await world.connected()
    broken = _AfterGrant(world, "put", float("inf"))
    world.store.before = broken
    with pytest.raises(TokenNotSaved):
        await world.clock.run(manager.refresh("user"))
    broken.left = 0
    await world.clock.advance(10)
    assert (await world.stored()).access_token.reveal() == "act.user.2"
    assert world.told(TokenRefreshed)
    await manager.aclose()


async def test_no_other_worker_uses_the_old_refresh_token_before_the_new_one_is_saved() -> None:
    world = TokenWorld()
    manager = await world.connected()
    other = world.manager()
    broken = _AfterGrant(world, "put", float("inf"))
    world.store.before = broken
    with pytest.raises(TokenNotSaved):
        await world.clock.run(manager.refresh("user"))
    await world.clock.advance(LIFE)
    waiting = asyncio.ensure_future(other.token("user"))
    await world.clock.advance(600)
    assert not waiting.done()
    broken.left = 0
    await world.clock.run(waiting)
    assert not world.provider.reuses


async def test_a_store_that_raises_a_foreign_exception_loses_no_token() -> None:
    world = TokenWorld()
    manager = await world.connected()
    left = 2

    def bug(name: str) -> None:
        nonlocal left
        if name == "put" and left and world.provider.grants["user"]:
            left -= 1
            raise ZeroDivisionError

    world.store.before = bug
    assert await world.clock.run(manager.refresh("user")) == await world.stored()


async def test_an_unsaved_token_that_has_expired_raises_token_not_saved() -> None:
    world = TokenWorld()
    manager = await world.connected()
    world.store.before = _AfterGrant(world, "put", float("inf"))
    with pytest.raises(TokenNotSaved):
        await world.clock.run(manager.refresh("user"))
    await world.clock.advance(LIFE)
    with pytest.raises(TokenNotSaved):
        await manager.token("user")
    with pytest.raises(TokenNotSaved):
        await world.clock.run(manager.aclose())


async def test_a_save_overwrites_a_record_that_only_announces_an_attempt() -> None:
    world = TokenWorld()
    manager = await world.connected()
    refreshing = asyncio.ensure_future(manager.refresh("user"))
    await world.clock.settle()
    await world.change()  # a version more, the same refresh token
    token = await world.clock.run(refreshing)
    assert token == await world.stored()
    assert world.provider.is_live(token)


async def test_a_save_does_not_overwrite_a_login() -> None:
    world = TokenWorld()
    manager = await world.connected()
    other = world.manager()
    refreshing = asyncio.ensure_future(manager.refresh("user"))
    await world.clock.settle()
    login = await other.save_login(evolve(world.provider.login("another-grant"), key=USER))
    assert await world.clock.run(refreshing) == login
    assert await manager.token("user") == login
    assert await world.stored() == login


async def test_a_save_does_not_bring_back_a_deleted_account() -> None:
    world = TokenWorld()
    manager = await world.connected()
    refreshing = asyncio.ensure_future(manager.refresh("user"))
    await world.clock.settle()
    await world.store.delete(USER)
    await asyncio.wait([asyncio.ensure_future(world.clock.run(refreshing))])
    assert await world.store.get(USER) is None
    await manager.aclose()


async def test_a_holder_that_was_stopped_cannot_overwrite_a_newer_token() -> None:
    world = TokenWorld()
    manager = await world.connected()
    stored = await world.stored()
    await world.clock.run(manager.refresh("user"))
    with pytest.raises(TokenConflict):
        await world.store.put(stored, expected_version=stored.version)


async def test_a_refresh_waits_for_a_store_that_is_down_for_a_moment() -> None:
    world = TokenWorld()
    manager = await world.connected()
    await world.clock.advance(LIFE)
    world.store.before = failing("get", 5)
    assert (await world.clock.run(manager.token("user"))).access_token.reveal() == "act.user.2"


async def test_a_store_that_stays_down_raises_an_error_and_nothing_is_sent() -> None:
    world = TokenWorld()
    manager = await world.connected()
    await world.clock.advance(LIFE)
    for name in ("get", "lease", "put"):
        world.store.before = failing(name, 10**6)
        with pytest.raises(StoreError):
            await world.clock.run(manager.token("user"))
        assert not world.provider.asked
        await world.clock.advance(60)
    world.store.before = failing("get", 0)
    assert (await world.clock.run(manager.token("user"))).access_token.reveal() == "act.user.2"
    assert not world.provider.reuses


async def test_a_stored_attempt_whose_answer_was_lost_is_recognised_as_our_own() -> None:
    world = TokenWorld()
    manager = await world.connected()
    world.store.after = failing("put", 1)
    before = world.clock.monotonic()
    await world.clock.run(manager.refresh("user"))
    assert world.clock.monotonic() - before < 5
    assert world.provider.asked == {"rft.user.1": 1}


async def test_a_process_without_the_token_gets_an_error_at_once_if_the_store_is_down() -> None:
    world = TokenWorld()
    manager = world.manager()
    world.store.before = failing("get", 1)
    before = world.clock.monotonic()
    with pytest.raises(StoreError):
        await world.clock.run(manager.token("user"))
    assert world.clock.monotonic() == before


async def test_a_login_that_cannot_be_saved_is_in_the_error() -> None:
    world = TokenWorld()
    manager = world.manager()
    world.store.before = failing("put", 3)
    assert (await world.clock.run(manager.save_login(world.provider.login("user")))).version == 1
    world.store.before = failing("put", 10**6)
    with pytest.raises(TokenNotSaved) as caught:
        await world.clock.run(manager.save_login(world.provider.login("user")))
    assert caught.value.token is not None


async def test_an_attempt_that_did_not_use_the_refresh_token_is_withdrawn() -> None:
    world = TokenWorld()
    manager = await world.connected()
    world.provider.faults = [(False, TransportError("no route", sent=False))]
    with pytest.raises(TransportError):
        await world.clock.run(manager.refresh("user"))
    assert (await world.stored()).attempt is None
