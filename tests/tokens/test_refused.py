"""Revoked grants, missing answers, and processes that died during a rotation."""

import asyncio
from datetime import timedelta

import pytest

from tests.tokens.fakes import TIMEOUT, USER, TokenWorld
from tiktok_async.errors import OAuthError, ReauthorizationRequired, ServerError, StoreError, TransportError
from tiktok_async.models import (
    ReauthorizationNeeded,
    RefreshAttempt,
    Token,
    TokenRefreshFailed,
    TokenState,
    fingerprint,
)

LIFE = timedelta(hours=2)
LOST = TransportError("the connection was reset", sent=True)


async def test_a_revoked_grant_is_marked_and_reported_once_and_not_refreshed_again() -> None:
    world = TokenWorld()
    manager = await world.connected()
    world.provider.revoke("user")
    await world.clock.advance(LIFE)
    for _ in range(20):
        with pytest.raises(ReauthorizationRequired) as caught:
            await world.clock.run(manager.token("user"))
        assert caught.value.reason == "revoked"
        await world.clock.advance(1)
    assert world.provider.asked == {"rft.user.1": 1}
    stored = await world.stored()
    assert stored.state is TokenState.REAUTHORIZATION_REQUIRED
    assert stored.reason == "revoked"
    # A store that lost the newest token (a failover, a backup) looks the same; the reason is the likeliest one.
    assert len(world.told(ReauthorizationNeeded)) == 1
    with pytest.raises(ReauthorizationRequired):
        await world.manager().token("user")
    assert len(world.told(ReauthorizationNeeded)) == 1


async def test_a_revoked_grant_that_is_found_in_the_background_stops_the_account() -> None:
    world = TokenWorld()
    manager = await world.connected()
    world.provider.revoke("user")
    await world.clock.advance(LIFE - timedelta(minutes=5))
    assert manager.usable("user") is not None
    await world.clock.advance(1)
    assert manager.usable("user") is None
    with pytest.raises(ReauthorizationRequired):
        await manager.token("user")


async def test_a_refresh_token_after_its_end_is_reported_as_expired() -> None:
    world = TokenWorld()
    manager = await world.connected()
    world.provider.revoke("user")
    await world.clock.advance(timedelta(days=181))
    with pytest.raises(ReauthorizationRequired) as caught:
        await world.clock.run(manager.token("user"))
    assert caught.value.reason == "expired"


async def test_a_login_in_another_process_is_noticed_within_seconds() -> None:
    world = TokenWorld()
    manager = await world.connected()
    world.provider.revoke("user")
    with pytest.raises(ReauthorizationRequired):
        await world.clock.run(manager.refresh("user"))
    login = await world.manager().save_login(world.provider.login("user"))
    await world.clock.advance(2.1)
    assert await manager.token("user") == login


async def test_a_login_in_the_same_process_is_used_at_once() -> None:
    world = TokenWorld()
    manager = await world.connected()
    world.provider.revoke("user")
    with pytest.raises(ReauthorizationRequired):
        await world.clock.run(manager.refresh("user"))
    login = await manager.save_login(world.provider.login("user"))
    assert manager.usable("user") == login


async def test_invalid_grant_does_not_mark_the_account_when_another_process_has_rotated() -> None:
    world = TokenWorld(latency=1.0)
    manager = await world.connected()
    await world.clock.advance(LIFE)
    waiting = asyncio.ensure_future(manager.token("user"))
    await world.clock.settle()
    # A worker that has lost its lease rotates at the same time as the holder.
    newer = world.provider.refresh_now(await world.stored())
    await world.change(
        access_token=newer.access_token,
        refresh_token=newer.refresh_token,
        expires_at=newer.expires_at,
        updated_at=newer.updated_at,
    )
    assert (await world.clock.run(waiting)).access_token == newer.access_token
    assert (await world.stored()).state is TokenState.ACTIVE
    assert not world.told(ReauthorizationNeeded)


