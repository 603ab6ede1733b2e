"""Tokens are copied from any of the four stores to any other without a loss."""

from collections.abc import AsyncIterator
from itertools import permutations
from pathlib import Path

import pytest

from tests.postgres_server import new_schema
from tiktok_async.abc import TokenStore
from tiktok_async.models import AccountKey, TokenState
from tiktok_async.stores import copy_tokens, open_store
from tiktok_async.testing._store_records import make_token

pytestmark = [pytest.mark.postgres, pytest.mark.redis]

KINDS = ("memory", "sqlite", "redis", "postgres")


@pytest.fixture
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[dict[str, TokenStore]]:
    urls = {
        "memory": "memory://",
        "sqlite": f"sqlite:///{tmp_path}/tokens.db",
        "redis": request.getfixturevalue("redis_url"),
        "postgres": request.getfixturevalue("postgres").url(schema=new_schema()),
    }
    stores = {kind: open_store(url) for kind, url in urls.items()}
    yield stores
    for store in stores.values():
        await store.aclose()


@pytest.mark.parametrize(("source", "target"), list(permutations(KINDS, 2)))
async def test_all_tokens_are_copied_unchanged_and_a_second_copy_takes_newer_ones(
    stores: dict[str, TokenStore], source: str, target: str
) -> None:
    app = new_schema()
    dead = TokenState.REAUTHORIZATION_REQUIRED
    tokens = [make_token(AccountKey(app, f"user-{number}")) for number in range(20)]
    tokens.append(make_token(AccountKey(app, "ключ-鍵-🔑"), state=dead, reason="revoked"))
    stored = [await stores[source].put(token, expected_version=0) for token in tokens]
    assert await copy_tokens(stores[source], stores[target], app) == 21
    assert [await stores[target].get(token.key) for token in stored] == stored
    newer = make_token(tokens[3].key)
    await stores[source].put(newer, expected_version=1)
    assert await copy_tokens(stores[source], stores[target], app) == 1
    arrived = await stores[target].get(newer.key)
    assert arrived is not None
    assert arrived.refresh_token == newer.refresh_token
