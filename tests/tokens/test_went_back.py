"""A store that goes back in time: a backup restored, a replica that took over too early."""

from datetime import timedelta

import pytest
from attrs import evolve

from tests.tokens.fakes import APP, USER, TokenWorld
from tiktok_async._tokens.manager import TokenManager
from tiktok_async.errors import AccountNotFound, ReauthorizationRequired
from tiktok_async.models import TokenState

LIFE = timedelta(hours=2)


async def _rotated_then_restored(times: int = 2) -> tuple[TokenWorld, TokenManager]:
    """Return a process that holds the newest pair, over a store with the pair of the login."""
    world = TokenWorld()
    manager = await world.connected()
    backup = await world.stored()
    for _ in range(times):
        await world.clock.advance(timedelta(minutes=1))
        await world.clock.run(manager.refresh("user"))
    # The file of the backup replaces the newer one, with its versions.
    world.memory._apps[APP].tokens["user"] = backup
    return world, manager


@pytest.mark.parametrize("how", ["a call", "a refresh", "a sweep"])
async def test_a_process_that_knows_a_newer_pair_puts_it_back_and_loses_no_login(how: str) -> None:
    world, manager = await _rotated_then_restored()
    await world.clock.advance(LIFE)
    if how == "a call":
        await world.clock.run(manager.token("user"))
    elif how == "a refresh":
        await world.clock.run(manager.refresh("user"))
    else:
        now = world.clock.now()
        assert await world.clock.run(manager.refresh_if_due("user", until=now + LIFE / 2, since=now))
    assert not world.provider.reuses
    assert world.provider.is_live(await world.stored())


async def test_an_older_access_token_that_is_still_valid_does_not_replace_the_newer_one() -> None:
    world, manager = await _rotated_then_restored()
    manager._entries["user"].usable_until = manager._entries["user"].fresh_until = 0.0
    await world.clock.run(manager.token("user"))
    assert not world.provider.reuses
    assert world.provider.is_live(await world.stored())


async def test_an_account_that_another_process_marked_over_the_old_pair_comes_back() -> None:
    world, manager = await _rotated_then_restored()
    old = await world.stored()
    marked = evolve(old, state=TokenState.REAUTHORIZATION_REQUIRED, reason="revoked")
    for _ in range(4):
        marked = await world.store.put(marked, expected_version=None)
    await world.clock.advance(LIFE)
    await world.clock.run(manager.token("user"))
    assert (await world.stored()).state is TokenState.ACTIVE
    assert not world.provider.reuses


async def test_a_login_after_a_restored_backup_wins_over_the_token_of_a_process() -> None:
    world, manager = await _rotated_then_restored(times=4)
    await world.clock.advance(timedelta(minutes=1))
    login = world.provider.login("user")
    stored = await world.store.put(login, expected_version=None)
    assert stored.version < manager._entries["user"].token.version  # type: ignore[union-attr]  # it has one
    await world.clock.advance(LIFE)
    await world.clock.run(manager.token("user"))
    assert world.provider.asked[login.refresh_token.reveal()] == 1
    assert not world.provider.reuses


async def test_a_grant_that_its_user_ended_is_not_stored_again() -> None:
    world, manager = await _rotated_then_restored()
    await world.store.delete(USER)
    await world.clock.advance(LIFE)
    with pytest.raises(AccountNotFound):
        await world.clock.run(manager.token("user"))


async def test_a_revoked_grant_is_marked_once_and_not_refreshed_again() -> None:
    world, manager = await _rotated_then_restored()
    world.provider.revoke("user")
    await world.clock.advance(LIFE)
    for _ in range(3):
        with pytest.raises(ReauthorizationRequired):
            await world.clock.run(manager.token("user"))
        await world.clock.advance(5)
    assert sum(world.provider.asked.values()) == 3  # two that rotated before, and one refusal


async def test_a_worker_whose_clock_is_ahead_does_not_bring_its_old_pair_back() -> None:
    world = TokenWorld()
    manager = await world.connected()
    token = await world.stored()
    # By its wrong clock, this process received its pair an hour from now; another process has rotated it since.
    manager._entries["user"].adopt(
        evolve(token, updated_at=token.updated_at + timedelta(hours=1)), fresh_until=0.0, usable_until=0.0
    )
    other = world.manager()
    await world.clock.run(other.refresh("user"))
    await world.clock.advance(LIFE)
    await world.clock.run(manager.token("user"))
    assert not world.provider.reuses


async def test_a_process_that_knows_only_the_older_pair_names_every_cause_of_the_refusal() -> None:
    world, _ = await _rotated_then_restored()
    await world.clock.advance(LIFE)
    with pytest.raises(ReauthorizationRequired, match=r"ended the grant, or .* lost the newer one \(a failover"):
        await world.clock.run(world.manager().token("user"))