async def test_a_configuration_error_is_raised_and_does_not_mark_the_account() -> None:
    world = TokenWorld()
    manager = await world.connected()
    world.provider.faults = [(False, OAuthError("invalid_client", "Client key or secret is incorrect."))]
    with pytest.raises(OAuthError) as caught:
        await world.clock.run(manager.refresh("user"))
    assert caught.value.error == "invalid_client"
    stored = await world.stored()
    assert stored.state is TokenState.ACTIVE
    assert stored.attempt is None
    assert (await world.clock.run(manager.refresh("user"))).access_token.reveal() == "act.user.2"


async def test_an_unusable_answer_is_followed_by_one_replay() -> None:
    world = TokenWorld()
    manager = await world.connected()
    world.provider.faults = [(False, ServerError("internal_error", status=500))]
    token = await world.clock.run(manager.refresh("user"))
    assert token.access_token.reveal() == "act.user.2"
    assert token.attempt is None


async def test_a_rotation_with_an_unreadable_answer_is_replayed_and_marked() -> None:
    world = TokenWorld()
    manager = await world.connected()
    world.provider.faults = [(True, ServerError("internal_error", status=502))]
    with pytest.raises(ReauthorizationRequired) as caught:
        await world.clock.run(manager.refresh("user"))
    assert caught.value.reason == "interrupted_rotation"
    assert world.provider.asked["rft.user.1"] == 2


async def test_an_outage_of_tiktok_disconnects_no_account() -> None:
    world = TokenWorld()
    manager = await world.connected()
    world.provider.faults = [(False, ServerError("internal_error", status=503))] * 20
    await world.clock.advance(LIFE)
    while world.provider.faults:
        with pytest.raises(ServerError):
            await world.clock.run(manager.token("user"))
        await world.clock.advance(5)
    await world.clock.advance(200)
    assert (await world.clock.run(manager.token("user"))).access_token.reveal() == "act.user.2"
    assert len(world.told(TokenRefreshFailed)) >= 10


async def test_a_missing_answer_is_followed_by_a_replay_after_the_end_of_the_lease() -> None:
    world = TokenWorld()
    manager = await world.connected()
    world.provider.faults = [(False, LOST)]
    await world.clock.advance(LIFE - timedelta(minutes=5))
    began = world.clock.monotonic()
    for _ in range(200):
        token = manager.usable("user")
        assert token is not None, "the account works while its access token lives"
        if world.provider.grants["user"]:
            break
        await world.clock.advance(1)
    assert world.clock.monotonic() - began >= 3 * TIMEOUT.total_seconds()
    assert world.provider.asked == {"rft.user.1": 1}


async def test_a_rotation_whose_answer_was_lost_is_replayed_once_and_then_marked() -> None:
    world = TokenWorld()
    manager = await world.connected()
    world.provider.faults = [(True, LOST)]
    await world.clock.advance(LIFE)
    with pytest.raises(TransportError):
        await world.clock.run(manager.token("user"))
    await world.clock.advance(5)
    with pytest.raises(ReauthorizationRequired) as caught:
        await world.clock.run(manager.token("user"))
    assert caught.value.reason == "interrupted_rotation"
    assert world.provider.asked["rft.user.1"] == 2


async def test_a_server_with_a_grace_period_repeats_a_lost_rotation() -> None:
    world = TokenWorld(grace=True)
    manager = await world.connected()
    world.provider.faults = [(True, LOST)]
    await world.clock.advance(LIFE)
    with pytest.raises(TransportError):
        await world.clock.run(manager.token("user"))
    await world.clock.advance(5)
    assert (await world.clock.run(manager.token("user"))).access_token.reveal() == "act.user.3"


async def test_the_attempt_of_a_dead_process_is_replayed_after_its_lease() -> None:
    world = TokenWorld()
    await world.connected()
    stored = await world.stored()
    await world.clock.advance(LIFE)
    at = world.clock.now()
    await world.change(attempt=RefreshAttempt(fingerprint=fingerprint(stored.refresh_token), at=at))
    token = await world.clock.run(world.manager().token("user"))
    assert token.access_token.reveal() == "act.user.2"
    assert world.clock.now() - at >= 3 * TIMEOUT


