"""Every account of an app expires at the same instant, and many processes want all of them."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from tests.fleet.fleet import _finish, _start
from tests.postgres_server import new_schema
from tiktok_async.models import AccountKey, Token, TokenState
from tiktok_async.stores import PostgresTokenStore

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.timeout(1800)]


async def tokens_of(store: PostgresTokenStore, settings: dict[str, Any]) -> list[Token]:
    keys = [AccountKey(settings["client_key"], open_id) for open_id in settings["accounts"]]
    return [token for token in await store.get_many(keys) if token is not None]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Connect to the server directly in full length only: PgBouncer leads to the same server."""
    metafunc.parametrize("place", ["postgres", "pgbouncer"] if metafunc.config.getoption("--full") else ["pgbouncer"])


async def test_each_account_is_refreshed_exactly_once(
    request: pytest.FixtureRequest, place: str, *, full: bool
) -> None:
    """32 processes and 10,000 accounts in full length."""
    processes, accounts = (32, 10_000) if full else (3, 60)
    url = request.getfixturevalue(place).url(schema=new_schema(), pool_size="2")
    provider = await _start("provider.py", {"store": url, "life": 7200, "accounts": accounts, "slow": 0})
    assert provider.stdout is not None
    settings: dict[str, Any] = json.loads(await asyncio.wait_for(provider.stdout.readline(), 900))
    store = PostgresTokenStore(url)
    before = await tokens_of(store, settings)
    await store.put_many([(evolve(token, expires_at=token.updated_at), token.version) for token in before])
    worker = {name: settings[name] for name in ("url", "client_key", "client_secret")} | {"store": url, "tasks": 16}
    workers = [await _start("sweeper.py", worker) for _ in range(processes)]
    for process in workers:
        assert process.stdout is not None
        assert await asyncio.wait_for(process.stdout.readline(), 300) == b"ready\n"
    reports = await asyncio.gather(*(process.communicate(b"go\n") for process in workers))
    done = [json.loads(output) for output, _ in reports]
    counted = json.loads(await _finish(provider))
    assert sum(one["failed"] for one in done) == 0
    assert sum(one["refreshed"] for one in done) == accounts
    assert counted["refreshes"] == dict.fromkeys(settings["accounts"], 1)
    assert counted["reuses"] == {}
    after = await tokens_of(store, settings)
    assert len(after) == accounts
    assert all(token.state is TokenState.ACTIVE and token.attempt is None for token in after)
    # One version is the expired token, one the attempt, one its result.
    assert {token.version for token in after} == {4}
    assert all(token.expires_at - token.updated_at > timedelta(hours=1) for token in after)
    await store.aclose()
