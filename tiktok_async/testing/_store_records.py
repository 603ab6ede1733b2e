# ruff: noqa: S101, PLR2004 - a test class is made of assertions and literal expectations
"""What any token store must do with records: keep them whole, compare and set, list them in order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import uuid4

import pytest
from attrs import evolve

from tiktok_async.abc import TokenStore
from tiktok_async.errors import StoreError, TokenConflict
from tiktok_async.models import AccountKey, RefreshAttempt, Secret, Token, TokenState

# Ids that have broken stores before: separators of keys, patterns, quotes, long names, letters beyond ASCII.
ODD_IDS = (
    "a" * 300,
    "ключ-鍵-🔑",
    "with:colons:{braces}:and%percent",
    "*?[a-z]",
    "quote'\"`; DROP TABLE tokens; --",
    "two\nlines and a space",
    "../../etc/passwd",
)


def make_token(key: AccountKey, **changes: Any) -> Token:  # noqa: ANN401 - any field of a Token
    """Return an active token of *key* that ends in two hours, with *changes* to its fields."""
    now = datetime.now(UTC)
    token = Token(
        key=key,
        access_token=Secret(f"act.{uuid4().hex}!4521.va"),
        refresh_token=Secret(f"rft.{uuid4().hex}!4523.va"),
        scopes={"user.info.basic", "video.list"},
        expires_at=now + timedelta(hours=2),
        refresh_expires_at=now + timedelta(days=180),
        updated_at=now,
    )
    return evolve(token, **changes)


async def open_ids(keys: AsyncIterator[AccountKey]) -> list[str]:
    """Return the open_ids of a listing, in its order."""
    return [key.open_id async for key in keys]


class StoreRecords:
    """The part of `TokenStoreContract` about records."""

    @pytest.fixture
    def app(self) -> str:
        """A client_key of its own for each test, so that tests can share a store."""
        return f"app-{uuid4().hex}"

    async def test_an_account_that_was_never_stored_is_none(self, store: TokenStore, app: str) -> None:
        assert await store.get(AccountKey(app, "nobody")) is None

    async def test_a_token_comes_back_as_it_was_stored(self, store: TokenStore, app: str) -> None:
        token = make_token(AccountKey(app, "one"), expires_at=datetime(2031, 2, 3, 4, 5, 6, 789012, tzinfo=UTC))
        stored = await store.put(token, expected_version=0)
        assert stored == evolve(token, version=1)
        assert await store.get(token.key) == stored

    async def test_state_reason_and_attempt_are_kept_and_can_be_taken_back(self, store: TokenStore, app: str) -> None:
        now = datetime.now(UTC)
        attempt = RefreshAttempt(fingerprint="0123456789abcdef", at=now, replayed=True, owner="lease-1")
        token = make_token(
            AccountKey(app, "one"), state=TokenState.REAUTHORIZATION_REQUIRED, reason="widerrufen ✗", attempt=attempt
        )
        marked = await store.put(token, expected_version=None)
        assert await store.get(token.key) == marked == evolve(token, version=1)
        healed = await store.put(
            evolve(token, state=TokenState.ACTIVE, reason=None, attempt=None), expected_version=marked.version
        )
        assert await store.get(token.key) == healed
        assert await open_ids(store.expiring(app, now + timedelta(days=1))) == ["one"]

    async def test_versions_rise_by_one_whatever_version_the_token_says(self, store: TokenStore, app: str) -> None:
        token = make_token(AccountKey(app, "one"), version=77)
        for version in range(5):
            stored = await store.put(token, expected_version=version)
            assert stored.version == version + 1
        assert (await store.put(token, expected_version=None)).version == 6

    @pytest.mark.parametrize(("stored", "expected"), [(0, 1), (0, 5), (1, 0), (2, 1), (2, 3)])
    async def test_a_put_that_expects_another_version_changes_nothing(
        self, store: TokenStore, app: str, stored: int, expected: int
    ) -> None:
        key = AccountKey(app, "one")
        for _ in range(stored):
            await store.put(make_token(key), expected_version=None)
        before = await store.get(key)
        with pytest.raises(TokenConflict) as caught:
            await store.put(make_token(key), expected_version=expected)
        assert caught.value.open_id == "one"
        assert caught.value.expected_version == (expected or None)
        assert caught.value.actual_version == (stored or None)
        assert await store.get(key) == before

    async def test_of_fifty_puts_with_one_expectation_exactly_one_wins(self, store: TokenStore, app: str) -> None:
        key = AccountKey(app, "one")
        results = await asyncio.gather(
            *(store.put(make_token(key), expected_version=0) for _ in range(50)), return_exceptions=True
        )
        won = [result for result in results if isinstance(result, Token)]
        assert len(won) == 1
        assert sum(isinstance(result, TokenConflict) for result in results) == 49
        assert await store.get(key) == won[0]

    async def test_fifty_tasks_that_count_by_compare_and_set_lose_no_step(self, store: TokenStore, app: str) -> None:
        key = AccountKey(app, "one")
        token = await store.put(make_token(key), expected_version=0)

        async def count() -> None:
            while True:
                seen = await store.get(key)
                assert seen is not None
                try:
                    await store.put(token, expected_version=seen.version)
                except TokenConflict:
                    continue
                return

        await asyncio.gather(*(count() for _ in range(50)))
        assert cast("Token", await store.get(key)).version == 51

    async def test_delete_forgets_once_and_a_new_record_begins_at_one(self, store: TokenStore, app: str) -> None:
        token = await store.put(make_token(AccountKey(app, "one")), expected_version=0)
        assert await store.delete(token.key) is True
        assert await store.delete(token.key) is False
        assert await store.get(token.key) is None
        assert await open_ids(store.keys(app)) == []
        assert await open_ids(store.expiring(app, token.expires_at + timedelta(days=1))) == []
        assert (await store.put(token, expected_version=0)).version == 1

    async def test_a_hundred_apps_in_one_store_never_see_each_other(self, store: TokenStore, app: str) -> None:
        tokens = [make_token(AccountKey(f"{app}-{n}", "same")) for n in range(100)]
        stored = await asyncio.gather(*(store.put(token, expected_version=0) for token in tokens))
        assert await store.delete(tokens[7].key) is True
        for number, token in enumerate(stored):
            assert await store.get(token.key) == (None if number == 7 else token)
            assert await open_ids(store.keys(token.key.client_key)) == ([] if number == 7 else ["same"])

    async def test_long_and_odd_ids_stay_apart(self, store: TokenStore, app: str) -> None:
        stored = [
            await store.put(make_token(AccountKey(f"{app}{client}", open_id)), expected_version=0)
            for client in ODD_IDS
            for open_id in ODD_IDS
        ]
        for token in stored:
            assert await store.get(token.key) == token
        for client in ODD_IDS:
            assert sorted(await open_ids(store.keys(f"{app}{client}"))) == sorted(ODD_IDS)

    async def test_keys_yields_each_account_once_and_dead_ones_too(self, store: TokenStore, app: str) -> None:
        dead = TokenState.REAUTHORIZATION_REQUIRED
        keys = [AccountKey(app, f"user-{n:04}") for n in range(450)]
        await asyncio.gather(
            *(
                store.put(make_token(key, state=dead if n % 3 == 0 else TokenState.ACTIVE), expected_version=0)
                for n, key in enumerate(keys)
            )
        )
        assert sorted(await open_ids(store.keys(app))) == [key.open_id for key in keys]

    async def test_a_listing_goes_on_while_others_write(self, store: TokenStore, app: str) -> None:
        now = datetime.now(UTC)

        def token(name: str, minutes: int) -> Token:
            return make_token(AccountKey(app, name), expires_at=now + timedelta(minutes=minutes))

        await asyncio.gather(*(store.put(token(f"stays-{n:04}", n), expected_version=0) for n in range(450)))
        for listing in (store.keys(app), store.expiring(app, now + timedelta(days=1))):
            seen: list[str] = []
            async for key in listing:
                seen.append(key.open_id)
                if len(seen) % 50 == 0:
                    await store.put(token(f"comes-{len(seen)}", len(seen)), expected_version=None)
                    await store.delete(AccountKey(app, f"comes-{len(seen) - 50}"))
            assert sorted(name for name in seen if name.startswith("stays")) == [f"stays-{n:04}" for n in range(450)]

    async def test_expiring_yields_the_soonest_first_and_nothing_that_ends_later(
        self, store: TokenStore, app: str
    ) -> None:
        now = datetime.now(UTC)
        order = [(n * 37) % 301 for n in range(301)]
        await asyncio.gather(
            *(
                store.put(
                    make_token(AccountKey(app, f"user-{n:03}"), expires_at=now + timedelta(seconds=n)),
                    expected_version=0,
                )
                for n in order
            )
        )
        assert await open_ids(store.expiring(app, now + timedelta(seconds=250))) == [f"user-{n:03}" for n in range(250)]
        assert await open_ids(store.expiring(app, now)) == []

    async def test_expiring_leaves_out_accounts_that_need_a_new_login(self, store: TokenStore, app: str) -> None:
        token = await store.put(make_token(AccountKey(app, "one")), expected_version=0)
        await store.put(make_token(AccountKey(app, "two")), expected_version=0)
        await store.put(evolve(token, state=TokenState.REAUTHORIZATION_REQUIRED, reason="revoked"), expected_version=1)
        assert await open_ids(store.expiring(app, token.expires_at + timedelta(days=1))) == ["two"]

    async def test_expiring_follows_a_token_that_was_renewed(self, store: TokenStore, app: str) -> None:
        now = datetime.now(UTC)
        token = await store.put(make_token(AccountKey(app, "one"), expires_at=now), expected_version=0)
        await store.put(evolve(token, expires_at=now + timedelta(hours=2)), expected_version=1)
        assert await open_ids(store.expiring(app, now + timedelta(hours=1))) == []
        assert await open_ids(store.expiring(app, now + timedelta(hours=3))) == ["one"]

    async def test_accounts_that_end_at_the_same_instant_are_all_seen(self, store: TokenStore, app: str) -> None:
        end = datetime.now(UTC) + timedelta(hours=1)
        names = [f"user-{n:04}" for n in range(450)]
        await asyncio.gather(
            *(store.put(make_token(AccountKey(app, name), expires_at=end), expected_version=0) for name in names)
        )
        assert sorted(await open_ids(store.expiring(app, end + timedelta(seconds=1)))) == names
        assert await open_ids(store.expiring(app, end)) == []

    async def test_a_listing_that_is_left_early_holds_nothing(self, store: TokenStore, app: str) -> None:
        for n in range(3):
            await store.put(make_token(AccountKey(app, f"user-{n}")), expected_version=0)
        for listing in (store.keys(app), store.expiring(app, datetime.now(UTC) + timedelta(days=1))):
            async with aclosing(cast("Any", listing)):
                async for key in listing:
                    await store.put(make_token(key), expected_version=None)
                    break
        assert len(await open_ids(store.keys(app))) == 3

    async def test_a_naive_time_is_refused(self, store: TokenStore, app: str) -> None:
        with pytest.raises(ValueError, match="timezone-aware"):
            await open_ids(store.expiring(app, datetime(2031, 1, 1)))  # noqa: DTZ001 - the test needs a naive time

    async def test_neither_repr_nor_an_error_shows_a_secret(self, store: TokenStore, app: str) -> None:
        token = make_token(AccountKey(app, "one"), access_token=Secret("act.canary1"))
        stored = await store.put(token, expected_version=0)
        with pytest.raises(StoreError) as caught:
            await store.put(token, expected_version=9)
        shown = f"{store!r} {store} {stored!r} {caught.value!r} {caught.value}"
        assert "canary1" not in shown
        assert token.refresh_token.reveal() not in shown

    async def test_a_caller_that_is_cancelled_leaves_the_store_in_order(self, store: TokenStore, app: str) -> None:
        key = AccountKey(app, "one")
        for turns in range(12):
            for work in (store.get(key), store.put(make_token(key), expected_version=None), store.delete(key)):
                task = asyncio.ensure_future(work)
                for _ in range(turns):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.wait({task})
        stored = await store.put(make_token(key), expected_version=None)
        assert await store.get(key) == stored

    async def test_two_handles_share_records_whatever_their_clocks_say(
        self, store: TokenStore, other_store: TokenStore, app: str
    ) -> None:
        token = await store.put(make_token(AccountKey(app, "one")), expected_version=0)
        assert await other_store.get(token.key) == token
        assert await open_ids(other_store.keys(app)) == ["one"]
        assert await open_ids(other_store.expiring(app, token.expires_at + timedelta(seconds=1))) == ["one"]
        newer = await other_store.put(token, expected_version=1)
        with pytest.raises(TokenConflict):
            await store.put(token, expected_version=1)
        assert await store.get(token.key) == newer

    async def test_closing_twice_is_harmless(self, store: TokenStore, app: str) -> None:
        await store.get(AccountKey(app, "one"))
        await store.aclose()
        await store.aclose()