async def test_an_attempt_with_another_refresh_token_is_ignored() -> None:
    world = TokenWorld()
    await world.connected()
    await world.clock.advance(LIFE)
    before = world.clock.now()
    await world.change(attempt=RefreshAttempt(fingerprint="of another one", at=before))
    await world.clock.run(world.manager().token("user"))
    assert world.clock.now() - before < timedelta(seconds=5)


async def test_an_attempt_from_a_clock_that_is_far_ahead_is_not_waited_for_longer_than_a_lease() -> None:
    world = TokenWorld()
    await world.connected()
    stored = await world.stored()
    await world.clock.advance(LIFE)
    ahead = world.clock.now() + timedelta(days=1)
    await world.change(attempt=RefreshAttempt(fingerprint=fingerprint(stored.refresh_token), at=ahead))
    before = world.clock.now()
    await world.clock.run(world.manager().token("user"))
    assert world.clock.now() - before < 3 * TIMEOUT + timedelta(seconds=5)


async def test_no_request_is_sent_under_a_lease_that_may_end_before_it() -> None:
    world = TokenWorld()
    left: list[float] = []

    async def grant(token: Token) -> Token:
        left.append(world.memory._leases[USER][1] - world.clock.monotonic())
        return await world.provider.refresh(token)

    manager = await world.connected(refresh_grant=grant)
    await world.clock.advance(LIFE)

    def stop(name: str) -> None:
        # The process is stopped for a while after its stored attempt.
        if name == "put" and not left:
            world.clock._elapsed += 70

    world.store.after = stop
    await world.clock.run(manager.token("user"))
    assert left
    assert min(left) >= TIMEOUT.total_seconds()


async def test_a_refusal_does_not_mark_the_account_while_another_worker_refreshes_it() -> None:
    world = TokenWorld(latency=1.0)
    manager = await world.connected()
    stored = await world.stored()
    world.provider.revoke("user")
    refreshing = asyncio.ensure_future(manager.refresh("user"))
    await world.clock.settle()
    await world.change(attempt=RefreshAttempt(fingerprint=fingerprint(stored.refresh_token), at=world.clock.now()))
    before = world.clock.monotonic()
    with pytest.raises(ReauthorizationRequired) as caught:
        await world.clock.run(refreshing)
    assert world.clock.monotonic() - before >= 3 * TIMEOUT.total_seconds()
    assert caught.value.reason == "interrupted_rotation"


async def test_a_replay_that_did_not_arrive_leaves_the_open_attempt_unchanged() -> None:
    world = TokenWorld()
    manager = await world.connected()
    stored = await world.stored()
    attempt = RefreshAttempt(fingerprint=fingerprint(stored.refresh_token), at=world.clock.now())
    await world.change(attempt=attempt)
    world.provider.faults = [(False, TransportError("no route", sent=False))]
    with pytest.raises(TransportError):
        await world.clock.run(manager.refresh("user"))
    assert (await world.stored()).attempt == attempt


async def test_a_second_attempt_is_stored_as_a_replay() -> None:
    world = TokenWorld()
    attempts: list[RefreshAttempt | None] = []

    async def grant(token: Token) -> Token:
        attempts.append(token.attempt)
        raise LOST

    manager = await world.connected(refresh_grant=grant)
    for _ in range(2):
        with pytest.raises(TransportError):
            await world.clock.run(manager.refresh("user"))
    first, second = attempts
    assert first is not None
    assert second is not None
    assert (first.replayed, second.replayed) == (False, True)
    assert second.at - first.at >= 3 * TIMEOUT


@pytest.mark.parametrize("lost_answer", [False, True])
async def test_a_replay_that_the_store_interrupts_is_still_the_only_one(*, lost_answer: bool) -> None:
    world = TokenWorld()
    manager = await world.connected()
    world.provider.faults = [(True, ServerError("internal_error", status=502))]
    failed = False

    def away(name: str) -> None:
        nonlocal failed
        if name == "put" and world.provider.lost and not failed:
            failed = True
            raise StoreError("the store is away")

    setattr(world.store, "after" if lost_answer else "before", away)
    with pytest.raises(ReauthorizationRequired) as caught:
        await world.clock.run(manager.refresh("user"))
    assert caught.value.reason == "interrupted_rotation"
    assert world.provider.asked["rft.user.1"] == 2
