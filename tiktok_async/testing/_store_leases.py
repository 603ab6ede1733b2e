# ruff: noqa: S101, PLR2004 - a test class is made of assertions and literal expectations
"""What any token store must do with leases: one holder at a time, and no holder for ever."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from tiktok_async.abc import Lease, TokenStore
from tiktok_async.errors import LeaseUnavailable, TokenConflict
from tiktok_async.models import AccountKey
from tiktok_async.testing._store_records import make_token

LONG, SHORT, NONE = timedelta(seconds=90), timedelta(milliseconds=150), timedelta(0)


class StoreLeases:
    """The part of `TokenStoreContract` about leases. Tests wait for a `SHORT` one in real time."""

    async def test_a_lease_has_one_holder_and_who_does_not_wait_is_told(self, store: TokenStore, app: str) -> None:
        key = AccountKey(app, "one")
        async with store.lease(key, ttl=LONG, wait=NONE):
            with pytest.raises(LeaseUnavailable) as caught:
                async with store.lease(key, ttl=LONG, wait=NONE):
                    pytest.fail("two holders")
            assert caught.value.open_id == "one"
        async with store.lease(key, ttl=LONG, wait=NONE) as lease:
            assert lease.owner

    async def test_a_loser_waits_and_gets_it_when_the_holder_lets_go(self, store: TokenStore, app: str) -> None:
        key, events = AccountKey(app, "one"), list[str]()

        async def loser() -> None:
            async with store.lease(key, ttl=LONG, wait=LONG):
                events.append("loser")

        async with store.lease(key, ttl=LONG, wait=NONE):
            task = asyncio.ensure_future(loser())
            await asyncio.sleep(0.05)
            events.append("winner")
        await asyncio.wait_for(task, 60)
        assert events == ["winner", "loser"]

    async def test_a_loser_whose_patience_ends_is_told_and_how_long_it_waited(
        self, store: TokenStore, app: str
    ) -> None:
        key = AccountKey(app, "one")
        async with store.lease(key, ttl=LONG, wait=NONE):
            with pytest.raises(LeaseUnavailable) as caught:
                async with store.lease(key, ttl=LONG, wait=SHORT):
                    pytest.fail("two holders")
            assert caught.value.waited >= SHORT

    async def test_accounts_and_apps_have_leases_of_their_own(self, store: TokenStore, app: str) -> None:
        async with AsyncExitStack() as stack:
            for key in (AccountKey(app, "one"), AccountKey(app, "two"), AccountKey(app + "2", "one")):
                await stack.enter_async_context(store.lease(key, ttl=LONG, wait=NONE))

    async def test_fifty_tasks_hold_it_one_after_the_other(self, store: TokenStore, app: str) -> None:
        key, inside, fences = AccountKey(app, "one"), 0, list[int]()

        async def work() -> None:
            nonlocal inside
            async with store.lease(key, ttl=LONG, wait=LONG) as lease:
                inside += 1
                await asyncio.sleep(0)
                assert inside == 1
                fences.append(lease.fence)
                inside -= 1

        await asyncio.wait_for(asyncio.gather(*(work() for _ in range(50))), 60)
        assert fences == sorted(set(fences))
        assert len(fences) == 50

    async def test_a_lease_whose_holder_died_is_taken_over_with_a_higher_fence(
        self, store: TokenStore, app: str
    ) -> None:
        key = AccountKey(app, "one")
        async with (
            store.lease(key, ttl=SHORT, wait=NONE) as dead,  # never released in time
            store.lease(key, ttl=LONG, wait=LONG) as heir,
        ):
            assert heir.fence > dead.fence
            assert heir.owner != dead.owner
            assert await dead.renew(LONG) is False
            assert await heir.renew(LONG) is True

    async def test_letting_go_of_a_lost_lease_does_not_free_the_heirs(self, store: TokenStore, app: str) -> None:
        key = AccountKey(app, "one")
        async with AsyncExitStack() as dead:
            await dead.enter_async_context(store.lease(key, ttl=SHORT, wait=NONE))
            async with store.lease(key, ttl=LONG, wait=LONG):
                await dead.aclose()
                with pytest.raises(LeaseUnavailable):
                    async with store.lease(key, ttl=LONG, wait=NONE):
                        pytest.fail("two holders")

    async def test_a_renewed_lease_outlives_its_first_time(self, store: TokenStore, app: str) -> None:
        key = AccountKey(app, "one")
        # On a busy machine a store may take longer than a short lease lasts. Then the test takes a longer one.
        for ttl in (SHORT, SHORT * 10, SHORT * 100):
            async with store.lease(key, ttl=ttl, wait=NONE) as lease:
                if await lease.renew(LONG):
                    with pytest.raises(LeaseUnavailable):
                        async with store.lease(key, ttl=LONG, wait=ttl * 2):
                            pytest.fail("two holders")
                    return
        pytest.fail("a lease that was held could not be renewed")

    async def test_a_holder_that_lost_its_lease_cannot_overwrite_the_newer_token(
        self, store: TokenStore, app: str
    ) -> None:
        token = await store.put(make_token(AccountKey(app, "one")), expected_version=0)
        async with (
            store.lease(token.key, ttl=SHORT, wait=NONE),
            store.lease(token.key, ttl=LONG, wait=LONG),
        ):
            newer = await store.put(make_token(token.key), expected_version=token.version)
        with pytest.raises(TokenConflict):
            await store.put(make_token(token.key), expected_version=token.version)
        assert await store.get(token.key) == newer

    async def test_a_body_that_fails_lets_go(self, store: TokenStore, app: str) -> None:
        key = AccountKey(app, "one")
        with pytest.raises(ZeroDivisionError):
            async with store.lease(key, ttl=LONG, wait=NONE):
                raise ZeroDivisionError
        async with store.lease(key, ttl=LONG, wait=NONE):
            pass

    async def test_a_holder_that_is_cancelled_lets_go_wherever_it_is(self, store: TokenStore, app: str) -> None:
        key = AccountKey(app, "one")

        async def work() -> None:
            async with store.lease(key, ttl=LONG, wait=NONE):
                await asyncio.sleep(0)

        for turns in range(30):
            task = asyncio.ensure_future(work())
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait({task})
            async with store.lease(key, ttl=LONG, wait=NONE):
                pass

    async def test_a_waiter_that_is_cancelled_leaves_nothing_behind(self, store: TokenStore, app: str) -> None:
        key, got = AccountKey(app, "one"), list[Lease]()

        async def wait() -> None:
            async with store.lease(key, ttl=LONG, wait=LONG) as lease:
                got.append(lease)

        async with store.lease(key, ttl=LONG, wait=NONE):
            waiters = [asyncio.ensure_future(wait()) for _ in range(4)]
            await asyncio.sleep(0.03)
            for waiter in waiters[:3]:
                waiter.cancel()
            await asyncio.wait(waiters[:3])
        await asyncio.wait_for(waiters[3], 60)
        assert len(got) == 1
        async with store.lease(key, ttl=LONG, wait=NONE):
            pass

    async def test_a_ttl_of_nothing_is_refused(self, store: TokenStore, app: str) -> None:
        with pytest.raises(ValueError, match="ttl"):
            async with store.lease(AccountKey(app, "one"), ttl=NONE, wait=NONE):
                pytest.fail("a lease without time")

    async def test_a_lease_of_90_s_holds_between_clocks_that_are_30_s_apart(
        self, store: TokenStore, other_store: TokenStore, app: str
    ) -> None:
        for holder, other, name in ((store, other_store, "one"), (other_store, store, "two")):
            key = AccountKey(app, name)
            async with holder.lease(key, ttl=LONG, wait=NONE):
                with pytest.raises(LeaseUnavailable):
                    async with other.lease(key, ttl=LONG, wait=NONE):
                        pytest.fail("two holders")
            async with other.lease(key, ttl=LONG, wait=NONE):
                pass
