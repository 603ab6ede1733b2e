"""The tables: created by the first process, upgraded, or created by a migration for a role without that right."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tests.postgres_server import PostgresServer, new_schema
from tiktok_async.errors import StoreError
from tiktok_async.models import AccountKey
from tiktok_async.stores import PostgresTokenStore
from tiktok_async.testing._store_records import make_token
from tiktok_async_stores.postgres import schema as schema_module
from tiktok_async_stores.postgres.schema import MIGRATIONS, quote_schema, schema_sql

pytestmark = pytest.mark.postgres

KEY = AccountKey("app", "one")


async def test_ten_processes_that_start_at_once_create_the_tables_once(postgres: PostgresServer) -> None:
    schema = new_schema()
    stores = [PostgresTokenStore(postgres.url(schema=schema, pool_size="1")) for _ in range(10)]
    await asyncio.gather(*(store.put(make_token(KEY), expected_version=None) for store in stores))
    token = await stores[0].get(KEY)
    assert token is not None
    assert token.version == 10
    assert postgres.execute(f"SELECT version FROM {schema}.schema_version") == [(len(MIGRATIONS),)]
    for store in stores:
        await store.aclose()


async def test_ten_processes_that_start_at_once_upgrade_older_tables_once(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = new_schema()
    old = PostgresTokenStore(postgres.url(schema=schema))
    token = await old.put(make_token(KEY), expected_version=0)
    await old.aclose()
    newer = (*MIGRATIONS, "ALTER TABLE {schema}.tokens ADD COLUMN remark text;")
    monkeypatch.setattr(schema_module, "MIGRATIONS", newer)
    stores = [PostgresTokenStore(postgres.url(schema=schema, pool_size="1")) for _ in range(10)]
    assert await asyncio.gather(*(store.get(KEY) for store in stores)) == [token] * 10
    assert postgres.execute(f"SELECT version FROM {schema}.schema_version") == [(len(newer),)]
    for store in stores:
        await store.aclose()
    monkeypatch.undo()
    with pytest.raises(StoreError, match="newer version of this library"):
        await PostgresTokenStore(postgres.url(schema=schema)).get(KEY)


async def test_tables_of_another_program_are_left_unchanged(postgres: PostgresServer) -> None:
    schema = new_schema()
    postgres.execute(f"CREATE SCHEMA {schema}", f"CREATE TABLE {schema}.tokens (thing text)")
    with pytest.raises(StoreError, match="choose another schema"):
        await PostgresTokenStore(postgres.url(schema=schema)).get(KEY)
    assert postgres.execute(f"SELECT count(*) FROM pg_tables WHERE schemaname = '{schema}'") == [(1,)]


async def test_a_role_that_may_only_use_the_tables_uses_those_that_a_migration_made(
    safe_postgres: PostgresServer,
) -> None:
    postgres, schema = safe_postgres, new_schema()
    postgres.execute(f"CREATE ROLE {schema} LOGIN")
    url = f"postgresql://{schema}@127.0.0.1:{postgres.port}/postgres?schema={schema}"
    with pytest.raises(StoreError, match="tiktok-async schema postgres"):
        await PostgresTokenStore(url).get(KEY)
    postgres.execute(
        schema_sql(quote_schema(schema)),
        f"GRANT USAGE ON SCHEMA {schema} TO {schema}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {schema}",
    )
    reported = list[str]()
    store = PostgresTokenStore(url, on_unsafe=lambda finding: reported.append(finding.setting))
    token = await store.put(make_token(KEY), expected_version=0)
    async with store.lease(KEY, ttl=timedelta(seconds=9), wait=timedelta(0)):
        assert await store.get(KEY) == token
    assert reported == []
    await store.aclose()
    postgres.execute(f"REVOKE UPDATE ON {schema}.leases FROM {schema}")
    other = PostgresTokenStore(url, on_unsafe=lambda finding: reported.append(finding.setting))
    assert await other.get(KEY) == token
    assert reported == ["no right to UPDATE on leases"]
    with pytest.raises(StoreError, match="permission denied for table leases"):
        async with other.lease(KEY, ttl=timedelta(seconds=9), wait=timedelta(0)):
            pass
    await other.aclose()


async def test_expiring_tokens_are_found_by_the_index_alone(postgres: PostgresServer) -> None:
    schema = new_schema()
    store = PostgresTokenStore(postgres.url(schema=schema))
    await store.get(KEY)
    postgres.execute(
        f"""INSERT INTO {schema}.tokens SELECT 'app', 'user-' || n, 1, true, now() + n * interval '1 second', 'x'
        FROM generate_series(1, 20000) AS n""",
        f"VACUUM ANALYZE {schema}.tokens",
    )
    soon = datetime.now(UTC) + timedelta(seconds=5000)
    listing = store.expiring("app", soon)
    assert [(await anext(listing)).open_id for _ in range(3)] == ["user-1", "user-2", "user-3"]
    plan = postgres.execute(
        f"""EXPLAIN SELECT expires_at, open_id FROM {schema}.tokens WHERE client_key = 'app' AND active
        AND expires_at < now() + interval '5000 s' AND (expires_at, open_id) > ('0001-01-02+00'::timestamptz, '')
        ORDER BY expires_at, open_id LIMIT 500"""
    )
    text = "\n".join(str(row[0]) for row in plan)
    assert "Index Only Scan using tokens_expiring" in text
    assert "Sort" not in text
    await store.aclose()


async def test_a_refresh_and_a_lease_cost_no_index_entry_where_nothing_indexed_changes(
    postgres: PostgresServer,
) -> None:
    """The two writes of a refresh and the three of a lease must not enlarge the indexes."""
    schema = new_schema()
    store = PostgresTokenStore(postgres.url(schema=schema))
    token = await store.put(make_token(KEY), expected_version=0)
    for _ in range(20):
        async with store.lease(KEY, ttl=timedelta(seconds=9), wait=timedelta(0)):
            token = await store.put(token, expected_version=token.version)
    await store.aclose()
    rows = postgres.execute(
        "SELECT pg_stat_force_next_flush()",
        f"""SELECT sum(n_tup_upd) - sum(n_tup_hot_upd) FROM pg_stat_user_tables
        WHERE schemaname = '{schema}' AND relname IN ('tokens', 'leases') AND n_tup_upd > 0""",
    )
    assert rows == [(0,)]
