"""A Redis store or limiter that was used before a fork belongs to the parent: the child gets an error at once."""

import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.forks import in_child, in_new_loop
from tiktok_async import Limit
from tiktok_async.abc import LimitKey
from tiktok_async.models import AccountKey, Checkpoint
from tiktok_async.stores import RedisCheckpointStore, RedisTokenStore, open_limiter
from tiktok_async.testing._store_records import make_token

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

KEY = AccountKey("app-forked", "one")
MINUTE = timedelta(minutes=1)
LIMIT = Limit(6, MINUTE)
USES: list[Callable[[Any], Awaitable[Any]]] = [
    lambda store: store.get(KEY),
    lambda store: store.get_many([KEY]),
    lambda store: store.put(make_token(KEY), expected_version=None),
    lambda store: store.put_urgent(make_token(KEY), expected_version=None),
    lambda store: store.delete(KEY),
    lambda store: store.acquire_lease(KEY, "child", MINUTE),
    lambda store: store.get_note(KEY, "note"),
    lambda store: anext(store.keys(KEY.client_key)),
]


async def test_a_token_store_of_the_parent_raises_store_error_in_a_forked_child(redis_url: str) -> None:
    store = RedisTokenStore(redis_url)
    stored = await store.put(make_token(KEY), expected_version=None)
    for use in USES:
        result = in_child(lambda use=use: in_new_loop(lambda: use(store)))  # type: ignore[misc]  # a default of a lambda
        assert result.startswith("StoreError")
        assert "was used before this process was forked" in result
    assert in_child(lambda: in_new_loop(store.aclose)) == "None"
    # The parent still uses its connections, which the children did not touch.
    assert await store.get(KEY) == stored
    await store.delete(KEY)
    await store.aclose()


async def test_a_checkpoint_store_of_the_parent_raises_store_error_in_a_forked_child(redis_url: str) -> None:
    store = RedisCheckpointStore(redis_url)
    assert await store.get(KEY) is None
    for use in (
        lambda: store.get(KEY),
        lambda: store.put(Checkpoint(key=KEY, due_at=make_token(KEY).updated_at), expected_version=0),
    ):
        result = in_child(lambda use=use: in_new_loop(use))  # type: ignore[misc]  # a default of a lambda
        assert result.startswith("StoreError")
        assert "forked" in result
    assert await store.get(KEY) is None
    await store.aclose()


async def test_a_store_that_was_made_but_not_used_before_a_fork_works_in_the_child(redis_url: str) -> None:
    store = RedisTokenStore(redis_url)

    async def use() -> object:
        found = await store.get(KEY)
        await store.aclose()
        return found

    assert in_child(lambda: in_new_loop(use)) == "None"
    assert await store.get(KEY) is None
    await store.aclose()


async def test_a_limiter_of_the_parent_raises_store_error_in_a_forked_child(redis_url: str) -> None:
    limiter = open_limiter(redis_url)
    key = LimitKey("app-forked", "/v2/x/", "one")
    (await limiter.acquire(key, LIMIT, max_wait=None)).cancel()
    result = in_child(lambda: in_new_loop(lambda: limiter.acquire(key, LIMIT, max_wait=None)))
    assert result.startswith("StoreError")
    assert "forked" in result
    await limiter.aclose()
